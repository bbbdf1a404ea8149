"""Names as files to banks may hold them: in the letters of SEPA or of NACHA, and what that changes.

SEPA: EPC 217-08, “SEPA requirements for an extended character set”, best practices: the letters,
digits and / - ? : ( ) . , ' + and space; a letter with an accent becomes the one without it, and
what has no counterpart a full stop. NACHA: the operating rules, appendix three: ASCII, in capitals.
"""

import re
import unicodedata

SEPA = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
NO_COUNTERPART = "."
SIGNS = {
    "&": "+", "_": "-", "~": "-", "`": "'", "´": "'", "’": "'", "‘": "'", "“": "'", "”": "'",
    '"': "'", "„": "'", "«": "'", "»": "'", "[": "(", "{": "(", "]": ")", "}": ")", "\\": "/",
    "|": "/", ";": ",", "–": "-", "—": "-", "‐": "-", "‑": "-", "€": "E", "…": "...",
}  # fmt: skip
LETTERS = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ł": "l", "Ł": "L", "ħ": "h",
    "Ħ": "H", "ı": "i", "ĸ": "k", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "ſ": "s", "ŀ": "l",
}  # fmt: skip
# ISO 843 and the EPC's table for Greek; the streamlined system of Bulgaria for Cyrillic, with the
# letters of Ukraine, Serbia and Macedonia beside it.
GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i",
    "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s",
    "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i",
    "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sht", "ъ": "a",
    "ь": "y", "ю": "yu", "я": "ya", "ы": "y", "э": "e", "ё": "yo", "і": "i", "є": "ye", "ї": "yi",
    "ґ": "g", "ћ": "c", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj", "џ": "dz", "ѓ": "g", "ќ": "k",
    "ѕ": "dz",
}  # fmt: skip
LOWER = GREEK | CYRILLIC
NACHA_SIGNS = frozenset(" .,-/&'()+:;#@$%*=?!\"_")
FORMULA_STARTS = "=+-@'"


def write_sepa(text: str) -> str:
    """Return the text in the letters of SEPA. Nothing of it may be left but full stops."""
    written = "".join(_write_letter(letter) for letter in _clean(text))
    return " ".join(written.split())


def write_nacha(text: str) -> str:
    """Return the text in capitals of ASCII."""
    written = "".join(
        letter
        if letter.isascii() and (letter.isalnum() or letter in NACHA_SIGNS)
        else _write_letter(letter)
        for letter in _clean(text)
    )
    return " ".join(written.upper().split())


def says_a_name(written: str) -> bool:
    """Whether there are letters or digits, and half of the signs that are left are such."""
    signs = written.replace(" ", "")
    return bool(signs) and sum(sign.isalnum() for sign in signs) * 2 >= len(signs)


def drop_formula(text: str) -> str:
    """Return the text without what a spreadsheet would take for the beginning of a formula."""
    return text.lstrip(FORMULA_STARTS + " ")


def _clean(text: str) -> str:
    """Return the text composed, without what has no form: NUL, controls, marks of direction."""
    composed = unicodedata.normalize("NFC", re.sub(r"[\t\r\n]", " ", text))
    return "".join(one for one in composed if unicodedata.category(one) not in ("Cc", "Cf", "Cs"))


def _write_letter(letter: str) -> str:
    if letter in SEPA:
        return letter
    if letter.isspace():
        return " "
    for table in (SIGNS, LETTERS):
        if letter in table:
            return table[letter]
    if found := _write_foreign(letter):
        return found
    plain = "".join(
        part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)
    )
    if plain == letter or len(plain) == 0:
        return "" if unicodedata.combining(letter) else NO_COUNTERPART
    return "".join(_write_letter(part) for part in plain)


def _write_foreign(letter: str) -> str:
    if letter in LOWER:
        return LOWER[letter]
    return LOWER.get(letter.lower(), "").capitalize()
