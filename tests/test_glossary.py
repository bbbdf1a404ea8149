"""One name for each thing: the table in docs/contributing.md, against all that people read."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin

from backoffice.navigation import NAVIGATION

pytestmark = pytest.mark.any_database

ROOT = Path(settings.BASE_DIR)
ROW = re.compile(r"^\| ([^|]+) \| [^|]+ \| `(\w+)` of (\w+) \| ([^|]+) \|$", re.MULTILINE)
ROOMS = ["backoffice", "weblog", "billing"]
OURS = ["auth", "axes", *ROOMS]
# What a template says to Django and to the browser, not to people.
MARKUP = re.compile(
    r"{#.*?#}|{%.*?%}|{{.*?}}|<!--.*?-->|<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL
)
CODE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)", re.DOTALL)


def read_glossary():
    text = (ROOT / "docs/contributing.md").read_text()
    return {
        f"{app}.{model}": (word, never.split(", ")) for word, model, app, never in ROW.findall(text)
    }


@pytest.fixture(scope="module")
def never():
    """A pattern that finds each word which the table forbids."""
    words = [word for _, banned in read_glossary().values() for word in banned]
    return re.compile(rf"\b({'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)


def list_names():
    """Yield (where, name) of menus, models, fields, rights and the admin's empty lists."""
    for section, links in NAVIGATION.items():
        yield "menu", section
        yield from (("menu", link.title) for link in links)
    for model in [one for label in OURS for one in apps.get_app_config(label).get_models()]:
        meta = model._meta
        yield meta.label, str(meta.verbose_name)
        yield meta.label, str(meta.verbose_name_plural)
        for field in meta.get_fields() if meta.app_label in ROOMS else ():
            yield f"{meta.label}.{field.name}", str(getattr(field, "verbose_name", ""))
            for _, choice in getattr(field, "flatchoices", ()):
                yield f"{meta.label}.{field.name}", str(choice)
        yield from ((meta.label, str(name)) for _, name in meta.permissions)
        if model_admin := admin.site._registry.get(model):
            yield meta.label, f"{model_admin.empty_list_text} {model_admin.empty_list_step}"


def list_texts():
    """Yield (file, what people read in it) of templates and pages of documentation."""
    for room in ROOMS:
        for file in sorted((ROOT / room).glob("**/templates/**/*.*")):
            yield file.relative_to(ROOT), MARKUP.sub(" ", file.read_text())
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = file.read_text()
        yield file.relative_to(ROOT), CODE.sub(" ", ROW.sub("", text))


def test_every_link_of_the_menu_has_its_word():
    glossary = read_glossary()
    assert {link.model for links in NAVIGATION.values() for link in links} == set(glossary)


def test_menu_and_model_have_one_name():
    links = {link.model: link.title for links in NAVIGATION.values() for link in links}
    names = {
        model._meta.label_lower: model._meta.verbose_name_plural for model in apps.get_models()
    }
    shared = links.keys() & names.keys()
    assert len(shared) > 25
    assert {label: links[label].lower() for label in shared} == {
        label: str(names[label]).lower() for label in shared
    }


def test_no_name_is_a_word_that_the_glossary_forbids(never):
    names = list(list_names())
    assert len(names) > 500
    assert [(where, name) for where, name in names if never.search(name)] == []


def test_no_page_says_a_word_that_the_glossary_forbids(never):
    found = [(str(file), match[0]) for file, text in list_texts() for match in never.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("All blog posts of the month", "blog posts"),
        ("The Payout run of May", "Payout run"),
        ("A payout batch; a topical blog", None),
    ],
)
def test_words_are_found_as_they_stand(text, found, never):
    match = never.search(text)
    assert (match and match[0]) == found
