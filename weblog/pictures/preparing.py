"""Pictures made fit for readers: really decoded, turned upright, made smaller, written anew.

Only the pixels of an upload are kept: no name, no place and time from the camera, no comment, and
no file that only looks like a picture. weblog.pictures.encoding decodes them.
"""

import secrets

from django.core.files.base import ContentFile, File

from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded
from weblog.errors import PictureRefused

MAX_BYTES = 10 * 1024 * 1024
BOUNDS = Bounds(seconds=4, memory=600_000_000, answer=40_000_000)


def encode_picture(file: File) -> ContentFile:
    """Return the re-encoded picture from `file`, under a random name."""
    if file.size > MAX_BYTES:
        raise PictureRefused("The file is larger than 10 MB. Make the picture smaller first.")
    try:
        with run_bounded(
            "weblog.pictures.encoding:run_apart",
            file,
            what="The picture",
            advice="Make it smaller, or save it as JPEG, and choose that file.",
            bounds=BOUNDS,
        ) as answer:
            ending = answer.readline().decode().strip()
            return ContentFile(answer.read(), name=f"{secrets.token_hex(8)}.{ending}")
    except (BoundReached, Unreadable) as error:
        raise PictureRefused(str(error)) from error
