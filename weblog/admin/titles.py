"""Titles of the videos that are typed in a form, asked for before the form is saved.

Their sites may take seconds to answer, and a transaction that waits for them holds up everybody
else who writes.
"""

from django.contrib.admin.utils import unquote

from weblog.videos import find_titles, has_videos


def ask_titles(request, body: str, stored=None) -> None:
    """Ask for the titles in `body`, unless it is the text of `stored`, which stays as it is."""
    is_changed = stored is None or body.replace("\r\n", "\n") != stored.body.replace("\r\n", "\n")
    if is_changed:
        request.video_titles = find_titles(body)


class VideoTitles:
    """For an admin with a GuardedForm."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        body = request.POST.get("body", "")
        if has_videos(body):
            stored = self.get_object(request, unquote(object_id)) if object_id else None
            ask_titles(request, body, stored)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.video_titles = getattr(request, "video_titles", {})
        return form
