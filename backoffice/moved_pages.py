"""Old addresses of pages that have another name now: bookmarks hold them, and mails sent then.

Each leads to the new address for good, with its ids and its query. Whether somebody may see the
page, the page decides; strangers are asked to sign in first, as they are everywhere here.
"""

from django.http import Http404, HttpResponseRedirect
from django.urls import Resolver404, path, resolve, reverse
from django.utils.encoding import iri_to_uri

MOVED_MODELS = {
    "billing.paymentinstruction": "billing.hold",
    "weblog.blogrevision": "weblog.newtext",
}
MOVED = {
    "evidence/": "views-explained/",
    **{
        f"{old.replace('.', '/')}/": f"{new.replace('.', '/')}/"
        for old, new in MOVED_MODELS.items()
    },
}


class PermanentRedirect(HttpResponseRedirect):
    """What was posted is posted again to the new address, which 301 would turn into a GET."""

    status_code = 308


def list_moved_addresses(site):
    """Return the routes of all old addresses below the admin's."""
    return [
        path(f"{old}{rest}", site.admin_view(_redirect), {"new": new})
        for old, new in MOVED.items()
        for rest in ("", "<path:rest>")
    ]


def _redirect(request, *, new, rest=""):
    address = f"{reverse('admin:index')}{new}{rest}"
    try:
        resolve(address)
    except Resolver404:
        raise Http404 from None
    query = request.META.get("QUERY_STRING", "")
    return PermanentRedirect(iri_to_uri(f"{address}?{query}" if query else address))
