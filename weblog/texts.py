"""The fields that make up a blog's text: the ones that people write, compare and restore."""

from django.db.models import Model

TEXT_FIELDS = ("title", "summary", "body")


def get_text(source: Model) -> dict[str, str]:
    """Return the text of a blog, of a new text or of a version of either."""
    return {name: getattr(source, name) for name in TEXT_FIELDS}


def set_text(target: Model, text: dict[str, str]) -> None:
    for name in TEXT_FIELDS:
        setattr(target, name, text[name])
