"""What Ctrl+K finds of money: months, references, amounts, seals, and whom money goes to.

Payments are found by keys and indexes alone; words are looked for only among people, payees and
reasons of holds, which are few.
"""

import re
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from backoffice.palette import (
    MOST_OF_A_KIND,
    Found,
    link_to,
    link_to_list,
    may_open,
    register_finder,
)
from backoffice.people import full_name
from billing.models import (
    Adjustment,
    CategoryPrice,
    DailyViewCount,
    Finding,
    Hold,
    MonthlyViewCount,
    Payee,
    Payment,
    PayoutBatch,
    Seal,
)
from billing.money import format_amount
from billing.periods import day_of, format_month
from billing.querysets import match_amounts
from billing.statements.authors import list_statements
from billing.typed import read_amounts, read_day, read_months
from weblog.search import find_terms, split_terms

MOST_MONTHS = 3
REFERENCE = re.compile(r"\d{6}-[\d-]{0,28}")
HASH = re.compile(r"[0-9a-f]{6,64}")
AFTER_DIGITS = ":"  # the sign after 9: references that start so are less than that
NAMES = ["first_name", "last_name", "username"]
# Lists that a month narrows down: what they are called, their model and their parameter.
OF_A_MONTH = [
    ("Payments of {}", Payment, "month", "payments"),
    ("Monthly views of {}", MonthlyViewCount, "month", "calendar_month"),
    ("Daily views of {}", DailyViewCount, "month", "today"),
    ("Findings of {}", Finding, "month", "troubleshoot"),
]


def offer_finders() -> None:
    for name, find, order in [
        ("months", find_months, 10),
        ("references", find_references, 20),
        ("amounts", find_amounts, 30),
        ("people", find_people, 70),
    ]:
        register_finder(f"billing.{name}", find, order=order)


def find_months(user: User, text: str) -> Iterator[Found]:
    """Yield the batches and the lists of the months that were typed; an author's statements."""
    today = day_of(timezone.now())
    months = read_months(text, today=today)[:MOST_MONTHS]
    if not months:
        return
    if may_open(user, PayoutBatch):
        batches = PayoutBatch.objects.filter(month__in=months).with_state().with_totals()
        for batch in batches.order_by("-month", "-pk")[:MOST_OF_A_KIND]:
            total = format_amount(batch.total, currency=batch.currency)
            note = f"{capfirst(batch.state)} · {total} · {_count_authors(batch)}"
            yield Found(f"Payout batch of {batch}", note, link_to(batch), "account_balance_wallet")
    yield from _describe_statements(user, Q(batch__month__in=months))
    yield from _list_of_months(user, months, read_day(text))


def _list_of_months(user, months, day):
    if day and may_open(user, DailyViewCount):
        link = link_to_list("billing_dailyviewcount", day_from=str(day), day_to=str(day))
        yield Found(f"Daily views of {day:%-d %b %Y}", "List", link, "today")
    for month in months:
        for title, model, parameter, icon in OF_A_MONTH:
            if may_open(user, model):
                name = f"billing_{model._meta.model_name}"
                link = link_to_list(name, **{parameter: format_month(month)})
                yield Found(title.format(f"{month:%B %Y}"), "List", link, icon)


def find_references(user: User, text: str) -> Iterator[Found]:
    """Yield payments by their reference or its start, and seals by theirs."""
    if REFERENCE.fullmatch(text):
        of_reference = _starts_with(text)
        yield from _describe_payments(user, of_reference)
        yield from _describe_statements(user, of_reference)
    if HASH.fullmatch(text.lower()) and may_open(user, Seal):
        for seal in Seal.objects.filter(hash__startswith=text.lower())[:MOST_OF_A_KIND]:
            note = f"{capfirst(seal.get_kind_display())} · {seal.hash[:12]}…"
            yield Found(f"Seal {seal.number:,}", note, link_to(seal), "link")


def _starts_with(reference):
    """Return the condition. SQLite has an index for a range, and for no LIKE."""
    if connection.vendor != "sqlite":
        return Q(reference__startswith=reference)
    return Q(reference__gte=reference, reference__lt=reference + AFTER_DIGITS)


