"""Whether what somebody typed in answer to “why?” says anything."""

import unicodedata
from collections.abc import Callable
from itertools import groupby

from django.core.exceptions import ValidationError

QUOTED_LENGTH = 40


def has_word(text: str) -> bool:
    """Whether the text holds a word, in any script.

    A word is two different letters beside each other, or one sign that is a word by itself, as in
    Chinese. Vowels that are marks on a letter count as letters.
    """
    text = unicodedata.normalize("NFC", text).casefold()
    runs = ("".join(run) for is_letter, run in groupby(text, key=_is_letter) if is_letter)
    return any(len(set(run)) > 1 or _is_whole_word(run[0]) for run in runs)


def explain_missing_word(text: str, ask: str) -> str:
    """Return why the text is no answer to `ask`, which says what to write, or an empty text."""
    if has_word(text):
        return ""
    said = " ".join(text.split())[:QUOTED_LENGTH]
    return f"“{said}” says nothing. {ask}" if said else ask


def in_words(ask: str) -> Callable[[str], None]:
    """Return a validator for a form's field: it refuses text that is no answer to `ask`."""

    def validate(text: str) -> None:
        if refusal := explain_missing_word(text, ask):
            raise ValidationError(refusal)

    return validate


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _is_whole_word(letter: str) -> bool:
    is_wide = unicodedata.east_asian_width(letter) == "W"
    return is_wide and unicodedata.category(letter) == "Lo"
