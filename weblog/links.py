"""Links that leave the page: feeds, sitemaps, what other sites show of a blog.

They begin with settings.SITE_URL. What a reader sends as the host can be spelled in many ways and
name any port, and would stand in a page that is kept for the next reader.
"""

from urllib.parse import urlsplit

from django.conf import settings


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def site_host() -> str:
    return urlsplit(settings.SITE_URL).netloc


def site_scheme() -> str:
    return urlsplit(settings.SITE_URL).scheme
