"""The pages that readers see: at most four queries each, no script, and nothing from elsewhere."""

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseGone,
    HttpResponsePermanentRedirect,
)
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, set_response_etag
from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.csp import csp_override
from django.views.decorators.http import etag, require_safe
from django.views.defaults import page_not_found as default_page_not_found
from django.views.defaults import server_error as default_server_error
from django.views.generic import ListView, View
from django.views.generic.base import ContextMixin

from backoffice.people import full_name
from weblog.html.bounded import count_words, estimate_minutes, show_html
from weblog.html.excerpts import find_picture, make_excerpt
from weblog.links import absolute
from weblog.models import Blog, Category, OldAddress
from weblog.paginators import LookaheadPaginator
from weblog.pictures.takedowns import is_taken_down
from weblog.search import SearchForm
from weblog.signals import blog_viewed
from weblog.slugs import list_spellings

PUBLIC_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

# COUNTER Code of Practice 5.1, 7.1: these answers are successful requests.
SUCCESSFUL = (200, 304)

# The headers of browsers that fetch a page before anybody asks for it.
SPECULATION_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
SPECULATION_PURPOSES = ("prefetch", "prerender", "preview")

PICTURE_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
KEPT_FOR = 60  # seconds, after which a page shows an author's or a category's new name
DAY = 24 * 60 * 60


@method_decorator(csp_override(PUBLIC_CSP), name="dispatch")
@method_decorator(cache_control(private=True, no_cache=True), name="dispatch")
class PublicPage(ContextMixin, View):
    """A page that browsers may cache but revalidate each time: no cache may hide a view."""

    title = ""
    description = ""

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        if request.method not in ("GET", "HEAD") or response.status_code != 200:
            return response
        set_response_etag(response.render() if hasattr(response, "render") else response)
        return get_conditional_response(
            request,
            etag=response["ETag"],
            last_modified=parse_http_date_safe(response.get("Last-Modified", "")),
            response=response,
        )

    def get_context_data(self, **kwargs):
        description = self.description or f"The latest from the authors of {settings.SITE_NAME}."
        return super().get_context_data(
            title=self.title, description=description, **describe_site(self.request), **kwargs
        )


class BlogListView(PublicPage, ListView):
    template_name = "weblog/blog_list.html"
    paginate_by = 10
    paginator_class = LookaheadPaginator

    def get_queryset(self):
        return Blog.objects.live().with_people().with_opening()


class CategoryBlogsView(BlogListView):
    def get_queryset(self):
        self.category = get_object_or_404(Category, slug=self.kwargs["slug"])
        self.title = self.category.name
        self.description = f"{self.title}: the latest from the authors of {settings.SITE_NAME}."
        return super().get_queryset().filter(category=self.category)

    def get_context_data(self, **kwargs):
        return super().get_context_data(category=self.category, **kwargs)


class AuthorBlogsView(BlogListView):
    """An author's blogs. Without a published blog it is 404, and so reveals no account."""

    def get_queryset(self):
        self.author = get_object_or_404(User, pk=self.kwargs["pk"])
        self.title = full_name(self.author)
        self.description = f"What {self.title} has written for {settings.SITE_NAME}."
        return super().get_queryset().written_by(self.author)

    def get_paginator(self, *args, **kwargs):
        return super().get_paginator(*args, **kwargs | {"allow_empty_first_page": False})

    def get_context_data(self, **kwargs):
        return super().get_context_data(author=self.author, **kwargs)


class SearchView(BlogListView):
    template_name = "weblog/search.html"
    title = "Search"

    def get_queryset(self):
        self.form = SearchForm(self.request.GET or None)
        words = self.form.words
        return super().get_queryset().containing(words) if words else Blog.objects.none()

    def get_context_data(self, **kwargs):
        return super().get_context_data(form=self.form, **kwargs)


