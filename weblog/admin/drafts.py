"""Texts that a browser keeps while they are typed (weblog/static/weblog/drafts.js).

The page carries a key of its reader: what another person typed in the same browser can't be read
with it. The browser learns by a cookie which of its texts are saved, and drops those.
"""

import base64
import re

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.crypto import salted_hmac

SLOT = re.compile(r"[0-9a-f-]{36}")
MOST_SLOTS = 20  # that the cookie names
DAYS = 30
SCRIPTS = ["weblog/drafts.js", "weblog/steps.js"]  # on the list too: one gets there by saving


def make_keys(user: User) -> list[str]:
    """Return the key of the user's texts, and those that it had under earlier secrets."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (
        salted_hmac("weblog.drafts", str(user.pk), secret=secret, algorithm="sha256").digest()
        for secret in secrets
    )
    return [base64.b64encode(digest).decode() for digest in digests]


class KeptDrafts:
    """For an admin with a form of texts: keeps what is typed, until it is saved."""

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        may_change = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        if may_change:
            context["draft"] = {
                "keys": " ".join(make_keys(request.user)),
                "owner": f"{request.user.pk}/{self.opts.model_name}/{obj.pk if obj else 'new'}",
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def response_add(self, request, obj, post_url_continue=None):
        response = super().response_add(request, obj, post_url_continue)
        return tell_saved(request, response, request.POST.get("draft", ""))

    def response_change(self, request, obj):
        response = super().response_change(request, obj)
        return tell_saved(request, response, request.POST.get("draft", ""))

    def finish_dialog(self, request, response):
        return tell_saved(request, response, request.POST.get("typed-draft", ""))


def tell_saved(request, response, slot: str):
    """Let the browser drop the text of `slot`. No secret, and a script has to read it."""
    if not SLOT.fullmatch(slot):
        return response
    name = "__Host-saved-drafts" if settings.SESSION_COOKIE_SECURE else "saved-drafts"
    slots = [*SLOT.findall(request.COOKIES.get(name, "")), slot][-MOST_SLOTS:]
    response.set_cookie(
        name,
        ".".join(slots),
        max_age=DAYS * 24 * 60 * 60,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response
