"""Finance's list and page of payees. All but the last digits of an account stay hidden."""

from django.contrib import admin
from django.db.models import Prefetch, Q
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin, ReadOnlyAdmin
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.people import full_name
from billing.admin.own_payee import COLOURS, STATES, list_rows
from billing.admin.payee_pages import PayeePages
from billing.forms import payees as dialogs
from billing.models import Payee, PayeeAuthor, PayeeDetails
from billing.payees.changes import confirm_payee, link_author, withdraw_changes
from billing.payees.reading import name_now


class StateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("unconfirmed", "To be confirmed"), ("in_force", "In force")]

    def queryset(self, request, queryset):
        if self.value() == "unconfirmed":
            versions = PayeeDetails.objects.unconfirmed().values("payee")
            links = PayeeAuthor.objects.unconfirmed().values("payee")
            return queryset.filter(Q(pk__in=versions) | Q(pk__in=links))
        if self.value() == "in_force":
            versions = PayeeDetails.objects.in_force(timezone.now())
            return queryset.filter(pk__in=versions.values("payee"))
        return queryset


def _find_in_force(payee):
    """Return the version that money goes by now: a later one counts when its time has come."""
    at = timezone.now()
    return next((one for one in payee.standing if one.describe_state(at) == "begun"), None)


@admin.register(Payee)
class PayeeAdmin(PayeePages, DialogActions, HistoryAdmin, ReadOnlyAdmin):
    """Who is paid. Details are entered on a page of their own, and confirmed by a second person."""

    actions_detail = ["confirm", "withdraw", "link"]
    list_display = ["payee_name", "kind_label", "author_names", "account", "state_label"]
    list_filter = [StateFilter, ("kind", ChoicesDropdownFilter)]
    search_fields = [
        "name",
        "versions__legal_name",
        "authors__author__first_name",
        "authors__author__last_name",
        "authors__author__username",
    ]
    search_help_text = "Search by payee or author"
    ordering = ["name", "pk"]
    sortable_by = ["payee_name"]
    fields = readonly_fields = ["name", "kind"]
    empty_list_text = (
        "There is no payee yet. Authors enter their details under their own name, at the bottom "
        "of the menu."
    )
    empty_list_step = "Or you enter them with “Add payee”."
    empty_list_right = "billing.enter_payee"

    class Media:
        css = {"all": ["billing/statement.css"]}

    def get_queryset(self, request):
        links = PayeeAuthor.objects.filter(withdrawn_at=None).select_related("author")
        return (
            super()
            .get_queryset(request)
            .prefetch_related(
                Prefetch("authors", links, to_attr="standing_authors"),
                Prefetch(
                    "versions", PayeeDetails.objects.filter(withdrawn_at=None), to_attr="standing"
                ),
            )
        )

    def get_object(self, request, object_id, from_field=None):
        payee = super().get_object(request, object_id, from_field)
        if payee:
            payee.name = name_now(payee, at=timezone.now())
        return payee

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        payee = object_id and self.get_object(request, object_id)
        if payee:
            at = timezone.now()
            extra_context = (extra_context or {}) | {
                "payee": payee,
                "versions": list_rows(payee, at),
                "links": self.describe_links(payee, at),
                "looks": self.list_looks(payee),
                "may_enter": self.has_enter_permission(request),
                "may_show": self.has_show_permission(request),
            }
        return super().changeform_view(request, object_id, form_url, extra_context)

    def describe_links(self, payee, at):
        links = payee.authors.select_related("author", "entered_by", "confirmed_by")
        states = [(link, link.describe_state(at)) for link in links]
        return [
            {"link": link, "state": STATES[state], "colour": COLOURS.get(state, "")}
            for link, state in states
        ]

    def has_confirm_permission(self, request, object_id=None):
        return request.user.has_perm("billing.confirm_payee")

    def has_enter_permission(self, request, object_id=None):
        return request.user.has_perm("billing.enter_payee")

    def has_show_permission(self, request, object_id=None):
        return request.user.has_perm("billing.show_bank_details")

    @dialog_action(
        description="Confirm",
        icon="verified",
        permissions=["confirm"],
        dialog=dialogs.CONFIRM,
        fits=lambda payee, user: (
            payee.versions.unconfirmed().exists() or payee.authors.unconfirmed().exists()
        ),
    )
    def confirm(self, request, form):
        confirm_payee(
            payee=form.obj,
            by=request.user,
            note=form.cleaned_data["reason"],
            seen=form.cleaned_data["seen"],
        )
        return "The details are confirmed. The page says from when on they are in force."

    @dialog_action(
        description="Take back",
        icon="undo",
        permissions=["enter"],
        dialog=dialogs.WITHDRAW,
        fits=lambda payee, user: (
            payee.versions.coming(timezone.now()).exists()
            or payee.authors.coming(timezone.now()).exists()
        ),
    )
    def withdraw(self, request, form):
        withdraw_changes(payee=form.obj, by=request.user, reason=form.cleaned_data["reason"])
        return "The change is taken back. Money goes where it went before."

    @dialog_action(
        description="Add author",
        icon="person_add",
        permissions=["enter"],
        dialog=dialogs.LINK,
        fits=lambda payee, user: payee.kind == Payee.Kind.AGENT,
    )
    def link(self, request, form):
        link_author(payee=form.obj, author=form.cleaned_data["author"], by=request.user)
        return "The author is entered. A second person has to confirm it."

    @display(description="Who it is")
    def kind_label(self, payee):
        return {"person": "Author", "company": "Own company", "agent": "Agent"}[payee.kind]

    @display(description="Authors")
    def author_names(self, payee):
        names = dict.fromkeys(full_name(link.author) for link in payee.standing_authors)
        return ", ".join(names) or None

    @display(description="Name", ordering="name")
    def payee_name(self, payee):
        details = _find_in_force(payee)
        return details.legal_name if details else payee.name

    @display(description="Account")
    def account(self, payee):
        details = _find_in_force(payee) or next(iter(payee.standing), None)
        return details.account if details else None

    @display(description="State", label=COLOURS)
    def state_label(self, payee):
        at = timezone.now()
        states = {one.describe_state(at) for one in (*payee.standing, *payee.standing_authors)}
        state = next((state for state in STATES if state in states), "")
        return state, STATES[state]
