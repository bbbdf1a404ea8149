from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.defaultfilters import linebreaksbr, pluralize
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    BooleanRadioFilter,
    ChoicesCheckboxFilter,
    RelatedCheckboxFilter,
)
from unfold.decorators import display

from backoffice.accounts import admin as accounts  # noqa: F401
from backoffice.accounts import request_admin  # noqa: F401
from backoffice.accounts.access_forms import (
    AccountForm,
    NewAccountForm,
    RoleForm,
    SetPasswordForm,
)
from backoffice.accounts.anonymise_dialog import AnonymiseAction
from backoffice.accounts.confirming import ConfirmedAdmin, confirmed, confirmed_first
from backoffice.accounts.extract_views import UserExtractView
from backoffice.accounts.factors import list_enrolments
from backoffice.accounts.inviting import InviteAction
from backoffice.accounts.offered import OfferedPermissions
from backoffice.accounts.proposing import LetInAction, ProposingAdmin, explain_own_password
from backoffice.accounts.pseudonyms import was_anonymised
from backoffice.accounts.rights import is_guarded_person
from backoffice.accounts.sessions import list_sessions
from backoffice.accounts.views import UserSessionsView
from backoffice.base_admin import DayRangeFilter, HistoryAdmin, ReadOnlyAdmin
from backoffice.dialogs import DialogActions
from backoffice.mailing import admin as mailing  # noqa: F401
from backoffice.models import JobRun
from backoffice.people import full_name
from backoffice.resources import UserResource
from backoffice.table_imports import ImportAdmin

SIGN_IN, REASON = "Sign-in", "access_reason"
RIGHTS = ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]

admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(
    OfferedPermissions,
    ConfirmedAdmin,
    ProposingAdmin,
    DialogActions,
    LetInAction,
    InviteAction,
    AnonymiseAction,
    auth_admin.UserAdmin,
    ImportAdmin,
    HistoryAdmin,
):
    """Accounts are deactivated, never deleted: history and money point to them.

    Rights and passwords are the superusers' alone. With the permission to change users, others
    keep names and addresses; whoever could set a password could sign in as an approver.
    """

    resource_classes = [UserResource]
    import_note = (
        "A new account has no password, no role and is inactive: give it those in the admin. "
        "Rights and passwords are neither exported nor imported."
    )
    form = AccountForm
    add_form = NewAccountForm
    change_password_form = SetPasswordForm
    list_display = ["show_person", "email", "show_roles", "is_active", "last_login"]
    list_filter = [
        ("groups", RelatedCheckboxFilter),
        ("is_active", BooleanRadioFilter),
        ("is_superuser", BooleanRadioFilter),
    ]
    fieldsets = [
        (None, {"fields": ["username", ("first_name", "last_name"), "email"]}),
        (SIGN_IN, {"fields": ["password", "factors", "sign_ins", "kept"]}),
        ("Roles and rights", {"fields": [*RIGHTS, REASON]}),
        ("Dates", {"fields": [("last_login", "date_joined")]}),
    ]
    search_help_text = "Search by username, name or address"
    empty_list_text = "Whoever may sign in stands here."
    actions_detail = ["invite", "let_in", "anonymise"]
    readonly_fields = ["last_login", "date_joined", "factors", "sign_ins", "kept"]

    @display(description="user", header=True, ordering="username")
    def show_person(self, user):
        name = full_name(user)
        return name, user.get_username(), "".join(word[0] for word in name.split()[:2])

    @display(description="roles", label=True)
    def show_roles(self, user):
        roles = [group.name for group in user.groups.all()]
        return ["Superuser", *roles] if user.is_superuser else roles

    @display(description="Signed in")
    def sign_ins(self, user):
        count = list_sessions(user, at=timezone.now()).count() if user.pk else 0
        if not count:
            return "Nowhere"
        url = reverse("admin:auth_user_sessions", args=[user.pk])
        return format_html(
            '<a class="bo-link" href="{}">{} device{}: see and end</a>',
            url,
            count,
            pluralize(count),
        )

    @display(description="Second factors added")
    def factors(self, user):
        """When, on what and from where each was added: whoever has the first password could."""
        return linebreaksbr("\n".join(list_enrolments(user))) or "None"

    @display(description="Kept about them")
    def kept(self, user):
        if not user.pk:
            return None
        url = reverse("admin:auth_user_extract", args=[user.pk])
        return format_html('<a class="bo-link" href="{}">See and download for them</a>', url)

    def get_urls(self):
        pages = [("sessions", UserSessionsView), ("extract", UserExtractView)]
        return [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(view.as_view(admin_site=self.admin_site)),
                name=f"auth_user_{name}",
            )
            for name, view in pages
        ] + super().get_urls()

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.is_superuser:
            return fieldsets
        # The reason is for another address, where they may propose one.
        hidden = {REASON} if "email" in self.get_readonly_fields(request, obj) else set()
        return [
            (
                title,
                options | {"fields": [name for name in options["fields"] if name not in hidden]},
            )
            for title, options in fieldsets
            if title != SIGN_IN
        ]

    def get_readonly_fields(self, request, obj=None):
        if request.user.is_superuser:
            return self.readonly_fields
        fields = [*self.readonly_fields, *RIGHTS]
        # Whoever could change the address could have the password sent there; another name would
        # keep the person from signing, time and again.
        if obj and obj != request.user and is_guarded_person(obj):
            fields += ["username", "email"]
        return fields

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_import_permission(self, request):
        return request.user.is_superuser

    def has_export_permission(self, request):
        return request.user.is_superuser

    def guard_import(self, view):
        return confirmed_first(view)

    def has_change_permission(self, request, obj=None):
        if obj and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj) and not was_anonymised(obj)

    def user_change_password(self, request, id, form_url=""):
        if not request.user.is_superuser:
            raise PermissionDenied
        user = self.get_object(request, id)
        if user and (refusal := explain_own_password(user, request.user)):
            self.message_user(request, refusal, messages.ERROR)
            return redirect("admin:auth_user_change", user.pk)
        return confirmed(super().user_change_password)(request, id, form_url)


