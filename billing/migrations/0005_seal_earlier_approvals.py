"""Bring batches from before digests of lines, and before the chain of seals, to where both exist.

Lines get the days of their views, without which late views of an old month would pay all of it
again. What was approved is sealed as it stands, with a kind of seal that says so; what was
submitted goes back to finance. Recipes stand here as they were on the day of this migration.
"""

import datetime as dt
import hashlib
import json
from itertools import groupby
from operator import itemgetter

from django.db import migrations, models
from django.utils import timezone

RETURN_REASON = (
    "Returned by an upgrade: this batch was submitted before the digests of today existed. "
    "Rebuild it, look at it again and submit it."
)
PORTION = 1_000
KEY = ("author_id", "blog_id", "category_id")

LINE_FACTS = (
    "payment__reference", "number", "kind", "month", "blog_id", "blog_title", "category_id",
    "category_name", "price_id", "price_per_1000", "days", "views", "adjustment_id",
    "carried_from__reference", "note", "amount",
)  # fmt: skip
HISTORY = ("history_date", "history_change_reason", "history_type", "history_user")
RECORD_FIELDS = {
    "HistoricalPayoutBatch": (
        "month", "status", "currency", "time_zone", "rules_version", "attempt", "minimum_payout",
        "approvals_needed", "digest", "built_at", "submitted_at", "approved_at",
        "second_approved_at", "return_reason", "submitted_by", "approved_by", "second_approved_by",
        *HISTORY,
    ),
    "HistoricalCategoryPrice": (
        "id", "effective_from", "price_per_1000", "note", "category", *HISTORY,
    ),
    "HistoricalAdjustment": (
        "id", "amount", "reason", "created_at", "withdrawn_at", "author", "created_by",
        "withdrawn_by", *HISTORY,
    ),
}  # fmt: skip


def upgrade_batches(apps, schema_editor):
    get_model = lambda name: apps.get_model("billing", name)  # noqa: E731
    _fill_days(get_model)
    _number_histories(get_model)
    now = timezone.now()
    batches = get_model("PayoutBatch").objects.order_by("month", "attempt")
    for batch in batches.filter(status__in=["approved", "paid"]):
        if not get_model("Seal").objects.filter(batch=batch, kind="approval").exists():
            _seal(batch, get_model, at=now)
    for batch in batches.filter(status="submitted"):
        if batch.payments.filter(digest="").exists():
            _return(batch, get_model, at=now)


def _number_histories(get_model):
    """Give the records of a batch the attempt that 0002_payout_proof gave the batch alone."""
    sealed = get_model("Seal").objects.filter(kind="approval").values("batch")
    for batch in get_model("PayoutBatch").objects.exclude(pk__in=sealed).filter(attempt__gt=1):
        records = get_model("HistoricalPayoutBatch").objects.filter(id=batch.pk)
        records.update(attempt=batch.attempt)


# The days of views


def _fill_days(get_model):
    lines = get_model("PaymentLine").objects.filter(kind="views", days="").order_by()
    for month in sorted(lines.values_list("month", flat=True).distinct()):
        _fill_days_of(month, get_model, _read_price_spans(get_model))


def _fill_days_of(month, get_model, spans):
    """Give each line of the month the days on which its views were counted, oldest batch first."""
    end = (month + dt.timedelta(days=31)).replace(day=1)
    counts = get_model("DailyViewCount").objects.filter(day__gte=month, day__lt=end)
    counts = counts.order_by(*KEY, "day").values_list(*KEY, "day", "views").iterator(PORTION)
    by_blog = groupby(counts, key=itemgetter(0, 1, 2))
    key, rows = next(by_blog, (None, ()))
    filled = []
    for wanted, lines in groupby(_read_lines(month, get_model), key=itemgetter(0, 1, 2)):
        while key is not None and key < wanted:
            key, rows = next(by_blog, (None, ()))
        left = {day.day: views for *_, day, views in rows} if key == wanted else {}
        filled += _share_days(list(lines), left, spans, month)
    model = get_model("PaymentLine")
    for start in range(0, len(filled), PORTION):
        portion = [model(pk=pk, days=days) for pk, days in filled[start : start + PORTION]]
        model.objects.bulk_update(portion, ["days"])


def _read_lines(month, get_model):
    lines = get_model("PaymentLine").objects.filter(kind="views", month=month)
    return list(
        lines.order_by(
            "payment__author_id", "blog_id", "category_id", "payment__batch_id", "pk"
        ).values_list(
            "payment__author_id", "blog_id", "category_id", "pk", "price_id", "views", "days",
            "payment__batch__status",
        )
    )  # fmt: skip


def _share_days(lines, left, spans, month):
    """Yield (line, days). `left` are the views of each day; what lines hold comes off."""
    for *_, days, status in lines:
        if days and status != "cancelled":
            for part in days.split():
                day, views = map(int, part.split(":"))
                left[day] = left.get(day, 0) - views
    for *_, pk, price, views, days, status in lines:
        if not days and views:
            starts_on, ends_on = spans[price]
            own = [
                day for day in range(1, 32)
                if day in left and starts_on <= month.replace(day=day) < ends_on
            ]  # fmt: skip
            first = max(starts_on, month).day if starts_on < ends_on else 1
            pool = dict(left) if status == "cancelled" else left
            yield pk, _take(views, pool, own or [first])


