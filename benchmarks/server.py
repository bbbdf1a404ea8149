"""The application under gunicorn, with the way of counting that COUNTING names."""

import os

from backoffice.wsgi import application  # noqa: F401
from benchmarks import article
from weblog.signals import blog_viewed

if os.environ["COUNTING"] != "counting":
    blog_viewed.disconnect(dispatch_uid="billing.receive_blog_view")
if os.environ["COUNTING"] == "article":
    blog_viewed.connect(article.receive_blog_view)