def find_amounts(user: User, text: str) -> Iterator[Found]:
    """Yield what is, or keeps back, exactly the amount that was typed, in any currency."""
    amounts = read_amounts(text)
    if not amounts:
        return
    of_amount = match_amounts(amounts)
    yield from _describe_payments(user, of_amount)
    yield from _describe_statements(user, of_amount)
    if may_open(user, Adjustment):
        either = [*amounts, *(-amount for amount in amounts)]
        found = Adjustment.objects.filter(amount__in=either).select_related("author")
        for adjustment in found.order_by("-created_at", "-pk")[:MOST_OF_A_KIND]:
            note = f"Adjustment · {adjustment.reason or 'no reason yet'}"
            yield Found(str(adjustment), note, link_to(adjustment), "exposure")
    if may_open(user, CategoryPrice):
        of_amount = Q(price_per_1000__in=_of_prices(amounts))
        prices = CategoryPrice.objects.filter(of_amount).select_related("category")
        for price in prices.order_by("-effective_from", "-pk")[:MOST_OF_A_KIND]:
            amount = format_amount(price.price_per_1000, currency=price.currency, exact=True)
            note = f"Price · per 1,000 views from {price.effective_from:%-d %b %Y}"
            yield Found(f"{price.category}: {amount}", note, link_to(price), "sell")


def _of_prices(amounts):
    """Return the amounts that a price can be: it has at most three decimals and no sign."""
    return [amount for amount in amounts if amount >= 0 and amount * 1000 % 1 == 0]


def find_people(user: User, text: str) -> Iterator[Found]:
    """Yield the authors who have payments, each with the latest; payees and open holds."""
    terms = split_terms(text)
    if may_open(user, Payment):
        paid = Exists(Payment.objects.filter(author=OuterRef("pk")))
        people = find_terms(User.objects.filter(paid), terms, fields=NAMES)
        for person in people.order_by("last_name", "first_name", "pk")[:MOST_OF_A_KIND]:
            name = full_name(person)
            link = link_to_list("billing_payment", author__id__exact=person.pk)
            yield Found(f"Payments to {name}", "Author", link, "payments")
    if may_open(user, Payee):
        payees = find_terms(Payee.objects.all(), terms, fields=["name"])
        for payee in payees.order_by("name", "pk")[:MOST_OF_A_KIND]:
            yield Found(payee.name, "Payee", link_to(payee), "account_balance")
    if may_open(user, Hold):
        fields = [*(f"author__{name}" for name in NAMES), "reason"]
        holds = Hold.objects.filter(ended_at=None).select_related("author")
        for hold in find_terms(holds, terms, fields=fields).order_by("-pk")[:MOST_OF_A_KIND]:
            yield Found(str(hold), f"Open · {hold.reason}", link_to(hold), "front_hand")


def _describe_payments(user: User, condition: Q) -> Iterable[Found]:
    if not may_open(user, Payment):
        return []
    return [
        Found(
            f"{_amount(payment)} to {payment.author_name}",
            f"Payment {payment.reference} · {payment.batch} · {payment.get_status_display()}",
            link_to(payment),
            "payments",
        )
        for payment in _latest(Payment.objects.filter(condition))
    ]


def _describe_statements(user: User, condition: Q) -> Iterable[Found]:
    """Return an author's own statements, for whoever does not see all payments."""
    if may_open(user, Payment) or not user.has_perm("billing.view_own_statement"):
        return []
    return [
        Found(
            f"Statement of {payment.batch}",
            f"{_amount(payment)} · {payment.reference}",
            _link_to_statement(payment),
            "receipt_long",
        )
        for payment in _latest(list_statements(author=user).filter(condition))
    ]


def _latest(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    return payments.select_related("batch").order_by("-pk")[:MOST_OF_A_KIND]


def _count_authors(batch):
    return f"{batch.payment_count:,} {'author' if batch.payment_count == 1 else 'authors'}"


def _amount(payment):
    amount = payment.amount or payment.carried_amount
    return format_amount(amount, currency=payment.batch.currency, exact=not payment.amount)


def _link_to_statement(payment):
    return reverse("admin:billing_statement_page", args=[payment.pk])
