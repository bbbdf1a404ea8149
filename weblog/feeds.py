from django.contrib.syndication.views import Feed
from django.urls import reverse_lazy

from weblog.models import Blog


class LatestBlogsFeed(Feed):
    title = "Imprint Press"
    description = "The latest from our authors."
    link = reverse_lazy("weblog:blog_list")

    def items(self):
        return Blog.objects.live().select_related("author", "category").defer("body")[:20]

    def item_description(self, blog):
        return blog.summary

    def item_author_name(self, blog):
        return blog.author_name

    def item_categories(self, blog):
        return [blog.category.name]

    def item_pubdate(self, blog):
        return blog.publish_at
