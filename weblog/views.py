from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.csp import csp_override
from django.views.generic import DetailView, ListView, View
from django.views.generic.base import ContextMixin

from weblog.models import Blog, Category
from weblog.signals import blog_viewed

PUBLIC_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# What browsers send along when they fetch a page that nobody has asked to see yet.
SPECULATION_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
SPECULATION_PURPOSES = ("prefetch", "prerender", "preview")


@method_decorator(csp_override(PUBLIC_CSP), name="dispatch")
@method_decorator(cache_control(private=True, no_cache=True), name="dispatch")
class PublicPage(ContextMixin, View):
    """No script and nothing from elsewhere; and no cache, which would hide views from us."""

    def get_context_data(self, **kwargs):
        return super().get_context_data(categories=Category.objects.all(), **kwargs)


class BlogListView(PublicPage, ListView):
    template_name = "weblog/blog_list.html"
    paginate_by = 10

    def get_queryset(self):
        return Blog.objects.live().select_related("author", "category").defer("body")


class CategoryBlogsView(BlogListView):
    def get_queryset(self):
        self.category = get_object_or_404(Category, slug=self.kwargs["slug"])
        return super().get_queryset().filter(category=self.category)

    def get_context_data(self, **kwargs):
        return super().get_context_data(category=self.category, **kwargs)


class BlogDetailView(PublicPage, DetailView):
    def get_queryset(self):
        return Blog.objects.live().select_related("author", "category")

    def get(self, request, *args, **kwargs):
        response = super().get(request, *args, **kwargs)
        if request.method == "GET" and not is_speculative(request):
            response.add_post_render_callback(self.send_blog_viewed)
        return response

    def send_blog_viewed(self, response):
        blog_viewed.send_robust(
            sender=Blog,
            blog=self.object,
            viewed_at=timezone.now(),
            ip_address=self.request.META.get("REMOTE_ADDR", ""),
            user_agent=self.request.headers.get("User-Agent", ""),
            user=self.request.user if self.request.user.is_authenticated else None,
        )


def is_speculative(request):
    """Whether the browser fetches the page in case its reader asks for it."""
    purposes = " ".join(request.headers.get(name, "") for name in SPECULATION_HEADERS).lower()
    return any(purpose in purposes for purpose in SPECULATION_PURPOSES)
