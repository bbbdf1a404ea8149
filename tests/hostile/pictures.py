"""Pictures."""

import io
import struct
import zlib

from PIL import Image

from tests.hostile.kinds import MB, damage, kind, some


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(size, mode=2, depth=8, *, pixels=None, chunks=()):
    head = struct.pack(">IIBBBBB", *size, depth, mode, 0, 0, 0)
    body = b"".join(_chunk(*each) for each in chunks)
    body += _chunk(b"IDAT", zlib.compress(b"\0" * 1_000) if pixels is None else pixels)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + body + _chunk(b"IEND", b"")


@kind("picture", "a.png")
def png_that_claims_any_size(chance):
    sizes = [
        (1, 49_999_999),
        (49_999_999, 1),
        (7_000, 7_000),
        (2**31 - 1, 1),
        (0, 0),
        (60_000, 800),
    ]
    return _png(chance.choice(sizes), chance.choice([0, 2, 3, 4, 6]))


@kind("picture", "a.png")
def png_that_really_is_so_large(chance):
    width, height = chance.choice(
        [(1, 49_999_999), (29_999, 1_600), (7_000, 7_000), (1_600, 29_999)]
    )
    packer = zlib.compressobj(1)
    rows = b"\0" * (width + 1) * (100_000 // (width + 1) + 1)
    left, pixels = (width + 1) * height, []
    while left > 0:
        pixels.append(packer.compress(rows[:left]))
        left -= len(rows)
    return _png((width, height), 0, pixels=b"".join(pixels) + packer.flush())


@kind("picture", "a.png")
def png_of_large_texts(chance):
    packed = zlib.compress(b"x" * some(chance, 200 * MB, MB), 1)
    name = chance.choice([b"iCCP", b"zTXt", b"iTXt"])
    start = b"a\0\0\0\0\0" if name == b"iTXt" else b"a\0\0"
    return _png((9, 9), chunks=[(name, start + packed)] * chance.choice([1, 40]))[: 9 * MB]


@kind("picture", "a.png")
def png_of_very_many_chunks(chance):
    return _png((9, 9), chunks=[(b"tEXt", b"a\0b")] * some(chance, 500_000))


@kind("picture", "a.png")
def png_of_very_many_frames(chance):
    frames = [(b"acTL", struct.pack(">II", 10_000, 0))]
    frames += [
        (b"fcTL", struct.pack(">IIIIIHHBB", n, 9, 9, 0, 0, 1, 1, 0, 0)) for n in range(9_999)
    ]
    return _png((9, 9), chunks=frames)


@kind("picture", "a.png")
def picture_that_is_damaged(chance):
    file = io.BytesIO()
    mode = chance.choice(["RGB", "RGBA", "P", "L", "1", "I;16", "LA"])
    Image.new(mode, (90, 60)).save(file, "PNG")
    return damage(chance, file.getvalue())


@kind("picture", "a.jpg")
def jpeg_that_is_damaged(chance):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = chance.choice([1, 6, 8, 99, 65_535])
    Image.new(chance.choice(["RGB", "CMYK", "L"]), (90, 60)).save(file, "JPEG", exif=exif)
    return damage(chance, file.getvalue())


@kind("picture", "a.jpg")
def jpeg_that_claims_any_size(chance):
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "JPEG", progressive=True)
    data = bytearray(file.getvalue())
    place = data.index(b"\xff\xc2") + 5
    data[place : place + 4] = struct.pack(">HH", *chance.choice([(65_535, 762), (7_000, 7_000)]))
    scan = data[data.index(b"\xff\xda") : -2]
    return (
        bytes(data[:-2]) + bytes(scan) * min(some(chance, 5_000), 8 * MB // len(scan)) + b"\xff\xd9"
    )


@kind("picture", "a.webp")
def webp_that_is_damaged(chance):
    file = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), (n, 0, 0)) for n in range(some(chance, 200))]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    return damage(chance, file.getvalue())


@kind("picture", "a.gif")
def other_pictures(chance):
    name = chance.choice(["GIF", "TIFF", "BMP", "ICO", "PPM", "PCX"])
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, name)
    return file.getvalue() + chance.randbytes(99) + b"<script>alert(1)</script>"
