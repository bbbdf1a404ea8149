from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RelatedCheckboxFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from backoffice.base_admin import DayRangeFilter, ExportAdmin, HistoryAdmin
from weblog.actions import WorkflowActions
from weblog.columns import BlogColumns
from weblog.filters import AuthorFilter
from weblog.forms import AuthorChoiceField, BlogForm
from weblog.models import Blog, Category
from weblog.resources import BlogResource


@admin.register(Category)
class CategoryAdmin(HistoryAdmin):
    list_display = ["name", "slug", "blog_count"]
    search_fields = ["name"]
    search_help_text = "Search by name"
    ordering = ["name"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(blog_count=Count("blogs"))

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"slug": ["name"]}

    @display(description="Blogs", ordering="blog_count")
    def blog_count(self, category):
        url = reverse("admin:weblog_blog_changelist", query={"category__id__exact": category.pk})
        return format_html('<a class="text-link" href="{}">{}</a>', url, category.blog_count)


@admin.register(Blog)
class BlogAdmin(WorkflowActions, BlogColumns, ExportAdmin, HistoryAdmin):
    form = BlogForm
    resource_classes = [BlogResource]
    list_display = ["title", "status_label", "category", "author_name", "goes_live", "updated_at"]
    list_select_related = ["author", "category"]
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("category", RelatedCheckboxFilter),
        ("author", AuthorFilter),
        ("publish_at", DayRangeFilter),
    ]
    search_fields = ["title", "author__username", "author__first_name", "author__last_name"]
    search_help_text = "Search by title or author"
    ordering = ["-updated_at"]
    autocomplete_fields = ["category"]
    readonly_fields = [
        "status_badge",
        "publish_at",
        "created_at",
        "updated_at",
        "last_step",
        "article",
    ]
    change_form_before_template = "weblog/admin/blog_version.html"

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def has_change_permission(self, request, obj=None):
        """Authors change their own drafts, editors every blog."""
        if not super().has_change_permission(request, obj):
            return False
        if obj is None or request.user.has_perm("weblog.view_all_blogs"):
            return True
        return obj.author_id == request.user.pk and obj.status == Blog.Status.DRAFT

    def get_fieldsets(self, request, obj=None):
        may_change = obj is None or self.has_change_permission(request, obj)
        may_see_all = request.user.has_perm("weblog.view_all_blogs")
        content = [
            "title",
            "slug",
            "category",
            *(["author"] if may_see_all else []),
            "summary",
            "body" if may_change else "article",
        ]
        if obj is None:
            return [(None, {"fields": content})]
        status = ("status_badge", "publish_at") if obj.was_published else "status_badge"
        state = [status, ("created_at", "updated_at"), "last_step"]
        return [(None, {"fields": state}), (None, {"fields": content})]

    def get_readonly_fields(self, request, obj=None):
        """Once readers may have the address of a blog it stays."""
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "slug"] if obj and obj.was_published else fields

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"slug": ["title"]}

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        return form

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "author":
            kwargs["form_class"] = AuthorChoiceField
            kwargs["queryset"] = User.objects.filter(is_staff=True).order_by(
                "first_name", "username"
            )
            kwargs["widget"] = UnfoldAdminSelect2Widget()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        if not change and "author" not in form.fields:
            obj.author = request.user
        super().save_model(request, obj, form, change)

    def view_on_site(self, obj):
        return obj.get_absolute_url() if obj.is_live else None
