"""The text of a blog: what an author writes, and an editor reads, compares and brings back."""

from django.contrib.auth.models import User
from django.db.models import Model

TEXT_FIELDS = ("title", "summary", "body")


def get_text(source: Model) -> dict[str, str]:
    """Return the text of a blog, of a revision or of a version of either."""
    return {name: getattr(source, name) for name in TEXT_FIELDS}


def set_text(target: Model, text: dict[str, str]) -> None:
    for name in TEXT_FIELDS:
        setattr(target, name, text[name])


def save_signed(instance: Model, *, by: User, reason: str) -> Model:
    """Save with one row of history that says who did it and why."""
    instance._history_user = by
    instance._change_reason = reason
    instance.save()
    # Both stick to the instance, and would sign whatever is saved next (simple-history 3.13.0).
    del instance._history_user, instance._change_reason
    return instance
