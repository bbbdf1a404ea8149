"""A statement as PDF/A-2b, by Typst. The same statement gives the same bytes.

Titles and names reach Typst as data, never as markup. It may read nothing but the template and the
fonts that come with packages, so that a machine's own fonts change nothing.
"""

import json
import re
import unicodedata
from pathlib import Path

import manimgx_fonts
import manimgx_fonts_cjk
import typst

from billing.statements.sheets import Sheet

TEMPLATE = Path(__file__).with_name("sheet.typ")
FONTS = [str(Path(fonts.__file__).parent) for fonts in (manimgx_fonts, manimgx_fonts_cjk)]
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
# Controls, lone surrogates, and signs that turn the direction of what follows.
UNPRINTABLE = {"Cc", "Cs", "Cn", "Co"}
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NO_GLYPH = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
MOST_TRIES = 20


def print_sheet(sheet: Sheet) -> bytes:
    """Return the statement as a PDF. A character that no font has is printed as a mark."""
    unknown: set[str] = set()
    for _ in range(MOST_TRIES):
        try:
            return _compile(sheet, unknown)
        except typst.TypstError as error:
            if not (found := _find_unknown(str(error)) - unknown):
                raise
            unknown |= found
    texts = "".join(sheet.list_texts())
    return _compile(sheet, {character for character in texts if ord(character) > 0x2FF})


def _compile(sheet: Sheet, unknown: set[str]) -> bytes:
    data = json.dumps(sheet._asdict(), default=str)
    clean = _clean(json.loads(data), unknown)
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        format="pdf",
        pdf_standards="a-2b",  # ISO 19005-2: it refers to nothing outside the file
        font_paths=FONTS,
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(clean)},
        timestamp=0,
    )


def _clean(value: object, unknown: set[str]) -> object:
    """Replace what can't be printed in all texts of the data."""
    if isinstance(value, str):
        return "".join(_print_character(each, unknown) for each in value)
    if isinstance(value, list):
        return [_clean(each, unknown) for each in value]
    if isinstance(value, dict):
        return {key: _clean(each, unknown) for key, each in value.items()}
    return value


def _print_character(character: str, unknown: set[str]) -> str:
    if character in "\t\n\r":
        return " "
    is_hidden = unicodedata.category(character) in UNPRINTABLE or character in TURNING
    return UNKNOWN if is_hidden or character in unknown else character


def _find_unknown(error: str) -> set[str]:
    """Return the characters that Typst says no font has."""
    found = ESCAPED.sub(lambda code: chr(int(code[1], 16)), "".join(NO_GLYPH.findall(error)))
    return set(found) - {UNKNOWN}