def _take(views, left, days):
    """Take as many views as there are from each day, and what is left over from the last."""
    taken = {}
    for day in days:
        taken[day] = max(min(views - sum(taken.values()), left.get(day, 0)), 0)
    taken[days[-1]] += views - sum(taken.values())
    for day, number in taken.items():
        left[day] = left.get(day, 0) - number
    return " ".join(f"{day}:{number}" for day, number in sorted(taken.items()) if number)


def _read_price_spans(get_model):
    """Return {price_id: (first day, first day of the next price)}."""
    spans = {}
    prices = get_model("CategoryPrice").objects.order_by("category_id", "effective_from")
    for _, group in groupby(prices, key=lambda price: price.category_id):
        group = list(group)
        ends = [price.effective_from for price in group[1:]]
        for price, ends_on in zip(group, [*ends, dt.date.max], strict=True):
            spans[price.pk] = price.effective_from, ends_on
    return spans


# Digests and seals


def _encode(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _moment(at):
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _millionths(amount):
    return None if amount is None else int(amount.scaleb(6))


def _seal(batch, get_model, *, at):
    seals = get_model("Seal").objects
    head = seals.order_by("number").last()
    number, previous = (head.number + 1, head.hash) if head else (1, "0" * 64)
    content = _encode(
        {
            "number": number,
            "kind": "upgrade",
            "batch": f"{batch.month:%Y%m}-{batch.attempt}",
            "at": _moment(at),
            "digest": _digest_batch(batch, get_model),
            "signed": batch.digest,
            "submitted": [batch.submitted_by_id, _moment(batch.submitted_at)],
            "approved": [[batch.approved_by_id, _moment(batch.approved_at)]],
            "files": [
                [export.format, export.file_name, export.sha256, export.by_id]
                for export in batch.exports.order_by("at", "pk")
            ],
            "histories": [_digest_record(record) for record in _read_histories(batch, get_model)],
        }
    )
    seals.create(
        number=number,
        kind="upgrade",
        batch=batch,
        content=content,
        previous_hash=previous,
        hash=_hash(f"{previous}\n{_hash(content)}"),
        at=at,
    )


def _digest_batch(batch, get_model):
    """Give every line and payment its digest, and return the one over all."""
    facts = [
        batch.month.isoformat(), batch.attempt, batch.currency, batch.time_zone,
        batch.rules_version, _millionths(batch.minimum_payout), batch.approvals_needed,
    ]  # fmt: skip
    digests = [_encode(facts)]
    line_model, payment_model = get_model("PaymentLine"), get_model("Payment")
    for payment in batch.payments.order_by("reference").iterator(PORTION):
        lines = list(_digest_lines(payment, line_model))
        line_model.objects.bulk_update(lines, ["digest"], batch_size=PORTION)
        status = payment.status if payment.status in ("held", "carried") else "payable"
        amounts = map(_millionths, (payment.amount, payment.rounding, payment.carried_amount))
        facts = [
            payment.reference, payment.author_id, payment.author_name, status,
            payment.status_reason, *amounts,
        ]  # fmt: skip
        digest = _hash("\n".join([_encode(facts), *(line.digest for line in lines)]))
        payment_model.objects.filter(pk=payment.pk).update(digest=digest)
        digests.append(digest)
    return _hash("\n".join(digests))


def _digest_lines(payment, line_model):
    lines = line_model.objects.filter(payment=payment).order_by("number")
    for pk, *facts in lines.values_list("pk", *LINE_FACTS):
        facts[3] = facts[3].isoformat()
        facts[9], facts[15] = _millionths(facts[9]), _millionths(facts[15])
        yield line_model(pk=pk, digest=_hash(_encode(facts)))


def _read_histories(batch, get_model):
    lines = get_model("PaymentLine").objects.filter(payment__batch=batch)
    own = get_model("HistoricalPayoutBatch").objects.filter(id=batch.pk).exclude(status="paid")
    prices = get_model("HistoricalCategoryPrice").objects.filter(id__in=lines.values("price"))
    adjustments = get_model("HistoricalAdjustment").objects.filter(
        id__in=lines.values("adjustment")
    )
    for history in (own, prices, adjustments):
        yield from history.order_by("history_id")


def _digest_record(record):
    names = RECORD_FIELDS[type(record).__name__]
    return _hash(_encode([record._meta.get_field(name).value_to_string(record) for name in names]))


def _return(batch, get_model, *, at):
    """Make it a draft again, with the step in its history."""
    batch.status, batch.digest, batch.return_reason = "draft", "", RETURN_REASON
    batch.submitted_by = batch.submitted_at = batch.approved_by = batch.approved_at = None
    batch.save()
    facts = {field.attname: getattr(batch, field.attname) for field in batch._meta.concrete_fields}
    get_model("HistoricalPayoutBatch").objects.create(
        **facts,
        history_date=at,
        history_type="~",
        history_change_reason=RETURN_REASON,
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_complete_schema")]

    operations = [
        migrations.AlterField(
            model_name="seal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("approval", "Approval"),
                    ("settlement", "Settlement"),
                    ("export", "Export"),
                    ("upgrade", "Upgrade"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunPython(upgrade_batches, migrations.RunPython.noop),
    ]
