"""The application as gunicorn serves it, counting in the way that COUNTING names.

With PAGE=kept each page is made once and kept, so that counting is most of what is left to do.
"""

import os
from functools import cache

from django.template.response import TemplateResponse

from backoffice.wsgi import application  # noqa: F401
from benchmarks import article
from weblog.models import Blog
from weblog.signals import blog_viewed
from weblog.views import BlogDetailView


class KeptPage(TemplateResponse):
    contents = {}

    @property
    def rendered_content(self):
        path = self._request.path
        if path not in self.contents:
            self.contents[path] = super().rendered_content
        return self.contents[path]


@cache
def find_blog(slug):
    return Blog.objects.select_related("author", "category").get(slug=slug)


if os.environ["PAGE"] == "kept":
    BlogDetailView.response_class = KeptPage
    BlogDetailView.get_object = lambda view, queryset=None: find_blog(view.kwargs["slug"])
if os.environ["COUNTING"] != "counting":
    blog_viewed.disconnect(dispatch_uid="billing.receive_blog_view")
if os.environ["COUNTING"] == "article":
    blog_viewed.connect(article.receive_blog_view)
