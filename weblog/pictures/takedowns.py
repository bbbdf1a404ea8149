"""Takes pictures down: the file is deleted for good, and the record of who asked stays."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from weblog.errors import PictureGone, require_reason
from weblog.models import Picture


def take_down_picture(*, picture: Picture, by: User, reason: str) -> Picture:
    """Delete the file, and return the row, which keeps the description.

    Blogs that hold the picture show its description in its place. A picture that was taken down is
    not served even if the run ended before its file was deleted; another call deletes the file
    then. Raises ReasonMissing or PictureGone.
    """
    require_reason(reason, "Say why: nobody can ask once the picture is gone.")
    with transaction.atomic():
        stored = Picture.objects.select_for_update().get(pk=picture.pk)
        was_taken_down = stored.taken_down_at is not None
        if not was_taken_down:
            stored.taken_down_at, stored.taken_down_by = timezone.now(), by
            stored.takedown_reason = reason.strip()
            stored.save()
    stored.file.storage.delete(stored.file.name or "")
    if was_taken_down:
        raise PictureGone(stored)
    return stored


def is_taken_down(name: str) -> bool:
    """Return whether the picture stored under `name` was taken down. One query."""
    return Picture.objects.filter(file=name, taken_down_at__isnull=False).exists()
