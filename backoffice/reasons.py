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
    return bool(_list_words(text))


def has_sentence(text: str) -> bool:
    """Whether the text holds two words at least: “ok” is a word, and no sentence."""
    return len(_list_words(text)) > 1


def explain_missing_sentence(text: str, ask: str) -> str:
    """Return why the text is no sentence in answer to `ask`, or an empty text."""
    if not has_word(text):
        return explain_missing_word(text, ask)
    return "" if has_sentence(text) else f"“{_quote(text)}” is no sentence. {ask}"


def explain_missing_word(text: str, ask: str) -> str:
    """Return why the text is no answer to `ask`, which says what to write, or an empty text."""
    if has_word(text):
        return ""
    said = _quote(text)
    return f"“{said}” says nothing. {ask}" if said else ask


def in_words(ask: str) -> Callable[[str], None]:
    """Return a validator for a form's field: it refuses text that is no answer to `ask`."""

    def validate(text: str) -> None:
        if refusal := explain_missing_word(text, ask):
            raise ValidationError(refusal)

    return validate


def in_a_sentence(ask: str) -> Callable[[str], None]:
    """Return a validator for a form's field: it refuses text that is no sentence."""

    def validate(text: str) -> None:
        if refusal := explain_missing_sentence(text, ask):
            raise ValidationError(refusal)

    return validate


def _list_words(text: str) -> list[str]:
    text = unicodedata.normalize("NFC", text).casefold()
    runs = ("".join(run) for is_letter, run in groupby(text, key=_is_letter) if is_letter)
    words: list[str] = []
    for run in runs:
        if _is_whole_word(run[0]):
            words += run
        elif len(set(run)) > 1:
            words.append(run)
    return words


def _quote(text: str) -> str:
    return " ".join(text.split())[:QUOTED_LENGTH]


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _is_whole_word(letter: str) -> bool:
    is_wide = unicodedata.east_asian_width(letter) == "W"
    return is_wide and unicodedata.category(letter) == "Lo"
