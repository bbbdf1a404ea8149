from django.contrib.sitemaps import views as sitemaps
from django.urls import path, re_path
from django.views.decorators.csp import csp_override
from django.views.decorators.http import conditional_page

from weblog import views
from weblog.feeds import LatestBlogsAtomFeed, LatestBlogsFeed
from weblog.methods import read_only
from weblog.sitemaps import SITEMAPS, index

app_name = "weblog"

XML = "application/xml; charset=utf-8"


def machine_readable(view):
    """Wrap a view for programs that poll: they get 304 for unchanged content."""
    return read_only(csp_override(views.PUBLIC_CSP)(conditional_page(view)))


urlpatterns = [
    path("", read_only(views.BlogListView.as_view()), name="blog_list"),
    path(
        "category/<slug:slug>/", read_only(views.CategoryBlogsView.as_view()), name="category_blogs"
    ),
    path("authors/<int:pk>/", read_only(views.AuthorBlogsView.as_view()), name="author_blogs"),
    path("blogs/<str:slug>/", read_only(views.BlogDetailView.as_view()), name="blog_detail"),
    path("search/", read_only(views.SearchView.as_view()), name="search"),
    path("feed/", machine_readable(LatestBlogsFeed()), name="feed"),
    path("feed/atom/", machine_readable(LatestBlogsAtomFeed()), name="atom_feed"),
    path("robots.txt", machine_readable(views.robots_txt), name="robots_txt"),
    path(
        "sitemap.xml",
        machine_readable(index),
        {
            "sitemaps": SITEMAPS,
            "sitemap_url_name": "weblog:sitemap_section",
            "content_type": XML,
        },
        name="sitemap",
    ),
    path(
        "sitemap-<slug:section>.xml",
        machine_readable(sitemaps.sitemap),
        {"sitemaps": SITEMAPS, "content_type": XML},
        name="sitemap_section",
    ),
    re_path(
        r"^media/(?P<name>pictures/[0-9]{4}/[0-9]{2}/[\w-]+\.(?:jpg|png|webp))$",
        read_only(views.serve_picture),
        name="picture",
    ),
]
