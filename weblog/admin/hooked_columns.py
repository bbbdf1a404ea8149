from unfold.decorators import display

from weblog.hooks import annotate_blogs, find_blog_columns, list_blog_panels


class HookedColumns:
    """Shows other apps' columns (weblog.hooks) in the list of blogs, and panels on their pages."""

    change_form_outer_after_template = "weblog/admin/blog_panels.html"

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            context["panels"] = list_blog_panels(blog=obj, user=request.user)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def get_queryset(self, request):
        blogs = super().get_queryset(request)
        page = request.resolver_match and request.resolver_match.url_name
        if page != "weblog_blog_changelist":
            return blogs
        return annotate_blogs(blogs, columns=find_blog_columns(request.user))

    def get_list_display(self, request):
        columns = find_blog_columns(request.user)
        return [*super().get_list_display(request), *map(_make_display, columns)]


def _make_display(column):
    @display(description=column.title, ordering=column.name)
    def show(blog):
        # Co-authors don't see the figures of a blog.
        return None if blog.is_co_written else f"{getattr(blog, column.name):,}"

    show.__name__ = column.name
    return show
