"""Re-encodes pictures. Runs outside the application, without Django."""

import struct
import warnings
from io import BytesIO

from PIL import Image, ImageOps

from backoffice.bounded_child import Refused

MAX_PIXELS = 50_000_000
MAX_SIDE = 30_000
MAX_SIZE = (2000, 4000)

# The ending of our file and the options for saving, by Pillow's name of the format.
FORMATS = {
    "JPEG": ("jpg", {"quality": 85, "optimize": True, "progressive": True}),
    "PNG": ("png", {"optimize": True}),
    "WEBP": ("webp", {"quality": 85}),
}
SAME_AS = {"MPO": "JPEG"}  # from phones: a JPEG with a second picture after it

NOT_A_PICTURE = (
    "This is not a picture that can be read, or a part of it is missing. Save it as JPEG, PNG or "
    "WebP and choose that file."
)
TOO_MANY_PIXELS = (
    f"The picture has more than {MAX_PIXELS // 10**6} million dots, or more than {MAX_SIDE:,} on "
    "one side. Make it smaller first."
)
# Pillow's errors for broken or hostile files.
UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, ArithmeticError,
    struct.error,
)  # fmt: skip
BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
TURNED = {5, 6, 7, 8}  # of EXIF's orientations, those that lie on their side
ORIENTATION = 0x0112
SHRINK_FIRST = {"RGB", "RGBA", "L", "CMYK", "YCbCr"}

# By default Pillow only warns about a small file that unpacks to more than the memory holds.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def run_apart(source, answer):
    """Write the ending of the file and then the picture; backoffice.bounded runs this."""
    try:
        image, kind = _decode(BytesIO(source.read()))
    except BOMB as error:
        raise Refused(TOO_MANY_PIXELS) from error
    except UNREADABLE as error:
        raise Refused(NOT_A_PICTURE) from error
    ending, options = FORMATS[kind]
    answer.write(ending.encode() + b"\n")
    written = BytesIO()
    image.save(written, kind, **options)
    answer.write(written.getvalue())


def _decode(file):
    """Return the upright, reduced picture and Pillow's name of the format."""
    with Image.open(file, formats=list(FORMATS)) as opened:
        if opened.width * opened.height > MAX_PIXELS or max(opened.size) > MAX_SIDE:
            raise Refused(TOO_MANY_PIXELS)
        kind = SAME_AS.get(opened.format, opened.format)
        width, height = MAX_SIZE
        most = (height, width) if opened.getexif().get(ORIENTATION) in TURNED else MAX_SIZE
        if opened.mode in SHRINK_FIRST:
            opened.thumbnail(most)  # a JPEG is not even decoded in full
        image = ImageOps.exif_transpose(opened)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail(MAX_SIZE)
    image.info.clear()  # comments and profiles, which some formats would save
    return image, kind
