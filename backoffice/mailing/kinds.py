"""The kinds of mails. Each app registers its own in its AppConfig.ready."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MailKind:
    """What a mail is about. `key` is stored with each one; `label` completes “A mail about …”."""

    key: str
    label: str
    permission: str = ""  # who gets it: beside those whom it is about, nobody
    is_security: bool = False  # then nobody can turn it off
    comes_at_once: bool = True  # reminders come in the mail of the day alone

    @property
    def is_choosable(self) -> bool:
        return bool(self.permission) and not self.is_security


OTHER = MailKind(key="other", label="something else")
ACCOUNT = MailKind(key="account", label="my account and its rights", is_security=True)
PASSWORD_LINK = MailKind(key="link", label="a link to a password", is_security=True)

SUMMARY = MailKind(key="summary", label="what waits for me, once a day")

_kinds: dict[str, MailKind] = {}


def register_kind(kind: MailKind) -> None:
    _kinds[kind.key] = kind


def list_kinds() -> dict[str, MailKind]:
    """Return {key: kind}, in the order in which they were registered."""
    return dict(_kinds)


def name_kind(key: str) -> str:
    """Return the label of a kind; its key, if its app is not installed any more."""
    return _kinds[key].label if key in _kinds else key


for _kind in (ACCOUNT, PASSWORD_LINK, SUMMARY, OTHER):
    register_kind(_kind)
