"""What stands in the way of a batch, and what its approvers have to answer for in writing.

One registry of checks. A blocker stops the batch from being submitted until it is put right. A flag
lets it through, but every approver has to acknowledge it with a sentence of their own.

To add a check, write a function of the batch and decorate it. It returns None where all is well:

    @blocks("bank_details")
    def block_unknown_accounts(batch):
        return "Ada Example has no bank account. Ask for it, or hold the payment.", url

    @flags("new_account")
    def flag_new_accounts(batch):
        return "2 payments go to accounts that are new: … Write why they are right.", url, 2

The message is a sentence for a clerk: what was found, in numbers, and what to do; the url is where
to do it. A flag also says how many payments, or other things, it is about. The number of queries
stays the same for any number of payments. A check in a module of its own has to be imported in
BillingConfig.ready(). Its code is stored with the acknowledgements, so it keeps its name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.db.models import Count, Exists, OuterRef, Q, Sum, Window
from django.urls import reverse
from django.utils.text import Truncator

from backoffice.people import full_name
from billing.counting.equation import list_losses
from billing.counting.spool_status import spool_status
from billing.findings.contested import find_undecided
from billing.models import (
    Adjustment,
    BlogView,
    CategoryPrice,
    Finding,
    PaymentLine,
    PayoutBatch,
)
from billing.payouts.derivation import find_unpriced_categories
from billing.periods import format_month, next_month
from weblog.models import Category

NAMES_SHOWN = 3
NAME_LENGTH = 60


@dataclass(frozen=True)
class Blocker:
    """Why a batch can't be submitted, and where that can be put right."""

    code: str
    message: str
    url: str


@dataclass(frozen=True)
class Flag:
    """What an approver has to acknowledge in writing, and where to look at it."""

    code: str
    message: str
    url: str
    count: int


BLOCKING_CHECKS: dict[str, Callable[[PayoutBatch], tuple[str, str] | None]] = {}
FLAGGING_CHECKS: dict[str, Callable[[PayoutBatch], tuple[str, str, int] | None]] = {}


def _register(registry: dict[str, Callable], code: str) -> Callable:
    def add(check):
        if registry.setdefault(code, check) is not check:
            raise ValueError(f"There is a check “{code}” already.")
        return check

    return add


blocks = partial(_register, BLOCKING_CHECKS)
flags = partial(_register, FLAGGING_CHECKS)


def find_blockers(batch: PayoutBatch) -> list[Blocker]:
    """Return what has to be put right before the batch can be submitted."""
    found = ((code, check(batch)) for code, check in BLOCKING_CHECKS.items())
    return [Blocker(code, *remark) for code, remark in found if remark]


def find_flags(batch: PayoutBatch) -> list[Flag]:
    """Return what each approver of the batch has to acknowledge."""
    found = ((code, check(batch)) for code, check in FLAGGING_CHECKS.items())
    return [Flag(code, *remark) for code, remark in found if remark]


# Blockers


@blocks("nothing_to_pay")
def block_nothing_to_pay(batch):
    if batch.payments.exists():
        return None
    return (
        "There is nothing in this batch to pay or to carry forward. Cancel it.",
        reverse("admin:billing_payoutbatch_change", args=[batch.pk]),
    )


@blocks("unpriced_views")
def block_unpriced_views(batch):
    categories = find_unpriced_categories(batch.month)
    if not categories:
        return None
    return (
        f"{', '.join(categories)} had views up to the end of {batch} on days without a price. "
        "Add the missing price, from a day early enough, and rebuild the batch.",
        reverse("admin:billing_categoryprice_add"),
    )


@blocks("pending_views")
def block_pending_views(batch):
    number = BlogView.objects.pending().filter(day__lt=next_month(batch.month)).count()
    if not number:
        return None
    return (
        f"{_count_are(number, 'view')} still to be counted, up to the end of {batch}. That happens "
        "every few minutes: try again soon. If it does not, tell the administrators that the job "
        "fold_views does not run.",
        _list_url("blogview", outcome__exact=BlogView.Outcome.PENDING),
    )


@blocks("spooled_views")
def block_spooled_views(batch):
    months = spool_status().by_month
    number = sum(views for month, views in months.items() if month <= batch.month)
    if not number:
        return None
    return (
        f"{_count_are(number, 'view')} still in the spool, up to the end of {batch}: the database "
        "did not take them. The job fold_views does, every few minutes: try again soon. If it "
        "does not, tell the administrators.",
        _evidence_url(batch),
    )


@blocks("adjustment_without_reason")
def block_adjustments_without_reason(batch):
    adjustments = (
        Adjustment.objects.filter(lines__payment__batch=batch, reason__regex=r"^\s*$")
        .select_related("author")
        .order_by("author__last_name", "pk")
    )
    authors = [full_name(adjustment.author) for adjustment in adjustments]
    if not authors:
        return None
    return (
        f"{_count_are(len(authors), 'adjustment')} without a reason, for {_list_names(authors)}. "
        "Write why, or withdraw what has no reason, and rebuild the batch.",
        _list_url("adjustment", state="draft"),
    )


