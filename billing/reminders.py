"""What waits for the people who pay authors, for their mail of the day.

What is due is read from the batches as they stand, so a mail about a step that was lost is made up
for here. No reminder names an author or an account.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Max

from backoffice.mailing.reminders import Reminder, register_reminders
from backoffice.mails import MailKind, find_url
from billing.mail_kinds import CONFIRMATIONS, REMINDERS
from billing.models import PayeeAuthor, PayeeDetails, Payment, PayoutBatch
from billing.money import format_amount
from billing.payouts.alarms import describe, find_overdue
from billing.payouts.outstanding import list_known
from billing.proof import sealing


def offer_reminders() -> None:
    register_reminders("billing.batches", list_batches)
    register_reminders("billing.payees", list_payees)
    register_reminders("billing.waiting", list_waiting_money)


def list_batches(at: dt.datetime) -> Iterator[Reminder]:
    """Yield each batch whose next step waits, to those who may take it."""
    late = at - dt.timedelta(days=settings.REMIND_AFTER_DAYS)
    for batch in PayoutBatch.objects.drafts().with_totals():
        yield from _remind_of_draft(batch, late=late, at=at)
    for batch in PayoutBatch.objects.awaiting_approval().with_totals():
        if batch.submitted_at <= late:
            signers = [pk for pk in (batch.submitted_by_id, batch.approved_by_id) if pk]
            yield from _remind(
                batch,
                f"approval:{batch.submitted_at:%Y%m%d%H%M%S}",
                f"has waited for {_days(batch.submitted_at, at)} for an approver",
                _people("billing.approve_payoutbatch").exclude(pk__in=signers),
            )
    approved = PayoutBatch.objects.awaiting_results().with_totals()
    for batch in approved.annotate(exported_at=Max("exports__at")):
        yield from _remind_of_approved(batch, late=late, at=at)
    yield from _remind_of_failures()


def _remind_of_draft(batch: PayoutBatch, *, late: dt.datetime, at: dt.datetime):
    finance = _people("billing.submit_payoutbatch")
    built = f"{batch.built_at:%Y%m%d%H%M%S}"
    if batch.built_at > late:
        yield from _remind(batch, f"ready:{built}", "is ready to be checked and submitted", finance)
        return
    words = f"has waited for {_days(batch.built_at, at)} to be submitted"
    yield from _remind(batch, f"submission:{built}", words, finance)


def _remind_of_approved(batch, *, late: dt.datetime, at: dt.datetime):
    if batch.exported_at is None:
        if batch.approved_at <= late:
            words = f"was approved {_days(batch.approved_at, at)} ago, and no file was exported yet"
            yield from _remind(batch, "export", words, _people("billing.export_payoutbatch"))
    elif batch.exported_at <= late:
        words = f"was sent {_days(batch.exported_at, at)} ago, and payments have no result yet"
        key = f"results:{batch.exported_at:%Y%m%d%H%M%S}"
        yield from _remind(batch, key, words, _people("billing.settle_payoutbatch"))


def _remind_of_failures() -> Iterator[Reminder]:
    """Yield the batches of which payments failed, and wait for a batch that pays them again."""
    failed = Payment.objects.outstanding().filter(status=Payment.Status.FAILED)
    counts = dict(failed.order_by().values_list("batch").annotate(count=Count("pk")))
    for batch in PayoutBatch.objects.filter(pk__in=counts).with_totals():
        count = counts[batch.pk]
        waits = "1 payment that failed and waits" if count == 1 else f"{count:,} that failed"
        words = f"has {waits if count == 1 else f'{waits} and wait'} to be paid again"
        finance = _people("billing.submit_payoutbatch")
        yield from _remind(batch, f"failed:{count}", words, finance)


def list_payees(at: dt.datetime) -> Iterator[Reminder]:
    """Yield the payees whose details nobody confirmed for days, to those who may."""
    late = at - dt.timedelta(days=settings.REMIND_AFTER_DAYS)
    for model in (PayeeDetails, PayeeAuthor):
        for entry in model.objects.unconfirmed().filter(entered_at__lte=late):
            people = _people("billing.confirm_payee").exclude(pk=entry.entered_by_id)
            url = find_url("billing_payee_change", entry.payee_id)
            text = (
                f"Payment details of payee {entry.payee_id} wait to be confirmed since "
                f"{entry.entered_at:%-d %b %Y}."
            )
            key = f"payee:{model._meta.model_name}:{entry.pk}"
            yield from _tell(people, kind=CONFIRMATIONS, key=key, text=text, url=url)


def list_waiting_money(at: dt.datetime) -> Iterator[Reminder]:
    """Yield once more what finance was told of, if it still waits."""
    told = at - dt.timedelta(days=settings.REMIND_AGAIN_DAYS)
    if not (overdue := find_overdue(list_known(), at=told)):
        return
    oldest = min(row.since for row in overdue)
    text = (
        f"{describe(overdue)} waited for more than {settings.OUTSTANDING_ALARM_DAYS} days, "
        f"the oldest since {oldest:%-d %b %Y}."
    )
    yield from _tell(
        _people("billing.submit_payoutbatch"),
        kind=REMINDERS,
        key=f"waiting:{oldest:%Y%m%d}",
        text=text,
        url=find_url("billing_payment_changelist") + "?waits=yes",
        proof=_prove(),
    )


def _remind(batch, key: str, words: str, people: Iterable[User]) -> Iterator[Reminder]:
    total = format_amount(batch.total, currency=batch.currency)
    yield from _tell(
        people,
        kind=REMINDERS,
        key=f"batch:{batch.pk}:{key}",
        text=f"The payout batch of {batch} ({total}) {words}.",
        url=find_url("billing_payoutbatch_change", batch.pk),
        proof=_prove(),
    )


def _tell(
    people: Iterable[User], *, kind: MailKind, key: str, text: str, url: str, proof: str = ""
) -> Iterator[Reminder]:
    for person in people:
        yield Reminder(person=person.pk, kind=kind, key=key, text=text, url=url, proof=proof)


def _people(permission: str):
    return User.objects.with_perm(permission, include_superusers=False).order_by("pk")


def _days(since: dt.datetime, at: dt.datetime) -> str:
    days = (at - since).days
    return "1 day" if days == 1 else f"{days} days"


def _prove() -> str:
    head = sealing.chain_head()
    if head is None:
        return "Nothing has been sealed yet, so there is no chain of seals."
    return f"Head of the chain of seals: number {head.number},\n{head.hash}"
