"""Absolute links, for feeds, sitemaps and other sites' previews of a blog.

They begin with settings.SITE_URL. They don't use the host of the request: its spelling and port
vary, and a cached page would show them to the next reader.
"""

from urllib.parse import urlsplit

from django.conf import settings


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def site_host() -> str:
    return urlsplit(settings.SITE_URL).netloc


def site_scheme() -> str:
    return urlsplit(settings.SITE_URL).scheme
