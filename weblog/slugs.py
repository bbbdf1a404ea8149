"""One folding of addresses, for imports, the site and access logs.

The same address is spelled in many ways: with percent signs or without, in capitals, with accents
as one character or as two. A slug here is of ASCII alone, so each spelling leads to one slug.
"""

from urllib.parse import unquote

from django.utils.text import slugify

LONGEST = 2_000  # characters of an address that are looked at


def fold_slug(text: str) -> str:
    """Return the slug of a part of an address, as sent, logged or exported; "" if none is left."""
    return slugify(unquote(text[:LONGEST]))


def list_spellings(text: str) -> list[str]:
    """Return the slugs that an address may mean, the likeliest first.

    None holds NUL, which PostgreSQL takes in no text.
    Slugs given by hand may hold capitals and several dashes in a row, which folding would change.
    """
    plain = unquote(text[:LONGEST])
    spellings = dict.fromkeys((plain, plain.lower(), fold_slug(text)))
    return [slug for slug in spellings if slug and "\0" not in slug]
