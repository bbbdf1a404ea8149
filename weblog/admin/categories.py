from django.contrib import admin
from django.db.models import Count
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin
from backoffice.table_imports import ImportAdmin
from weblog.admin.searches import TextSearch
from weblog.models import Category
from weblog.resources import CategoryResource


@admin.register(Category)
class CategoryAdmin(TextSearch, ImportAdmin, HistoryAdmin):
    resource_classes = [CategoryResource]
    search_fields = ["name"]
    search_help_text = "Search by name"
    ordering = ["name"]
    empty_list_text = (
        "There is no category yet. Each blog is in one, so the first category comes before the "
        "first blog."
    )
    empty_list_step = "“Add category” makes one."

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(blog_count=Count("blogs"))

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"slug": ["name"]}

    def get_list_display(self, request):
        """Count without a link for whom the list of blogs is closed, or holds only their own."""
        sees_all = request.user.has_perms(["weblog.view_blog", "weblog.view_all_blogs"])
        return ["name", "slug", "blog_link" if sees_all else "blog_count"]

    @display(description="Blogs", ordering="blog_count")
    def blog_count(self, category):
        return category.blog_count

    @display(description="Blogs", ordering="blog_count")
    def blog_link(self, category):
        url = reverse("admin:weblog_blog_changelist", query={"category__id__exact": category.pk})
        return format_html('<a class="text-link" href="{}">{}</a>', url, category.blog_count)
