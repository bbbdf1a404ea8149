"""Which files may stand beside a comment: what they are is told by their content alone."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple

from backoffice.virus_scanner import scan
from billing.errors import FileRefused
from billing.models.comments import FILE_NAME_LENGTH

MOST_BYTES = 5_000_000  # of one file
MOST_FILES = 5  # beside one comment
MOST_MEMBERS = 2_000  # of a spreadsheet, which is a zip

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
UNSAFE = re.compile(r"[^\w .()+-]")


class Kind(NamedTuple):
    name: str
    endings: tuple[str, ...]
    content_type: str
    fits: Callable[[bytes], bool]


class File(NamedTuple):
    """A file that was looked at."""

    name: str
    content_type: str
    content: bytes
    scanned: bool


def _is_pdf(content: bytes) -> bool:
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-2_048:]


def _is_png(content: bytes) -> bool:
    return content.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") and b"IEND" in content[-16:]


def _is_jpeg(content: bytes) -> bool:
    return content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content[-64:]


def _is_xlsx(content: bytes) -> bool:
    """A workbook without macros."""
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False
    return (
        len(names) <= MOST_MEMBERS
        and {"[Content_Types].xml", "xl/workbook.xml"} <= set(names)
        and not any("vbaproject" in name.lower() for name in names)
    )


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    markup = text.lstrip()[:200].lower()
    return not CONTROLS.search(text) and not markup.startswith(("<!doctype", "<html", "<svg", "<?"))


# The first that fits is what the file is. A text can be named .csv or .txt.
KINDS = (
    Kind("a PDF", (".pdf",), "application/pdf", _is_pdf),
    Kind("a PNG picture", (".png",), "image/png", _is_png),
    Kind("a JPEG picture", (".jpg", ".jpeg"), "image/jpeg", _is_jpeg),
    Kind(
        "an Excel workbook",
        (".xlsx",),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _is_xlsx,
    ),
    Kind("a text or CSV file", (".csv", ".txt"), "text/plain; charset=utf-8", _is_text),
)
ACCEPT = ",".join(ending for kind in KINDS for ending in kind.endings)


def look_at_file(*, name: str, content: bytes) -> File:
    """Return the file as it may be kept. Raises FileRefused, Infected and ScannerAway."""
    shown = _clean_name(name)
    if not content:
        raise FileRefused([f"“{shown}” is empty."])
    if len(content) > MOST_BYTES:
        raise FileRefused([f"“{shown}” is larger than {MOST_BYTES // 10**6} MB."])
    kind = next((kind for kind in KINDS if kind.fits(content)), None)
    if kind is None:
        raise FileRefused(
            [f"“{shown}” is no PDF, PNG, JPEG, CSV, text or Excel workbook (.xlsx without macros)."]
        )
    ending = PurePosixPath(shown).suffix.lower()
    if ending not in kind.endings:
        raise FileRefused(
            [f"“{shown}” is {kind.name}: name it with {' or '.join(kind.endings)} at its end."]
        )
    is_csv = ending == ".csv"
    content_type = "text/csv; charset=utf-8" if is_csv else kind.content_type
    return File(shown, content_type, content, scan(content, name=shown))


def _clean_name(name: str) -> str:
    """Return the last part of a path, in letters, digits and plain signs."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    safe = UNSAFE.sub("_", last).strip(". ") or "file"
    path = PurePosixPath(safe)
    return f"{path.stem[: FILE_NAME_LENGTH - 10]}{path.suffix[:10]}"
