"""Checks what is left of dropped views: their totals and their counts, against sealed ones."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable

from billing.models import BlogView, DailyViewCount, RetiredViewTotal, ViewSeal
from billing.proof.view_seals import OF_VIEWS
from billing.verification.differences import Difference

KEY = ("blog_id", "author_id", "category_id")


def check_retired_views(day: dt.date, retirements: list[ViewSeal]) -> None:
    """Check a day of which views were dropped, in one retirement or several."""
    outcomes: Counter = Counter()
    counts: Counter = Counter()
    for seal in retirements:
        content = json.loads(seal.content)
        outcomes.update(content["outcomes"])
        counts.update({tuple(row[:3]): row[3] for row in content["counted"]})
    _check_totals(day, outcomes)
    _check_number(day, outcomes.total(), retirements)
    kept = BlogView.objects.filter(day=day, outcome=BlogView.Outcome.COUNTED)
    counts.update(Counter(kept.values_list(*KEY).iterator()))
    stored = Counter(
        {
            row[:3]: row[3]
            for row in DailyViewCount.objects.filter(day=day).values_list(*KEY, "views")
        }
    )
    for key in sorted(counts.keys() | stored.keys()):
        if counts[key] != stored[key]:
            raise Difference(
                find_count(DailyViewCount, key, day=day),
                f"says {stored[key]} views of the blog on {day}",
                f"{counts[key]} were counted before the day's views were dropped",
            )


def _check_totals(day: dt.date, outcomes: Counter) -> None:
    totals = {total.outcome: total for total in RetiredViewTotal.objects.filter(day=day)}
    for outcome in sorted(outcomes.keys() | totals.keys()):
        total = totals.get(outcome)
        if (total.views if total else 0) != outcomes[outcome]:
            raise Difference(
                total or f"The missing total of dropped views ({outcome} on {day})",
                f"says {total.views if total else 0}",
                f"{outcomes[outcome]} such views were sealed before they were dropped",
            )


def _check_number(day: dt.date, dropped: int, retirements: list[ViewSeal]) -> None:
    """Check that as many views were dropped as had come under seal, but for what an upgrade met."""
    last = max((seal.number for seal in retirements), default=0)
    seals = ViewSeal.objects.filter(day=day, kind__in=OF_VIEWS, number__lt=last)
    sealed = sum(json.loads(seal.content)["views"] for seal in seals)
    if seals and sealed != dropped:
        raise Difference(
            retirements[-1], f"says that {dropped} views were dropped", f"{sealed} were under seal"
        )


def find_count(model, blog: Iterable[int], **period):
    """Return the row of counts, or a text for a missing row."""
    facts = dict(zip(("blog", "author", "category"), blog, strict=True)) | period
    words = ", ".join(f"{name} {value}" for name, value in facts.items())
    return (
        model.objects.filter(**facts).first() or f"The missing {model._meta.verbose_name} ({words})"
    )
