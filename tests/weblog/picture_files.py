"""Files for tests of what may be uploaded as a picture."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def make_file(kind="PNG", *, size=(60, 40), mode="RGB", name="IMG_0001.png", **options):
    """An uploaded picture, the left half red and the right half white."""
    image = Image.new(mode, size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    content = BytesIO()
    image.save(content, kind, **options)
    return SimpleUploadedFile(name, content.getvalue())
