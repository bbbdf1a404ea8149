"""Details of payees that people entered or confirmed, where a batch pays by them."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from billing.models import BatchAct, PaidPayee, PayeeAuthor, PayeeDetails
from billing.payouts.acts.window import Act, Period

Kind = BatchAct.Kind
VERBS = {"+": "Entered", "~": "Confirmed"}
# Two acts, mostly of one moment: to which account, and whose money goes there.
TEXTS = {
    "details": "{verb} the payment details of {payee}",
    "author": "{verb} whose money {payee} gets",
}


def find_payee_acts(period: Period) -> Iterator[Act]:
    """Yield who entered or confirmed what the batch's payments go by. Three queries.

    What they go by counts whenever it was done: the batch would pay elsewhere without it.
    """
    copies = PaidPayee.objects.filter(payment__batch=period.batch)
    sums: defaultdict[int, Decimal] = defaultdict(Decimal)
    for payee, amount in copies.values_list("payee", "payment__amount").iterator():
        sums[payee] += amount
    versions = PayeeDetails.history.filter(id__in=copies.values("version"))
    links = PayeeAuthor.history.filter(
        payee__in=copies.values("payee"), author__in=copies.values("payment__author")
    )
    for what, records in (("details", versions), ("author", links)):
        people = records.filter(history_user__isnull=False, withdrawn_at=None)
        if period.end:
            people = people.filter(history_date__lte=period.end)
        for record in people.select_related("payee").order_by("history_id"):
            yield Act(
                Kind.PAYEE,
                f"payee {record.payee_id}, {what} change {record.history_id}",
                TEXTS[what].format(verb=VERBS[record.history_type], payee=record.payee),
                sums[record.payee_id],
                record.history_user_id,
                record.history_date,
            )
