"""How people want their mails: at once, once a day, or not at all. Security has no choice."""

from django.contrib.auth.models import User

from backoffice.mailing.kinds import MailKind, list_kinds
from backoffice.mailing.letters import Letter
from backoffice.mailing.models import MailChoice

How = MailChoice.How


def list_choosable(user: User) -> list[MailKind]:
    """Return the kinds that the person gets and can choose."""
    kinds = list_kinds().values()
    return [kind for kind in kinds if kind.is_choosable and user.has_perm(kind.permission)]


def read_choices(user: User) -> dict[str, str]:
    """Return {key of a kind: how}, of those that the person chose."""
    return dict(MailChoice.objects.filter(person=user).values_list("kind", "how"))


def choose(*, user: User, choices: dict[str, str]) -> None:
    """Keep the choices. Those of kinds that the person does not get stay as they are."""
    offered = {kind.key for kind in list_choosable(user)}
    for key in offered & choices.keys():
        MailChoice.objects.update_or_create(
            person=user, kind=key, defaults={"how": How(choices[key])}
        )


def find_how(letters: list[Letter], people: dict[str, int]) -> dict[tuple[int, str], str]:
    """Return {(person, kind): how} for the mails that somebody can choose. One query at most."""
    kinds = {letter.kind.key for letter in letters if letter.kind.is_choosable}
    if not kinds or not people:
        return {}
    chosen = MailChoice.objects.filter(person__in=people.values(), kind__in=kinds)
    rows = chosen.values_list("person", "kind", "how")
    return {(person, kind): how for person, kind, how in rows}
