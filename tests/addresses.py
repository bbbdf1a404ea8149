"""Every page of the site with an address of it, for tests of what no page may forget."""

import re

from django.urls import get_resolver


def list_addresses():
    """Return {address: view} of all pages. What an address names need not exist."""
    views = {}
    for address, view in _walk(get_resolver().url_patterns, "/"):
        views.setdefault(address, view)  # the first is the one that answers
    return views


def list_pages_that_take_files():
    """Return {address: view}."""
    return {address: view for address, view in list_addresses().items() if hasattr(view, "takes")}


def _walk(patterns, before):
    for pattern in patterns:
        address = before + re.sub(r"<[^>]+>", "1", str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, address)
        else:
            yield address, pattern.callback
