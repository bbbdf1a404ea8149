"""What the home page shows of mails, to people who may see their record."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.urls import reverse

from backoffice.home import Task, register_tasks
from backoffice.mailing.models import Mail

TRIES_BEFORE_IT_SHOWS = 2


def offer_home() -> None:
    register_tasks("mails", list_tasks, order=80)


def list_tasks(user: User) -> Iterator[Task]:
    """Yield that mails failed, and that the mail server does not take any."""
    if not user.has_perm("backoffice.view_mail"):
        return
    url = "admin:backoffice_mail_changelist"
    is_late = Q(state=Mail.State.WAITING, tries__gte=TRIES_BEFORE_IT_SHOWS)
    failed, late = (
        Mail.objects.filter(Q(state=Mail.State.FAILED) | is_late)
        .order_by()
        .aggregate(
            failed=Count("pk", filter=Q(state=Mail.State.FAILED)),
            late=Count("pk", filter=is_late),
        )
        .values()
    )
    if failed:
        text = f"{_count(failed)} could not be sent: see why, and tell the people yourself"
        yield {"text": text, "link": reverse(url, query={"state__exact": "failed"})}
    if late:
        text = f"{_count(late)} wait, because the mail server did not take them"
        yield {"text": text, "link": reverse(url, query={"state__exact": "waiting"})}


def _count(number: int) -> str:
    return "1 mail" if number == 1 else f"{number:,} mails"
