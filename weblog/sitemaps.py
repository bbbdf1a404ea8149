from django.contrib.auth.models import User
from django.contrib.sitemaps import Sitemap
from django.db.models import Exists, Max, OuterRef
from django.urls import reverse

from weblog.models import Blog, Category


class BlogSitemap(Sitemap):
    limit = 5000

    def items(self):
        return Blog.objects.live().only("slug", "updated_at").order_by("pk")

    def lastmod(self, blog):
        return blog.updated_at

    def get_latest_lastmod(self):
        return self.items().aggregate(latest=Max("updated_at"))["latest"]


class CategorySitemap(Sitemap):
    limit = 5000

    def items(self):
        return Category.objects.filter(Exists(_live(category=OuterRef("pk")))).order_by("pk")

    def location(self, category):
        return reverse("weblog:category_blogs", args=[category.slug])


class AuthorSitemap(Sitemap):
    limit = 5000

    def items(self):
        wrote = Exists(_live(author=OuterRef("pk"))) | Exists(_live(co_authors=OuterRef("pk")))
        return User.objects.filter(wrote).only("pk").order_by("pk")

    def location(self, author):
        return reverse("weblog:author_blogs", args=[author.pk])


def _live(**values):
    return Blog.objects.live().filter(**values)


SITEMAPS = {"blogs": BlogSitemap, "categories": CategorySitemap, "authors": AuthorSitemap}
