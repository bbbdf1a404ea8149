"""Changes that an auditor looks at first: a few rules, each told in one sentence.

docs/finance.md names them. Each change stands in the audit trail, and a line leads to its entry.
"""

import datetime as dt
from typing import Any, NamedTuple

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from simple_history.utils import get_history_model_for_model

from backoffice.accounts.models import SecurityEvent
from backoffice.trail.own_sources import SECURITY
from billing.models import Adjustment, CategoryPrice, PayeeDetails, PaymentResult
from billing.money import in_millionths
from billing.trail.batches import RESULTS

LOOKED_BACK = dt.timedelta(days=31)
SHOWN = 8
LENGTH = 120  # of what a line names
MORNING, EVENING, FRIDAY = 6, 22, 5  # hours of the house's clock; the day of the week
GIVEN = [
    SecurityEvent.Kind.SUPERUSER_GIVEN,
    SecurityEvent.Kind.GROUP_GIVEN,
    SecurityEvent.Kind.PERMISSION_GIVEN,
    SecurityEvent.Kind.STAFF_GIVEN,
]


class Unusual(NamedTuple):
    """A change, told in a sentence, with the address of its entry in the trail."""

    at: dt.datetime
    text: str
    link: str


class _Rule(NamedTuple):
    sentence: str  # takes `what`
    source: str  # of the trail
    rows: QuerySet[Any]
    at: str
    by: str
    what: str


def list_unusual(at: dt.datetime | None = None) -> list[Unusual]:
    """Return the latest unusual changes of the last 31 days, the newest first. One query."""
    since = (at or timezone.now()) - LOOKED_BACK
    rules = [_given(), _given_to_role(), _corrected(), _repriced(), _paid_elsewhere(), _at_night()]
    parts = [
        rule.rows.order_by()
        .filter(**{f"{rule.at}__gte": since})
        .annotate(rule=Value(number, output_field=IntegerField()))
        .values_list("rule", "pk", rule.at, f"{rule.by}__username", rule.what)
        for number, rule in enumerate(rules)
    ]
    found = parts[0].union(*parts[1:], all=True).order_by(f"-{rules[0].at}", "-pk")[:SHOWN]
    return [
        _describe(rules[number], pk, moment, person or "nobody signed in", what)
        for number, pk, moment, person, what in found
    ]


def _describe(rule: _Rule, pk: int, at: dt.datetime, by: str, what: str) -> Unusual:
    sentence = rule.sentence.format(what=Truncator(what).chars(LENGTH))
    link = reverse("admin:backoffice_audittrail_entry", args=[f"{rule.source}:{pk}"])
    return Unusual(at, f"{sentence}, by {by}", link)


def _given() -> _Rule:
    events = SecurityEvent.objects.filter(kind__in=GIVEN)
    return _Rule(
        "{what} was given a role or a right", SECURITY, events, "at", "by", "about__username"
    )


def _given_to_role() -> _Rule:
    events = SecurityEvent.objects.filter(
        kind=SecurityEvent.Kind.GROUP_CHANGED, detail__contains=": given "
    )
    sentence = "Everybody with a role was given a right: {what}"
    return _Rule(sentence, SECURITY, events, "at", "by", "detail")


def _corrected() -> _Rule:
    earlier = PaymentResult.objects.filter(payment=OuterRef("payment"), pk__lt=OuterRef("pk"))
    return _Rule(
        "The bank’s result of payment {what} was corrected",
        RESULTS,
        PaymentResult.objects.filter(Exists(earlier)),
        "at",
        "by",
        "payment__reference",
    )


def _repriced() -> _Rule:
    """Return the rule about prices: one in another currency than the one before is left alone."""
    before = (
        CategoryPrice.objects.filter(
            category=OuterRef("category"), effective_from__lt=OuterRef("effective_from")
        )
        .order_by("-effective_from")
        .annotate(millionths=in_millionths("price_per_1000"))
    )
    entered = get_history_model_for_model(CategoryPrice).objects.exclude(history_type="-")
    rows = entered.annotate(
        now=in_millionths("price_per_1000"),
        before=Subquery(before.values("millionths")[:1]),
        currency_before=Subquery(before.values("currency")[:1]),
    ).filter(
        Q(now__gt=F("before") * 3 / 2) | Q(now__lt=F("before") / 2), currency=F("currency_before")
    )
    return _history_rule(
        "The price of {what} rose or fell by more than half", CategoryPrice, rows, "category__name"
    )


def _paid_elsewhere() -> _Rule:
    before = PayeeDetails.objects.filter(payee=OuterRef("payee"), number=OuterRef("number") - 1)
    moved = before.exclude(account_digest=OuterRef("account_digest"))
    entered = get_history_model_for_model(PayeeDetails).objects.filter(history_type="+")
    return _history_rule(
        "{what} was given another account to be paid to",
        PayeeDetails,
        entered.filter(Exists(moved)),
        "legal_name",
    )


def _at_night() -> _Rule:
    zone = timezone.get_current_timezone()
    rows = get_history_model_for_model(Adjustment).objects.filter(history_user__isnull=False)
    rows = rows.annotate(
        hour=ExtractHour("history_date", tzinfo=zone),
        weekday=ExtractIsoWeekDay("history_date", tzinfo=zone),
    ).filter(Q(hour__lt=MORNING) | Q(hour__gte=EVENING) | Q(weekday__gt=FRIDAY))
    return _history_rule(
        "An adjustment for {what} was made or changed at night or on a weekend",
        Adjustment,
        rows,
        "author__username",
    )


def _history_rule(sentence: str, model: Any, rows: QuerySet[Any], what: str) -> _Rule:
    return _Rule(sentence, model._meta.label_lower, rows, "history_date", "history_user", what)
