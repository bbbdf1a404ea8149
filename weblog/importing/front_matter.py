"""The values above the text of a Markdown file: YAML, TOML or JSON. Imports no Django.

Every value is read as text, so that a title of 2016 or No stays one. Names are told in small
letters: Hugo takes publishDate and publishdate for the same.
"""

import datetime as dt
import json
import re
import tomllib

import yaml

LONGEST = 20_000  # characters
MOST_DEEP = 4  # values in values: a list of Jekyll's defaults has so many

FENCED = {
    "yaml": re.compile(
        r"---[ \t]*(?:yaml|yml)?[ \t]*\n(.*?\n|)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
    ),
    "toml": re.compile(r"\+\+\+[ \t]*\n(.*?\n|)\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL),
    "json": re.compile(
        r"(?:---[ \t]*json[ \t]*|;;;[ \t]*)\n(.*?\n|)(?:---|;;;)[ \t]*(?:\n|\Z)", re.DOTALL
    ),
    "toml in ---": re.compile(r"---[ \t]*toml[ \t]*\n(.*?\n|)---[ \t]*(?:\n|\Z)", re.DOTALL),
}
OTHER_LANGUAGE = re.compile(r"---[ \t]*([a-zA-Z]\w*)[ \t]*\n")
NAMES_OF = ("name", "title", "display_name", "label", "id", "slug", "value")


class Unreadable(Exception):
    """The front matter can't be read. The message says where, and why."""


class TextLoader(yaml.BaseLoader):
    """Reads each value as text. Refuses aliases, which can explode, and a name that comes twice."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="an alias (*) is not read", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        names = [key.value.lower() for key, _ in node.value if isinstance(key.value, str)]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise yaml.MarkedYAMLError(
                problem=f"“{twice[:80]}” stands there twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def split_front_matter(text: str) -> tuple[dict, str] | None:
    """Return {name: text, list or dict of them} and the text below; None if there is none.

    Raises Unreadable.
    """
    start = len(text) - len(text.lstrip())
    for kind, pattern in FENCED.items():
        if matched := pattern.match(text, start):
            return _load(kind, matched[1], text[:start].count("\n")), text[matched.end() :]
    if text.startswith("{", start) and not text.startswith(("{%", "{{", "{#"), start):
        return _load_leading_object(text, start)
    if matched := OTHER_LANGUAGE.match(text, start):
        raise Unreadable(
            f"line 1: front matter in {matched[1]} is not read; YAML, TOML and JSON are."
        )
    return None


def _load_leading_object(text, start):
    try:
        values, end = json.JSONDecoder().raw_decode(text[: start + LONGEST], start)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise Unreadable(f"line {line}: the JSON above the text can't be read.") from error
    return _tidy(values), text[end:]


def read_values(kind: str, text: str) -> dict:
    """Return the values in a whole file of YAML, TOML or JSON. Raises Unreadable."""
    return _load(kind, text, 0)


def _load(kind, text, lines_before):
    if len(text) > LONGEST:
        raise Unreadable(f"front matter: the front matter is longer than {LONGEST:,} characters.")
    try:
        if kind == "yaml":
            # Tabs at the end of a line mean nothing and stop YAML all the same.
            lines = [line.rstrip(" \t") for line in text.split("\n")]
            values = yaml.load("\n".join(lines), TextLoader)  # noqa: S506 (builds but text)
        elif kind == "json":
            values = json.loads(text)
        else:
            values = tomllib.loads(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 2 + lines_before}" if mark else "front matter"
        problem = getattr(error, "problem", None) or "nested too deeply"
        raise Unreadable(f"{line}: {problem}.") from error
    except ValueError as error:
        raise Unreadable(f"front matter: {error}.") from error
    return _tidy({} if values in (None, "") and kind != "json" else values)


def _tidy(values):
    if not isinstance(values, dict):
        raise Unreadable("line 2: the front matter is no list of “name: value”.")
    return {str(name).lower(): _as_text(value) for name, value in values.items()}


def _as_text(value, depth=0):
    """Return texts, lists of texts and dicts of texts; what lies deeper goes."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case int() | float():
            return str(value)
        case dt.date() | dt.time():  # datetime is a date
            return value.isoformat()
        case list() if depth < MOST_DEEP:
            return [_as_text(each, depth + 1) for each in value]
        case dict() if depth < MOST_DEEP:
            return {str(name).lower(): _as_text(each, depth + 1) for name, each in value.items()}
    return ""


def list_texts(value) -> list[str]:
    """Return the texts in a value: itself, its elements, or the names of people or tags in it."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, list):
        return [text for each in value for text in list_texts(each)]
    if isinstance(value, dict):
        named = next((value[name] for name in NAMES_OF if value.get(name)), "")
        return list_texts(named)
    return []
