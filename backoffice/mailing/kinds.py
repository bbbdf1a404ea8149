"""The kinds of mails. Each app registers its own in its AppConfig.ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # alerts load this module before there are models
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class MailKind:
    """What a mail is about. `key` is stored with each one; `label` completes “A mail about …”."""

    key: str
    label: str
    permission: str = ""  # who gets it: beside those whom it is about, nobody
    is_security: bool = False  # then nobody can turn it off


OTHER = MailKind(key="other", label="something else")
ACCOUNT = MailKind(key="account", label="my account and its rights", is_security=True)
PASSWORD_LINK = MailKind(key="link", label="a link to a password", is_security=True)

_kinds: dict[str, MailKind] = {}


def register_kind(kind: MailKind) -> None:
    _kinds[kind.key] = kind


def list_kinds() -> dict[str, MailKind]:
    """Return {key: kind}, in the order in which they were registered."""
    return dict(_kinds)


def name_kind(key: str) -> str:
    """Return the label of a kind; its key, if its app is not installed any more."""
    return _kinds[key].label if key in _kinds else key


def list_kinds_for(user: User) -> list[MailKind]:
    """Return the kinds of which the person may turn off those that are no matter of security."""
    return [
        kind
        for kind in _kinds.values()
        if (kind.permission and user.has_perm(kind.permission)) or kind.is_security
    ]


for _kind in (ACCOUNT, PASSWORD_LINK, OTHER):
    register_kind(_kind)
