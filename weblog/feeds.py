import re

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from backoffice.people import full_name
from weblog.html.excerpts import make_excerpt
from weblog.links import absolute
from weblog.models import Blog

# Characters that XML forbids even when escaped: XML 1.0, 2.2 Characters.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class LatestBlogsFeed(Feed):
    description = "The latest from our authors."

    def title(self):
        return settings.SITE_NAME

    def link(self):
        return absolute(reverse("weblog:blog_list"))

    def feed_url(self):
        return absolute(reverse("weblog:feed"))

    def item_link(self, blog):
        return absolute(blog.get_absolute_url())

    def items(self):
        return Blog.objects.live().with_people().with_opening()[:20]

    def item_title(self, blog):
        return _make_xml(blog.title)

    def item_description(self, blog):
        return _make_xml(blog.summary or make_excerpt(blog.opening))

    def item_author_name(self, blog):
        return _make_xml(
            ", ".join(full_name(each) for each in [blog.author, *blog.co_authors.all()])
        )

    def item_author_link(self, blog):
        return absolute(reverse("weblog:author_blogs", args=[blog.author_id]))

    def item_categories(self, blog):
        return [_make_xml(blog.category.name)]

    def item_pubdate(self, blog):
        return blog.publish_at

    def item_updateddate(self, blog):
        return max(blog.updated_at, blog.publish_at)


class LatestBlogsAtomFeed(LatestBlogsFeed):
    feed_type = Atom1Feed
    subtitle = LatestBlogsFeed.description

    def feed_url(self):
        return absolute(reverse("weblog:atom_feed"))


def _make_xml(text):
    return NOT_XML.sub("", text)
