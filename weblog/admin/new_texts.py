from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesCheckboxFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.base_admin import HistoryAdmin
from backoffice.people import full_name
from weblog.admin.columns import LastStep
from weblog.admin.drafts import SCRIPTS
from weblog.admin.guarded_forms import GuardedForm
from weblog.admin.new_text_actions import NewTextActions
from weblog.admin.saving import save_form
from weblog.admin.searches import TextSearch
from weblog.admin.widgets import BodyWidget
from weblog.models import NewText
from weblog.publishing.comparison import compare_texts
from weblog.publishing.new_texts import find_base, find_live_changes
from weblog.texts import TEXT_FIELDS, get_text

Status = NewText.Status
STATUS_COLOURS = {
    "Draft": "",
    "In review": "warning",
    "Scheduled": "info",
    "Published": "success",
    "Withdrawn": "",
}


class NewTextForm(GuardedForm):
    class Meta:
        model = NewText
        fields = list(TEXT_FIELDS)
        widgets = {"summary": UnfoldAdminTextareaWidget({"rows": 3}), "body": BodyWidget}


@admin.register(NewText)
class NewTextAdmin(TextSearch, NewTextActions, LastStep, HistoryAdmin):
    """New texts of published blogs. They begin with a button of the blog."""

    form = NewTextForm
    shows_versions_as_typed = True
    list_display = [
        "title",
        "status_label",
        "author_name",
        "submitted_at",
        "publish_at",
        "updated_at",
    ]
    list_select_related = ["blog__author"]
    list_filter = [("status", ChoicesCheckboxFilter)]
    search_fields = ["title", "summary", "blog__title"]
    searched_html = "body"
    search_help_text = "Search titles and texts, “phrases in quotes” too"
    ordering = ["-updated_at"]
    empty_list_text = (
        "There is no new text. Whoever changes a published blog writes a new text, which waits for "
        "review while readers go on seeing the old one."
    )
    empty_list_step = "Open a published blog and choose “Write a new text”."
    empty_list_right = "weblog.add_newtext"
    readonly_fields = [
        "blog_link",
        "status_label",
        "author_name",
        "created_at",
        "submitted_at",
        "publish_at",
        "approved_by_name",
        "where",
        "last_step",
    ]
    change_form_before_template = "weblog/admin/blog_version.html"
    change_form_outer_before_template = "weblog/admin/new_text_review.html"
    change_form_outer_after_template = "weblog/admin/new_text_draft.html"

    class Media:
        js = SCRIPTS

    def get_queryset(self, request):
        queryset = (
            super()
            .get_queryset(request)
            .select_related("blog__author", "created_by", "approved_by")
        )
        return queryset.visible_to(request.user)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        """Authors change their drafts; publishers change texts in review."""
        if not super().has_change_permission(request, obj):
            return False
        if obj is None:
            return True
        if not obj.is_entrusted_to(request.user):
            return False
        if obj.status == Status.DRAFT:
            return request.user.pk in (obj.blog.author_id, obj.created_by_id)
        return obj.status == Status.IN_REVIEW and request.user.has_perm("weblog.publish_blog")

    def get_fieldsets(self, request, obj=None):
        state = [
            ("blog_link", "status_label"),
            ("author_name", "created_at"),
            ("submitted_at", "where"),
            *([("publish_at", "approved_by_name")] if obj and obj.approved_by else []),
            "last_step",
        ]
        fieldsets = [(None, {"fields": state})]
        if self.has_change_permission(request, obj):
            is_review = obj.status == Status.IN_REVIEW
            title = "Put the text right before you publish it" if is_review else None
            fieldsets.append((title, {"fields": list(TEXT_FIELDS)}))
        return fieldsets

    def save_model(self, request, obj, form, change):
        request.saved_nothing = change and not form.has_changed()
        save_form(form, by=request.user)

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        """Compare with the live text, or a closed text with the text from which it began."""
        if obj:
            base = obj.blog if obj.is_open else find_base(obj) or obj.blog
            context |= {
                "comparison": compare_texts(get_text(base), get_text(obj)),
                "live_changes": find_live_changes(obj) if obj.is_open else [],
                "is_draft": obj.status == Status.DRAFT,
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @display(description="Blog")
    def blog_link(self, new_text):
        url = reverse("admin:weblog_blog_change", args=[new_text.blog_id])
        return format_html('<a class="text-link" href="{}">{}</a>', url, new_text.blog)

    @display(description="Preview")
    def where(self, new_text):
        url = reverse("admin:weblog_newtext_preview", args=[new_text.pk])
        return format_html(
            '<a class="text-link" href="{}" target="_blank">As it will look</a>', url
        )

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, new_text):
        return new_text.get_status_display()

    @display(description="Author", ordering="blog__author__first_name")
    def author_name(self, new_text):
        return new_text.blog.author_name

    @display(description="Approved by")
    def approved_by_name(self, new_text):
        return full_name(new_text.approved_by)
