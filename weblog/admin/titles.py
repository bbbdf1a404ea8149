"""What takes seconds of a typed text, done before the transaction that saves it.

A transaction that waits for it holds up everybody else who writes: the sites of videos that are
asked for their titles, and the process that cleans a text of much markup.
"""

from contextlib import suppress

from django.contrib.admin.utils import unquote

from weblog.errors import TextRefused
from weblog.html.bounded import clean_html
from weblog.videos import find_titles, has_videos


def ask_titles(request, body: str, stored=None) -> None:
    """Ask for the titles in `body`, unless it is the text of `stored`, which stays as it is."""
    is_changed = stored is None or body.replace("\r\n", "\n") != stored.body.replace("\r\n", "\n")
    if is_changed:
        request.video_titles = find_titles(body)


def clean_ahead(body: str) -> None:
    """Clean a text once: the form then finds what it becomes, or why it is refused."""
    with suppress(TextRefused):
        clean_html(body)


class VideoTitles:
    """For an admin with a GuardedForm."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        body = request.POST.get("body", "")
        if has_videos(body):
            stored = self.get_object(request, unquote(object_id)) if object_id else None
            ask_titles(request, body, stored)
        if request.method == "POST":
            clean_ahead(body)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.video_titles = getattr(request, "video_titles", {})
        return form
