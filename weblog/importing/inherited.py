"""What holds posts back in another file than theirs. Imports no Django.

Hugo's cascade in the _index of a section, Eleventy's data of a folder or of one file as JSON, and
the defaults in Jekyll's _config: gohugo.io/content-management/front-matter/#cascade,
11ty.dev/docs/data-template-dir, jekyllrb.com/docs/configuration/front-matter-defaults. Only what
says whether and from when a post is public is taken over, and a post's own word counts before it.
"""

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from backoffice.bounded_child import Refused
from weblog.importing.front_matter import Unreadable, read_values, split_front_matter
from weblog.importing.states import OF_STATE, find_fields, is_false, join_words

CONFIGS = {"_config.yml": "yaml", "_config.yaml": "yaml", "_config.toml": "toml"}
DATA_SUFFIXES = (".11tydata.json", ".json")
# Formats of Hugo's pages: gohugo.io/content-management/formats
OF_PAGES = (
    ".md", ".markdown", ".mdown", ".html", ".htm", ".adoc", ".asciidoc", ".org", ".rst", ".pandoc",
)  # fmt: skip
OF_BUILDING = ("build", "_build")


class Inherited:
    """The rules that the files of an archive or a folder hold, the nearest to a post last."""

    def __init__(self, files: Sequence[tuple[str, Callable[[], bytes]]]) -> None:
        found = sorted(files, key=lambda file: (file[0].count("/"), file[0]))
        stems = {path.rpartition(".")[0] for path, _ in files if not path.endswith(".json")}
        self._rules = [
            (PurePosixPath(path).name, applies, values)
            for path, read in found
            if _may_hold_rules(path, stems)
            for applies, values in _read_rules(path, read)
        ]

    def fill_in(self, record: dict, path: str) -> dict:
        """Return the record of the post at `path` with what it takes over, and a note of each."""
        if "values" not in record:
            return record
        own = {join_words(name) for name in record["values"]}
        values, notes = {}, {}
        for file_name, applies, given in self._rules:
            for name, value in given.items() if applies(path) else ():
                if join_words(name) not in own:
                    values[name] = value
                    notes[name] = f"“{name[:40]}” taken over from {file_name[:80]}"
        return record | {
            "values": values | record["values"],
            "notes": record["notes"] | dict.fromkeys(notes.values(), 1),
        }


def _may_hold_rules(path, stems):
    """Whether to read a file: of JSON, only what is named as a folder or as a file beside it."""
    pure = PurePosixPath(path)
    name = pure.name.lower()
    if not path.endswith(".json"):
        return name in CONFIGS or (name.startswith("_index.") and name.endswith(OF_PAGES))
    stem = _find_stem(path)
    folder = pure.parent.name
    return stem in stems or (folder != "" and stem.rpartition("/")[2] == folder)


def _find_stem(path):
    return next(path[: -len(end)] for end in DATA_SUFFIXES if path.endswith(end))


def _read_rules(path: str, read: Callable[[], bytes]) -> Iterator[tuple[Callable, dict]]:
    """Yield (which paths it is for, values).

    Of a file that can't be read nobody knows what it holds back: no state is understood there.
    Plain JSON may be anything, so what is no object there is nothing of ours.
    """
    pure = PurePosixPath(path)
    folder = "" if str(pure.parent) == "." else f"{pure.parent}/"
    name = pure.name.lower()
    try:
        text = read().decode("utf-8-sig").replace("\r\n", "\n")
        if name in CONFIGS:
            yield from _read_defaults(read_values(CONFIGS[name], text), folder)
        elif name.startswith("_index."):
            values, _ = split_front_matter(text) or ({}, "")
            yield from _read_cascade(values.get("cascade"), folder)
        elif values := _of_state(read_values("json", text)):
            yield _make_data_test(pure, folder), values
    except (Refused, Unreadable, UnicodeDecodeError, OSError):
        unknown = {"draft": f"{pure.name[:80]} can’t be read"}
        if name.endswith(DATA_SUFFIXES[0]):
            yield _make_data_test(pure, folder), unknown
        elif not name.endswith(".json"):
            yield lambda path: path.startswith(folder), unknown


def _make_data_test(pure, folder):
    """A file of data is for the folder of its name, or for the file of its name beside it."""
    stem = _find_stem(pure.name)
    start = folder if stem == pure.parent.name else f"{folder}{stem}."
    return lambda path: (
        path.startswith(start) and (start == folder or "/" not in path.removeprefix(folder))
    )


def _read_cascade(cascade, folder):
    for each in cascade if isinstance(cascade, list) else [cascade]:
        if not isinstance(each, dict):
            continue
        target = each.get("_target") or each.get("target") or {}
        target = target if isinstance(target, dict) else {}
        kind = str(target.get("kind", "page"))
        if "page" not in kind and "*" not in kind:
            continue
        pattern = str(target.get("path", "")).strip("/")
        if "{" in pattern:
            pattern = ""  # one of several: rather a draft too many
        if values := _of_state(each):
            yield _make_cascade_test(folder, pattern), values


def _make_cascade_test(folder, pattern):
    """Hugo's paths lead from the folder content, without the end of the file's name.

    The one of s/a/index.md is s/a.
    """

    def applies(path):
        if not path.startswith(folder):
            return False
        logical = path.rpartition("content/")[2].lower().rpartition(".")[0].removesuffix("/index")
        return not pattern or fnmatch.fnmatchcase(logical, pattern.lower())

    return applies


def _read_defaults(config, folder):
    defaults = config.get("defaults")
    for each in defaults if isinstance(defaults, list) else []:
        if not isinstance(each, dict) or not isinstance(each.get("values"), dict):
            continue
        scope = each.get("scope") if isinstance(each.get("scope"), dict) else {}
        if values := _of_state(each["values"]):
            yield _make_scope_test(folder, str(scope.get("path", "")), scope.get("type")), values


def _make_scope_test(folder, prefix, kind):
    prefix = prefix.strip("/")

    def applies(path):
        if not path.startswith(folder):
            return False
        own = path.removeprefix(folder)
        folders = PurePosixPath(own).parts[:-1]
        if kind == "pages":
            if any(each.startswith("_") for each in folders):
                return False
        elif kind and f"_{kind}" not in folders:
            return False
        if "*" in prefix:
            return fnmatch.fnmatchcase(own, f"{prefix}*")
        return not prefix or own == prefix or own.startswith(f"{prefix}/")

    return applies


def _of_state(values):
    """Return the values that say whether and from when a post is public."""
    found = dict(find_fields(values, OF_STATE))
    found |= {name: values[name] for name in OF_BUILDING if isinstance(values.get(name), dict)}
    if is_false(values.get("permalink")):
        found["permalink"] = values["permalink"]
    return found
