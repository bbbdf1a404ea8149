from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Q
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RelatedCheckboxFilter
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelect2Widget

from backoffice.base_admin import DayRangeFilter, HistoryAdmin
from backoffice.table_imports import ImportAdmin
from weblog.admin.actions import WorkflowActions
from weblog.admin.bulk import BulkActions
from weblog.admin.columns import BlogColumns
from weblog.admin.drafts import SCRIPTS
from weblog.admin.filters import AuthorFilter
from weblog.admin.forms import AuthorChoiceField, AuthorsChoiceField, BlogForm
from weblog.admin.hooked_columns import HookedColumns
from weblog.admin.imports import PostImports
from weblog.admin.previews import PreviewPages
from weblog.admin.saving import describe_number, save_form
from weblog.admin.searches import TextSearch
from weblog.admin.widgets import LeadPictureWidget
from weblog.models import Blog, Picture
from weblog.publishing.ownership import is_own_and_live
from weblog.resources import BlogResource

AUTHOR_NAMES = ["author__username", "author__first_name", "author__last_name"]


@admin.register(Blog)
class BlogAdmin(
    PreviewPages,
    TextSearch,
    WorkflowActions,
    BulkActions,
    HookedColumns,
    BlogColumns,
    PostImports,
    ImportAdmin,
    HistoryAdmin,
):
    form = BlogForm
    shows_versions_as_typed = True
    resource_classes = [BlogResource]
    list_display = [
        "title",
        "status_label",
        "category",
        "author_name",
        "length",
        "goes_live",
        "updated_at",
    ]
    list_select_related = ["author", "category"]
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("category", RelatedCheckboxFilter),
        ("author", AuthorFilter),
        ("publish_at", DayRangeFilter),
    ]
    search_fields = ["title", "summary", *AUTHOR_NAMES]
    searched_html = "body"
    search_help_text = "Search titles, texts and authors, “phrases in quotes” too"
    ordering = ["-updated_at"]
    empty_list_text = "There is no blog here yet. Blogs stand here from their first draft on."
    empty_list_step = "Write one: it starts as a draft that only you see."
    autocomplete_fields = ["category"]
    readonly_fields = [
        "status_badge",
        "publish_at",
        "created_at",
        "updated_at",
        "last_step",
        "length",
        "where",
        "article",
    ]
    change_form_before_template = "weblog/admin/blog_version.html"
    change_form_outer_before_template = "weblog/admin/blog_note.html"

    class Media:
        css = {"all": ["weblog/admin.css", "weblog/review.css"]}
        js = SCRIPTS

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def has_change_permission(self, request, obj=None):
        """Return whether the user may change the blog.

        Authors change their own drafts, editors every blog except their own published ones. The
        form refuses an editor's POST for those and keeps the typed text.
        """
        if not super().has_change_permission(request, obj):
            return False
        if obj is None:
            return True
        if request.user.has_perm("weblog.view_all_blogs"):
            return request.method == "POST" or not is_own_and_live(obj, by=request.user)
        return obj.is_entrusted_to(request.user) and obj.status == Blog.Status.DRAFT

    def get_fieldsets(self, request, obj=None):
        may_change = obj is None or self.has_change_permission(request, obj)
        may_see_all = request.user.has_perm("weblog.view_all_blogs")
        content = [
            "title",
            "slug",
            "category",
            *(["author", "co_authors"] if may_see_all else []),
            "summary",
            "body" if may_change else "article",
            "lead_picture",
        ]
        if obj is None:
            return [(None, {"fields": content})]
        status = ("status_badge", "publish_at") if obj.was_published else "status_badge"
        state = [status, ("created_at", "updated_at"), ("length", "where"), "last_step"]
        return [(None, {"fields": state}), (None, {"fields": content})]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"slug": ["title"]}

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        if lead := form.base_fields.get("lead_picture"):
            lead.widget = lead.widget.widget  # less the theme's own links: the dialog adds pictures
        return form

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "author":
            kwargs["form_class"] = AuthorChoiceField
            kwargs["queryset"] = _find_writers(request.user)
            kwargs["widget"] = UnfoldAdminSelect2Widget()
        if db_field.name == "lead_picture":
            kwargs["queryset"] = _find_pictures(request.user)
            kwargs["widget"] = LeadPictureWidget()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs["form_class"] = AuthorsChoiceField
        kwargs["queryset"] = _find_writers(request.user)
        widget = UnfoldAdminSelect2MultipleWidget()
        field = super().formfield_for_manytomany(db_field, request, **kwargs, widget=widget)
        # Unfold (0.110) renders a plain select, and its class admin-autocomplete makes Django query
        # another URL for the choices. Django's help text names keys to hold down.
        field.widget.attrs["class"] = "unfold-admin-autocomplete"
        field.help_text = db_field.help_text
        return field

    def save_model(self, request, obj, form, change):
        """Save once, with one record: text, address, co-authors and the reason of a move."""
        if not change and "author" not in form.fields:
            obj.author = request.user
        request.saved_nothing = change and not form.has_changed()
        save_form(form, by=request.user)
        if form.numbered_from:
            self.message_user(request, describe_number(form.numbered_from, obj), messages.INFO)
        for effect in form.move_effects:
            self.message_user(request, effect, messages.INFO)

    def view_on_site(self, obj):
        return obj.get_absolute_url() if obj.is_live else None


def _find_pictures(user):
    """Return the pictures that a blog of the user may lead with: those that it has already, too."""
    if user.has_perm("weblog.view_all_blogs"):
        return Picture.objects.all()
    has_led = Q(pk__in=Blog.objects.entrusted_to(user).values("lead_picture"))
    return Picture.objects.filter(Q(uploaded_by=user, taken_down_at=None) | has_led)


def _find_writers(user):
    """Return who may write here, and who has written: some have left, some came with an import."""
    may_write = User.objects.with_perm("weblog.add_blog", include_superusers=False)
    has_written = Q(pk__in=Blog.objects.values("author"))
    has_written |= Q(pk__in=Blog.co_authors.through.objects.values("user"))
    is_writer = Q(pk__in=may_write.values("pk")) | has_written | Q(pk=user.pk)
    return User.objects.filter(is_writer).order_by("first_name", "username")