# Flags


@flags("tripled")
def flag_tripled(batch):
    return _flag_payments(
        batch.payments.tripled(),
        batch=batch,
        code="tripled",
        sentence="more than three times what the author was paid before (over +200 %)",
        advice="Look at where the rise comes from, and write why it is right.",
    )


@flags("unusually_large")
def flag_unusually_large(batch):
    return _flag_payments(
        batch.payments.unusually_large(),
        batch=batch,
        code="unusually_large",
        sentence="past the 95th percentile of what the author was paid before",
        advice="Look at where the rise comes from, and write why it is right.",
    )


@flags("first_payouts")
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
    message = f"{_count_are(number, 'payment')} {sentence}: {_list_names(names, number)}. {advice}"
    return message, _list_url("payment", batch__id__exact=batch.pk, flagged=code), number


@flags("price_changed")
def flag_changed_prices(batch):
    """A price came into force in the month after another one; or one in force by its end was
    entered, edited or withdrawn since the month began, when its views had started to come."""
    changed = _find_categories_with_changes(batch.month)
    if not changed:
        return None
    lines = PaymentLine.objects.filter(payment=OuterRef("pk"), category__in=changed)
    number = batch.payments.filter(Exists(lines)).count()
    if not number:
        return None
    return (
        f"The price of {_list_names(list(changed.values()))} changed in {batch}, or was entered, "
        f"edited or withdrawn since that month began. Payments that use it: {number:,}. Look at "
        "who changed what, and write why it is right.",
        _list_url("categoryprice"),
        number,
    )


def _find_categories_with_changes(month) -> dict[int, str]:
    """Return {category_id: name} by name. One query."""
    started = CategoryPrice.objects.filter(effective_from__lt=next_month(month))
    before = started.filter(
        category=OuterRef("category"), effective_from__lt=OuterRef("effective_from")
    )
    came = started.filter(Exists(before), effective_from__gte=month)
    history = CategoryPrice.history.model.objects
    touched = history.filter(history_date__date__gte=month)
    edited = history.filter(id__in=touched.values("id"), effective_from__lt=next_month(month))
    categories = Category.objects.filter(
        Q(pk__in=came.values("category")) | Q(pk__in=edited.values("category"))
    )
    return dict(categories.order_by("name").values_list("pk", "name"))


@flags("open_findings")
def flag_open_findings(batch):
    findings = Finding.objects.filter(month=batch.month, status=Finding.Status.OPEN)
    largest = list(
        findings.annotate(number=Window(Count("pk")))
        .order_by("-views", "pk")
        .values_list("blog__title", "number")[:NAMES_SHOWN]
    )
    if not largest:
        return None
    titles, number = list(dict.fromkeys(title for title, _ in largest)), largest[0][1]
    return (
        f"{_count_are(number, 'finding')} left open in {batch}, the largest about "
        f"{_list_names(titles)}. Have finance decide, or write why these views may be paid as "
        "they are.",
        _list_url("finding", month=format_month(batch.month), status__exact=Finding.Status.OPEN),
        number,
    )


@flags("undecided_findings")
def flag_undecided_findings(batch):
    """Views that were held back a month for a finding, and are paid as nobody has decided."""
    findings = find_undecided(batch)
    number, views = findings.count(), findings.aggregate(sum=Sum("views"))["sum"]
    if not number:
        return None
    return (
        f"{_count_are(number, 'finding')} of earlier months still open, with {views:,} views that "
        "were held back and are paid by this batch. Have finance decide, or write why these "
        "views may be paid as they are.",
        _list_url("finding", status__exact=Finding.Status.OPEN),
        number,
    )


@flags("lost_views")
def flag_lost_views(batch):
    losses = list_losses(batch.month)
    if not losses:
        return None
    number = sum(row.views for row in losses)
    reasons = list(dict.fromkeys(row.get_reason_display() for row in losses))
    return (
        f"{_count_are(number, 'view')} lost in {batch}: {_list_names(reasons)}. Nobody can bring "
        "them back. Decide whether an adjustment makes up for them, and write what you decided.",
        _evidence_url(batch),
        number,
    )


# Words


def _count_are(number: int, noun: str) -> str:
    """Return “1 view is” or “12 views are”."""
    return f"1 {noun} is" if number == 1 else f"{number:,} {noun}s are"


def _list_names(names: Sequence[str], number: int | None = None) -> str:
    """Return “Ada, Bruno, Cleo and 9 more”: a few of the `number` names, each cut short."""
    shown = [Truncator(name).chars(NAME_LENGTH) for name in names[:NAMES_SHOWN]]
    if rest := (number or len(names)) - len(shown):
        shown.append(f"{rest:,} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _evidence_url(batch) -> str:
    return reverse("admin:billing_evidence_changelist", query={"month": format_month(batch.month)})


def _list_url(model: str, **filters) -> str:
    return reverse(f"admin:billing_{model}_changelist", query=filters)
