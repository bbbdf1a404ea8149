"""Once a day one mail to each person: what waits for them, and the mails they want once a day.

Apps register functions that list reminders. Each is said when it is due, and again while it still
is, after REMIND_AGAIN_DAYS. That it was said is written in the transaction that writes the mail:
so a run that is killed loses nothing and says nothing twice, and the next one goes on.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.timezone import localdate

from backoffice.mailing import records
from backoffice.mailing.choices import How
from backoffice.mailing.kinds import SUMMARY, MailKind
from backoffice.mailing.models import Mail, MailChoice, ReminderSaid
from backoffice.mails import find_url, write_mails
from backoffice.people import full_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """Something that waits for a person. `key` is the same as long as it is the same thing."""

    person: int
    kind: MailKind
    key: str
    text: str  # a sentence
    url: str
    proof: str = ""  # where money is named: the head of the chain


type Lister = Callable[[dt.datetime], Iterable[Reminder]]

_listers: dict[str, Lister] = {}


def register_reminders(name: str, lister: Lister) -> None:
    _listers[name] = lister


def write_summaries(*, at: dt.datetime) -> int:
    """Write the mail of the day of each person who has one, and return how many there are.

    The job `send_mails` sends them, as any mail that waits.
    """
    due = _find_due(at)
    collected = Mail.objects.filter(state=Mail.State.COLLECTED, summary=None)
    waiting = set(collected.exclude(person=None).values_list("person", flat=True))
    wrote = 0
    for person in User.objects.filter(pk__in=due.keys() | waiting, is_active=True).order_by("pk"):
        try:
            wrote += _write_summary(person, due.get(person.pk, []), at=at)
        except Exception:  # one person's trouble is not that of the others
            logger.exception("The mail of the day to account %s could not be written.", person.pk)
    return wrote


def _find_due(at: dt.datetime) -> dict[int, list[Reminder]]:
    """Return {person: their reminders} without those that were said, or that they turned off."""
    since = at - dt.timedelta(days=settings.REMIND_AGAIN_DAYS)
    said = set(ReminderSaid.objects.filter(said_at__gt=since).values_list("person", "key"))
    off = set(MailChoice.objects.filter(how=How.OFF).values_list("person", "kind"))
    due: defaultdict[int, list[Reminder]] = defaultdict(list)
    for reminder in _list_all(at):
        is_off = reminder.kind.is_choosable and (reminder.person, reminder.kind.key) in off
        if not is_off and (reminder.person, reminder.key) not in said:
            due[reminder.person].append(reminder)
    return due


def _list_all(at: dt.datetime) -> Iterator[Reminder]:
    for name, lister in _listers.items():
        try:
            yield from list(lister(at))
        except Exception:
            logger.exception("The reminders of %s could not be listed.", name)


@transaction.atomic
def _write_summary(person: User, reminders: list[Reminder], *, at: dt.datetime) -> int:
    """Write it, unless the person has one of today already or no address."""
    User.objects.select_for_update().get(pk=person.pk)  # of two runs at once, one writes it
    if not person.email or _has_one_of(person, localdate(at)):
        return 0
    mails = list(
        Mail.objects.filter(state=Mail.State.COLLECTED, summary=None, person=person).order_by("pk")
    )
    if not reminders and not mails:
        return 0
    (letter,) = write_mails(
        _name(reminders, mails), _write(person, reminders, mails), to=[person.email], kind=SUMMARY
    )
    row = records.insert([letter], {person.email.lower(): person.pk}, at=at, will_send=False)[0]
    Mail.objects.filter(pk__in=[mail.pk for mail in mails]).update(summary=row)
    ReminderSaid.objects.bulk_create(
        [ReminderSaid(person=person, key=one.key, said_at=at) for one in reminders],
        update_conflicts=True,
        unique_fields=["person", "key"],
        update_fields=["said_at"],
    )
    return 1


def _has_one_of(person: User, day: dt.date) -> bool:
    latest = Mail.objects.filter(person=person, kind=SUMMARY.key).order_by("-made_at").first()
    return latest is not None and localdate(latest.made_at) >= day


def _name(reminders: list[Reminder], mails: list[Mail]) -> str:
    if len(reminders) == 1 and not mails:
        return f"{settings.PRODUCT_NAME}: {reminders[0].text}"
    if not reminders:
        return f"{settings.PRODUCT_NAME}: your mails of the day"
    return f"{settings.PRODUCT_NAME}: {len(reminders)} things wait for you"


def _write(person: User, reminders: list[Reminder], mails: list[Mail]) -> str:
    context = {
        "name": full_name(person),
        "reminders": reminders,
        "mails": mails,
        "proofs": list(dict.fromkeys(one.proof for one in reminders if one.proof)),
        "choices_url": find_url("backoffice_own_mails"),
        "days": settings.REMIND_AGAIN_DAYS,
    }
    return render_to_string("backoffice/mail/summary.txt", context)
