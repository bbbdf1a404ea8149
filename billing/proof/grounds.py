"""What a batch rests on besides its own rows, sealed with the approval as it stood then.

Later prices come beside a price, and findings are decided anew. So the seal holds these rows
themselves. Of people it holds a digest of the name, because a person may be made anonymous.
"""

from typing import Any

from django.contrib.auth.models import User

from backoffice.people import full_name
from billing.models import Adjustment, CategoryPrice, Finding, PaymentLine, PayoutBatch
from billing.money import to_millionths
from billing.proof.chains import format_moment
from billing.proof.digests import encode_canonical, hash_text


def describe_grounds(batch: PayoutBatch) -> dict[str, Any]:
    """Return {what: rows, or their number} as they are now, for an approval's seal. Ten queries."""
    prices, findings = list_prices(batch), list_findings(batch)
    return {
        "prices": prices,
        "price_changes": CategoryPrice.history.filter(category__in=list_categories(batch)).count(),
        "findings": findings,
        "people": _list_people(batch, deciders={finding[9] for finding in findings}),
    }


def list_prices(batch: PayoutBatch) -> list[list]:
    """Return all prices of the batch's categories; amounts in millionths."""
    prices = CategoryPrice.objects.filter(category__in=list_categories(batch))
    return [
        [
            price.pk,
            price.category_id,
            price.category.name,
            price.effective_from.isoformat(),
            to_millionths(price.price_per_1000),
            price.note,
        ]
        for price in prices.select_related("category").order_by("category", "effective_from")
    ]


def list_categories(batch: PayoutBatch) -> Any:
    lines = PaymentLine.objects.filter(payment__batch=batch, kind=PaymentLine.Kind.VIEWS)
    return lines.values("category")


def list_findings(batch: PayoutBatch) -> list[list]:
    """Return the findings about views of the batch's months, and what was decided, by whom, why."""
    lines = PaymentLine.objects.filter(payment__batch=batch, kind=PaymentLine.Kind.VIEWS)
    months = {batch.month, *lines.order_by().values_list("month", flat=True).distinct()}
    return [
        [
            finding.pk,
            finding.month.isoformat(),
            finding.blog_id,
            finding.author_id,
            finding.kind,
            finding.views,
            finding.sentence,
            finding.status,
            finding.reason,
            finding.decided_by_id,
            format_moment(finding.decided_at),
        ]
        for finding in Finding.objects.filter(month__in=months).order_by("pk")
    ]


def _list_people(batch: PayoutBatch, *, deciders: set) -> list[list]:
    """Return [id, digest of the name] of all who signed, changed or decided something here."""
    lines = PaymentLine.objects.filter(payment__batch=batch)
    histories = (
        batch.history.all(),
        CategoryPrice.history.filter(category__in=list_categories(batch)),
        Adjustment.history.filter(id__in=lines.values("adjustment")),
    )
    people = {batch.submitted_by_id, batch.approved_by_id, batch.second_approved_by_id, *deciders}
    people.update(batch.acknowledgements.values_list("by_id", flat=True))
    for history in histories:
        people.update(history.order_by().values_list("history_user", flat=True).distinct())
    makers = Adjustment.objects.filter(pk__in=lines.values("adjustment"))
    people.update(makers.order_by().values_list("created_by", flat=True).distinct())
    users = User.objects.filter(pk__in=people - {None}).order_by("pk")
    return [[user.pk, digest_name(user, batch.digest)] for user in users]


def digest_name(user: User, salt: str) -> str:
    return hash_text(encode_canonical([salt, user.pk, user.username, full_name(user)]))
