"""The checks that let a batch through, for its approvers to answer for in writing."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum, Window

from backoffice.people import full_name
from billing.counting.equation import list_losses
from billing.counting.stream.gaps import find_unequal, list_gaps, list_surplus
from billing.findings.contested import find_undecided
from billing.models import CategoryPrice, DailyViewCount, Finding, LostViewTotal, PaymentLine
from billing.payouts.batch_checks import (
    NAMES_SHOWN,
    count_are,
    explained_url,
    flags,
    list_names,
    list_url,
)
from billing.payouts.due import find_unpriced
from billing.periods import format_month, next_month
from weblog.models import Category


@flags("tripled", rows=lambda batch: batch.payments.tripled())
def flag_tripled(batch):
    return _flag_payments(
        batch.payments.tripled(),
        batch=batch,
        code="tripled",
        sentence="more than three times what the author was paid before (over +200 %)",
        advice="Look at where the rise comes from, and write why it is right.",
    )


@flags("unusually_large", rows=lambda batch: batch.payments.unusually_large())
def flag_unusually_large(batch):
    return _flag_payments(
        batch.payments.unusually_large(),
        batch=batch,
        code="unusually_large",
        sentence="past the 95th percentile of what the author was paid before",
        advice="Look at where the rise comes from, and write why it is right.",
    )


@flags("first_payouts", rows=lambda batch: batch.payments.first_payouts())
def flag_first_payouts(batch):
    return _flag_payments(
        batch.payments.first_payouts(),
        batch=batch,
        code="first_payouts",
        sentence="the first to an author",
        advice="Write how you know that these people write for us.",
    )


def _flag_payments(payments, *, batch, code, sentence, advice):
    """Name the largest of the flagged payments. One query."""
    largest = list(
        payments.annotate(number=Window(Count("pk")))
        .order_by("-amount", "pk")
        .values_list("author_name", "number")[:NAMES_SHOWN]
    )
    if not largest:
        return None
    names, number = [name for name, _ in largest], largest[0][1]
    message = f"{count_are(number, 'payment')} {sentence}: {list_names(names, number)}. {advice}"
    return message, list_url("payment", batch__id__exact=batch.pk, flagged=code), number


def _with_changed_prices(batch):
    changed = _find_categories_with_changes(batch.month)
    lines = PaymentLine.objects.filter(payment=OuterRef("pk"), category__in=changed)
    return batch.payments.filter(Exists(lines))


@flags("price_changed", rows=_with_changed_prices)
def flag_changed_prices(batch):
    """A price came into force in the month after another one; or one in force by its end was
    entered, edited or withdrawn since the month began, when its views had started to come."""
    number = _with_changed_prices(batch).count()
    if not number:
        return None
    changed = _find_categories_with_changes(batch.month).order_by("name")
    names = list_names(list(changed.values_list("name", flat=True)))
    return (
        f"The price of {names} changed in {batch}, or was entered, edited or withdrawn since that "
        f"month began. Payments that use it: {number:,}. Look at who changed what, and write why "
        "it is right.",
        list_url("categoryprice"),
        number,
    )


def _find_categories_with_changes(month) -> QuerySet[Category]:
    started = CategoryPrice.objects.filter(effective_from__lt=next_month(month))
    before = started.filter(
        category=OuterRef("category"), effective_from__lt=OuterRef("effective_from")
    )
    came = started.filter(Exists(before), effective_from__gte=month)
    history = CategoryPrice.history.model.objects
    touched = history.filter(history_date__date__gte=month)
    edited = history.filter(id__in=touched.values("id"), effective_from__lt=next_month(month))
    return Category.objects.filter(
        Q(pk__in=came.values("category")) | Q(pk__in=edited.values("category"))
    )


def _find_open(batch):
    findings = Finding.objects.filter(month=batch.month, status=Finding.Status.OPEN)
    return findings.exclude(kind=Finding.Kind.UNPRICED)


@flags("open_findings", rows=_find_open)
def flag_open_findings(batch):
    largest = list(
        _find_open(batch)
        .annotate(number=Window(Count("pk")))
        .order_by("-views", "pk")
        .values_list("blog__title", "number")[:NAMES_SHOWN]
    )
    if not largest:
        return None
    titles, number = list(dict.fromkeys(title for title, _ in largest)), largest[0][1]
    return (
        f"{count_are(number, 'finding')} left open in {batch}, the largest about "
        f"{list_names(titles)}. Have finance decide, or write why these views may be paid as "
        "they are.",
        list_url("finding", month=format_month(batch.month), status__exact=Finding.Status.OPEN),
        number,
    )


def _find_left_out(batch):
    if not batch.left_out_categories:
        return DailyViewCount.objects.none()
    days = DailyViewCount.objects.without_price().filter(category__in=batch.left_out_categories)
    return days.filter(day__gte=batch.month, day__lt=next_month(batch.month))


@flags("left_out_views", rows=_find_left_out)
def flag_left_out_views(batch):
    """Views of the month without a price, which the batch leaves out as finance decided."""
    left_out = [
        row for row in find_unpriced(batch.month) if row.category in batch.left_out_categories
    ]
    if not left_out:
        return None
    number = sum(row.views for row in left_out)
    names = list_names([f"{row.name} ({row.views:,})" for row in left_out])
    return (
        f"{count_are(number, 'view')} left out of {batch} for want of a price: {names}. "
        f"{full_name(batch.left_out_by)} wrote: “{batch.left_out_reason}” They wait until somebody "
        "adds the price or excludes them. Write why the others may be paid without them.",
        list_url("finding", month=format_month(batch.month), kind__exact=Finding.Kind.UNPRICED),
        number,
    )


@flags("undecided_findings", rows=find_undecided)
def flag_undecided_findings(batch):
    """Views that were held back a month for a finding, and are paid as nobody has decided."""
    findings = find_undecided(batch)
    number, views = findings.count(), findings.aggregate(sum=Sum("views"))["sum"]
    if not number:
        return None
    return (
        f"{count_are(number, 'finding')} of earlier months still open, with {views:,} views that "
        "were held back and are paid by this batch. Have finance decide, or write why these "
        "views may be paid as they are.",
        list_url("finding", status__exact=Finding.Status.OPEN),
        number,
    )


def _find_unequal(batch):
    return find_unequal(since=batch.month, until=next_month(batch.month))


@flags("missing_views", rows=_find_unequal, exact=False)
def flag_missing_views(batch):
    gaps = list_gaps(batch.month)
    if not gaps:
        return None
    number = sum(gap.missing_views for gap in gaps)
    names = [f"{gap.missing_numbers} of {gap.writer} on {gap.day:%-d %b %Y}" for gap in gaps]
    return (
        f"{count_are(number, 'view')} missing in {batch}: the broker took them and never gave them "
        f"back. Numbers {list_names(names)}. Have the administrators look for them in the broker; "
        "else decide whether an adjustment makes up for them, and write what you decided.",
        explained_url(batch),
        number,
    )


@flags("surplus_views", rows=_find_unequal, exact=False)
def flag_surplus_views(batch):
    rows = list_surplus(batch.month)
    if not rows:
        return None
    number = sum(row.surplus_views for row in rows)
    names = [f"{row.surplus_numbers} of {row.writer} on {row.day:%-d %b %Y}" for row in rows]
    return (
        f"{count_are(number, 'view')} counted in {batch} whose web process says it never sent so "
        f"many. Numbers {list_names(names)}. Have the administrators find out whether that machine "
        "lost its power. If it did not, somebody else made them: hold what they pay, and have "
        "SECRET_KEY and the broker's password changed.",
        explained_url(batch),
        number,
    )


def _find_lost(batch):
    return LostViewTotal.objects.filter(day__gte=batch.month, day__lt=next_month(batch.month))


@flags("lost_views", rows=_find_lost)
def flag_lost_views(batch):
    losses = list_losses(batch.month)
    if not losses:
        return None
    number = sum(row.views for row in losses)
    reasons = list(dict.fromkeys(row.get_reason_display() for row in losses))
    return (
        f"{count_are(number, 'view')} lost in {batch}: {list_names(reasons)}. Nobody can bring "
        "them back. Decide whether an adjustment makes up for them, and write what you decided.",
        explained_url(batch),
        number,
    )
