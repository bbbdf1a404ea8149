"""Pictures made fit for readers: really decoded, turned upright, made smaller, written anew.

Nothing of what was uploaded is kept but the pixels: no name, no place and time of the camera, no
comment, and nothing that only looks like a picture.
"""

import secrets
import struct
import warnings
from io import BytesIO

from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps

from weblog.errors import PictureRefused

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_SIZE = (2000, 4000)

# Pillow's name of a format: the ending of our file, and how it is written.
FORMATS = {
    "JPEG": ("jpg", {"quality": 85, "optimize": True, "progressive": True}),
    "PNG": ("png", {"optimize": True}),
    "WEBP": ("webp", {"quality": 85}),
}
SAME_AS = {"MPO": "JPEG"}  # what phones write: a JPEG with a second picture behind it

NOT_A_PICTURE = (
    "This is not a picture that can be read, or a part of it is missing. Save it as JPEG, PNG or "
    "WebP and choose that file."
)
# What Pillow raises for files that are broken or built to do harm.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error)

# Else Pillow only warns of a small file that unfolds to more than the memory holds.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def encode_picture(file: File) -> ContentFile:
    """Return the picture in `file` as it is to be kept, under a random name."""
    if file.size > MAX_BYTES:
        raise PictureRefused("The file is larger than 10 MB. Make the picture smaller first.")
    try:
        image, kind = _decode(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except UNREADABLE as error:
        raise PictureRefused(NOT_A_PICTURE) from error
    ending, options = FORMATS[kind]
    written = BytesIO()
    image.save(written, kind, **options)
    return ContentFile(written.getvalue(), name=f"{secrets.token_hex(8)}.{ending}")


def _decode(file):
    """Return the pixels, upright and not too many, and Pillow's name of the format."""
    with Image.open(file, formats=list(FORMATS)) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise _too_many_pixels()
        kind = SAME_AS.get(opened.format, opened.format)
        image = ImageOps.exif_transpose(opened)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail(MAX_SIZE)
    image.info.clear()  # comments and profiles, which some formats would write again
    return image, kind


def _too_many_pixels():
    return PictureRefused("The picture has more than 50 million dots. Make it smaller first.")
