"""One name or several: “Ann Other and Bo Second” are proposed as two people."""

import re

BETWEEN = re.compile(
    r"\s*[;|\n·•、،]\s*|\s*,\s*(?:and|und|et|&)\s+|\s*,\s*|\s+(?:and|und|et|with|mit)\s+|\s*&\s*"
    r"|\s+[+/]\s+",
    re.IGNORECASE,
)
BETWEEN_FULL_NAMES = re.compile(r"\s+(?:y|e)\s+")  # “José Ortega y Gasset” is one person
SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d|esq|mba|msc|ma|dr|prof)\.?", re.IGNORECASE)
BY = re.compile(r"\A(?:by|von|par)\s+", re.IGNORECASE)
WITH = re.compile(r"\s*\((?:with|mit|and|und)\s+([^()]+)\)\s*\Z", re.IGNORECASE)
MOST = 20  # people in one string


def split_names(text: str) -> list[str]:
    """Return the people that a string seems to name; itself where it is one name."""
    text = WITH.sub(r" with \1", text)
    if "@" in text or len(text) > 500:
        return [text]
    names: list[str] = []
    for part in BETWEEN.split(BY.sub("", text.strip())):
        for name in _split_full_names(" ".join(part.split())):
            if SUFFIX.fullmatch(name) and names:
                names[-1] += f", {name}"
            elif name:
                names.append(name)
    names = list(dict.fromkeys(names))
    return names if len(names) <= MOST and names else [text]


def _split_full_names(text):
    parts = BETWEEN_FULL_NAMES.split(text)
    return parts if all(" " in part for part in parts) else [text]