@admin.register(Group)
class GroupAdmin(
    OfferedPermissions, ConfirmedAdmin, ProposingAdmin, auth_admin.GroupAdmin, HistoryAdmin
):
    form = RoleForm
    list_display = ["name"]
    search_help_text = "Search by name"
    empty_list_text = "There is no group yet. A group is the rights of a role."
    empty_list_step = (
        "“Add group” makes one, and “manage.py loaddata fixtures/*groups.json” those of the house."
    )

    def get_fields(self, request, obj=None):
        fields = ["name", "permissions"]
        return [*fields, REASON] if obj and request.user.is_superuser else fields

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = ["name", "show_status", "started_at", "show_duration", "show_last_line"]
    list_filter = [
        ("name", AllValuesCheckboxFilter),
        ("status", ChoicesCheckboxFilter),
        ("started_at", DayRangeFilter),
    ]
    search_fields = ["name", "output"]
    search_help_text = "Search by job, or by what it said"
    fields = ["name", "status", "started_at", "finished_at", "host", "output"]
    empty_list_text = (
        "No job has run yet. Each run of a scheduled job stands here, with what it said. If none "
        "comes, whoever runs the server starts them with “make cron-install”."
    )

    @display(
        description="status",
        ordering="status",
        label={
            JobRun.Status.RUNNING: "info",
            JobRun.Status.SUCCEEDED: "success",
            JobRun.Status.FAILED: "danger",
        },
    )
    def show_status(self, run):
        return run.status, run.get_status_display()

    @display(description="took")
    def show_duration(self, run):
        if run.finished_at is None:
            return None
        seconds = (run.finished_at - run.started_at).total_seconds()
        return f"{seconds:.1f} s" if seconds < 60 else timesince(run.started_at, run.finished_at)

    @display(description="last words")
    def show_last_line(self, run):
        return Truncator(run.output.rpartition("\n")[2]).chars(120)
