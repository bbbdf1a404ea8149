import copy

from django.contrib.auth.models import User
from django.contrib.sitemaps import Sitemap, views
from django.db.models import Exists, Max, OuterRef
from django.urls import reverse

from weblog.links import site_host, site_scheme
from weblog.models import Blog, Category


class SiteSitemap(Sitemap):
    limit = 5000

    @property
    def protocol(self):
        return site_scheme()

    def get_domain(self, site=None):
        return site_host()


class BlogSitemap(SiteSitemap):
    def items(self):
        return Blog.objects.live().only("slug", "updated_at").order_by("pk")

    def lastmod(self, blog):
        return blog.updated_at

    def get_latest_lastmod(self):
        return self.items().aggregate(latest=Max("updated_at"))["latest"]


class CategorySitemap(SiteSitemap):
    def items(self):
        return Category.objects.filter(Exists(_live(category=OuterRef("pk")))).order_by("pk")

    def location(self, category):
        return reverse("weblog:category_blogs", args=[category.slug])


class AuthorSitemap(SiteSitemap):
    def items(self):
        wrote = Exists(_live(author=OuterRef("pk"))) | Exists(_live(co_authors=OuterRef("pk")))
        return User.objects.filter(wrote).only("pk").order_by("pk")

    def location(self, author):
        return reverse("weblog:author_blogs", args=[author.pk])


def _live(**values):
    return Blog.objects.live().filter(**values)


SITEMAPS = {"blogs": BlogSitemap, "categories": CategorySitemap, "authors": AuthorSitemap}


def index(request, **options):
    """The list of the sitemaps. Django (6.1) takes its host from the request alone."""
    asked = copy.copy(request)
    asked.get_host = site_host
    return views.index(asked, **options)
