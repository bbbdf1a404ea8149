import contextlib
import random
import struct
import zlib
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw, PngImagePlugin

from backoffice.bounded_child import Refused
from tests.weblog.picture_files import make_file
from weblog.errors import PictureRefused
from weblog.pictures.encoding import run_apart
from weblog.pictures.preparing import encode_picture

pytestmark = [pytest.mark.any_database, pytest.mark.slow]


def decode(content):
    image = Image.open(BytesIO(content.read()))
    image.load()
    return image


def make_png_header(width, height):
    """A PNG of some bytes that claims to be of any size."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return ContentFile(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))


@pytest.mark.parametrize(("kind", "ending"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_picture_keeps_its_format_and_gets_a_name_of_ours(kind, ending):
    content = encode_picture(make_file(kind, name="../../my holiday.php"))
    assert decode(content).format == kind
    name, _, found = content.name.partition(".")
    assert (len(name), found) == (16, ending)


def test_wide_picture_is_made_smaller():
    assert decode(encode_picture(make_file(size=(3000, 300)))).size == (2000, 200)


def test_tall_picture_is_made_smaller():
    assert decode(encode_picture(make_file(size=(10, 8000)))).size == (5, 4000)


def test_small_picture_keeps_its_size():
    assert decode(encode_picture(make_file(size=(60, 40)))).size == (60, 40)


def test_picture_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned by 90 degrees
    image = decode(encode_picture(make_file("JPEG", size=(60, 40), exif=exif)))
    assert image.size == (40, 60)
    red, green, _ = image.getpixel((20, 5))
    assert (red > 200, green < 100) == (True, True)


def test_nothing_of_the_camera_is_kept():
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ada"
    exif.get_ifd(0x8825)[1] = "N"
    file = make_file("JPEG", exif=exif, comment=b"taken at home", icc_profile=b"profile", xmp=b"xm")
    content = encode_picture(file)
    image = decode(content)
    assert dict(image.getexif()) == {}
    assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"} | {
        "progressive",
        "progression",
    }
    content.seek(0)
    assert not any(word in content.read() for word in (b"Ada", b"at home", b"profile"))


def test_text_chunks_of_a_png_are_not_kept():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "<?php system('id'); ?>")
    content = encode_picture(make_file(pnginfo=texts))
    assert b"php" not in content.read()


def test_bytes_behind_the_picture_are_not_kept():
    file = ContentFile(make_file("JPEG").read() + b"<script>alert(1)</script>")
    assert b"script" not in encode_picture(file).read()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_pixels_is_taken(mode):
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 100))
    if mode == "I;16":
        image = Image.new("I;16", (8, 8), 500)
    elif mode != "RGBA":
        image = image.convert(mode)
    content = BytesIO()
    image.save(content, "PNG")
    assert decode(encode_picture(ContentFile(content.getvalue()))).size == (8, 8)


def test_printers_colours_are_taken():
    content = BytesIO()
    Image.new("CMYK", (8, 8)).save(content, "JPEG")
    assert decode(encode_picture(ContentFile(content.getvalue()))).mode == "RGB"


def test_transparency_is_kept():
    content = BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(content, "PNG")
    image = decode(encode_picture(ContentFile(content.getvalue())))
    assert image.getpixel((0, 0))[3] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Just words.",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<html><script>alert(1)</script></html>",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0 not a picture",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    ],
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(PictureRefused, match="Save it as JPEG, PNG or WebP"):
        encode_picture(ContentFile(content))


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "ICO", "PPM", "ICNS"])
def test_other_formats_are_refused(kind):
    with pytest.raises(PictureRefused, match="Save it as JPEG, PNG or WebP"):
        encode_picture(make_file(kind, size=(64, 64)))


def test_half_a_picture_is_refused():
    whole = make_file("JPEG", size=(400, 400)).read()
    with pytest.raises(PictureRefused, match="a part of it is missing"):
        encode_picture(ContentFile(whole[: len(whole) // 2]))


@pytest.mark.parametrize(
    "size", [(7100, 7100), (10_000, 10_000), (60_000, 60_000), (1, 49_999_999), (1, 2**31 - 1)]
)
def test_bomb_is_refused_before_it_unfolds(size):
    with pytest.raises(PictureRefused, match="more than 50 million dots"):
        encode_picture(make_png_header(*size))


def test_large_file_is_refused():
    with pytest.raises(PictureRefused, match="larger than 10 MB"):
        encode_picture(ContentFile(b"x" * (10 * 1024 * 1024 + 1)))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_bytes_are_refused_or_read_but_never_a_crash(kind):
    chance = random.Random(1)
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (50, 50))
    ImageDraw.Draw(image).ellipse((5, 5, 40, 40), fill="red")
    content = BytesIO()
    image.save(content, kind, exif=exif)
    for _ in range(200):
        broken = bytearray(content.getvalue())
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        with contextlib.suppress(Refused):
            run_apart(BytesIO(broken), BytesIO())
