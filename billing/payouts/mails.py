"""Mails about a batch to the people who take its next step.

They go out after the step is committed. A failed mail is logged and does not undo the step. No mail
names an author.
"""

from collections.abc import Iterator
from functools import partial

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet, Sum
from django.template.loader import render_to_string

from backoffice.mails import Letter, find_url, mail_after_commit, write_mails
from billing.mail_kinds import BATCHES
from billing.models import PayoutBatch
from billing.money import format_amount
from billing.proof import sealing
from billing.signals import batch_approved

NOBODY = 0  # no account has this key


def mail_submitted(batch: PayoutBatch) -> None:
    """Ask the approvers who have not signed the batch to look at it."""
    signers = [pk for pk in (batch.submitted_by_id, batch.approved_by_id) if pk]
    approvers = User.objects.with_perm("billing.approve_payoutbatch").exclude(pk__in=signers)
    _mail_after_commit(f"Approve the payout of {batch}", "submitted", batch, to=approvers)


def mail_returned(batch: PayoutBatch, *, to: User | None) -> None:
    """Tell the submitter why the batch is a draft again."""
    submitter = User.objects.filter(pk=to.pk if to else NOBODY)
    _mail_after_commit(f"The payout of {batch} was returned", "returned", batch, to=submitter)


def mail_approved(batch: PayoutBatch) -> None:
    """Tell the submitter, and everybody who exports payments, that the batch can be paid.

    Its authors are told of their statements: billing.statements.mails.
    """
    finance = User.objects.with_perm("billing.export_payoutbatch", include_superusers=False)
    to = finance | User.objects.filter(pk=batch.submitted_by_id or NOBODY)
    _mail_after_commit(f"The payout of {batch} is approved", "approved", batch, to=to)
    batch_approved.send(PayoutBatch, batch=batch)


def _mail_after_commit(
    subject: str, template: str, batch: PayoutBatch, *, to: QuerySet[User]
) -> None:
    write = partial(_write, subject, template, batch, to=to)
    mail_after_commit(write, about=f"the payout batch {batch.pk}")


def _write(
    subject: str, template: str, batch: PayoutBatch, *, to: QuerySet[User]
) -> Iterator[Letter]:
    addresses = to.filter(is_active=True).values_list("email", flat=True)
    text = render_to_string(f"billing/mail/{template}.txt", _describe(batch))
    return write_mails(subject, text, to=addresses, kind=BATCHES)


def _describe(batch: PayoutBatch) -> dict:
    sums = batch.payments.aggregate(
        total=Sum("amount", default=0),
        paying=Count("pk", filter=Q(amount__gt=0)),
        kept_back=Count("pk", filter=Q(amount=0)),
    )
    return {
        "batch": batch,
        "total": format_amount(sums.pop("total"), currency=batch.currency),
        **sums,
        "url": find_url("billing_payoutbatch_change", batch.pk),
        "seal": sealing.chain_head(),
    }