class BlogDetailView(PublicPage):
    """A blog.

    Its page is cached for a minute, until the blog is saved. Each request checks whether it is
    live. Everybody gets the same page.
    """

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        is_view = request.method == "GET" and response.status_code in SUCCESSFUL
        if is_view and not is_speculative(request):
            self.send_blog_viewed()
        return response

    def get(self, request, slug):
        blogs = Blog.objects.live().only("author", "category", "updated_at")
        is_text = "\0" not in slug  # which PostgreSQL takes in none
        self.blog = blogs.filter(slug=slug).first() if is_text else None
        if self.blog is None:
            return self.redirect_from_old_address(slug)
        saved_at = self.blog.updated_at.timestamp()
        key = f"blog-page:{self.blog.pk}:{saved_at}"
        page = cache.get_or_set(key, self.render_page, KEPT_FOR)
        return HttpResponse(page, headers={"Last-Modified": http_date(saved_at)})

    def render_page(self):
        blog = Blog.objects.with_people().get(pk=self.blog.pk)
        context = self.get_context_data(blog=blog) | describe_blog(blog)
        return render_to_string("weblog/blog_detail.html", context, self.request)

    def redirect_from_old_address(self, slug):
        """Lead to the blog that had this slug, or that has it in another spelling."""
        spellings = list_spellings(slug)
        live = Blog.objects.live()
        old = OldAddress.objects.select_related("blog").filter(blog__in=live)
        for spelling in spellings:
            former = old.filter(slug=spelling).first()
            blog = former.blog if former else live.filter(slug=spelling).first()
            if blog:
                return HttpResponsePermanentRedirect(blog.get_absolute_url())
        raise Http404

    def send_blog_viewed(self):
        user = self.request.user
        blog_viewed.send_robust(
            sender=Blog,
            blog=self.blog,
            viewed_at=timezone.now(),
            ip_address=self.request.META.get("REMOTE_ADDR", ""),
            user_agent=self.request.headers.get("User-Agent", ""),
            user=user if user.is_authenticated else None,
        )


def describe_site(request):
    """Return the context of the frame of every page."""
    return {
        "categories": list(Category.objects.all()),
        "address": absolute(request.path),
    }


def describe_blog(blog):
    """Return the context of a blog's page beside its fields. It cleans the body once more."""
    body = show_html(blog.body)
    words, lead = count_words(body), blog.shown_picture
    picture = lead.file.url if lead else find_picture(blog.body)
    return {
        "title": blog.title,
        "body": body,
        "description": blog.summary or make_excerpt(blog.body),
        "picture": picture and absolute(picture),
        "words": words,
        "minutes": estimate_minutes(words),
    }


def is_speculative(request):
    """Return whether the browser fetches the page in advance."""
    purposes = " ".join(request.headers.get(name, "") for name in SPECULATION_HEADERS).lower()
    return any(purpose in purposes for purpose in SPECULATION_PURPOSES)


@require_safe
@csp_override(PUBLIC_CSP)
@cache_control(public=True, max_age=DAY)
@etag(lambda request, name: None if is_taken_down(name) else f'"{name}"')
def serve_picture(request, name):
    """Serve a picture, cached for a day: a named picture never changes but may be taken down."""
    if is_taken_down(name):
        return HttpResponseGone("This picture was taken down.\n", content_type="text/plain")
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(file, content_type=PICTURE_TYPES[name.rpartition(".")[2]])


@require_safe
def robots_txt(request):
    context = {"sitemap": absolute(reverse("weblog:sitemap"))}
    return render(request, "weblog/robots.txt", context, content_type="text/plain; charset=utf-8")


@csp_override(PUBLIC_CSP)
@cache_control(private=True, no_cache=True)
def page_not_found(request, exception):
    return default_page_not_found(request, exception)


@csp_override(PUBLIC_CSP)
@cache_control(private=True, no_cache=True)
def server_error(request):
    return default_server_error(request)
