"""Makes the sums of daily counts anew where they are wrong: those by month, and those by category.

Batches and pages of blogs go by the daily counts, so no cent changes. A sum is wrong after a
manual change of the database, or after an upgrade that ran beside a fold. Verification names it.
"""

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from billing.bulk import insert_rows
from billing.counting.counts import COUNT_KEY, write_totals
from billing.errors import require_reason
from billing.locks import Lock, hold_lock
from billing.models import DailyCategoryCount, DailyViewCount, MonthlyViewCount, ViewSeal
from billing.models.view_seals import SealedCount
from billing.periods import next_month
from billing.proof.view_seals import append_view_seal


@dataclass(frozen=True)
class MendedTable:
    """Sums of a table that were wrong: how many, and their views before and after."""

    model: type[SealedCount]
    rows: int
    before: int
    after: int

    def __str__(self):
        name = self.model._meta.verbose_name_plural
        return f"{name}: {self.rows} sums said {self.before} views and say {self.after} now"


def mend_sums(
    *, month: dt.date, by: User, reason: str, at: dt.datetime | None = None
) -> list[MendedTable]:
    """Write each sum of the month as its days add up, and return what was wrong.

    A seal of views keeps who did it and why. If nothing is wrong, nothing is written. Views that
    come in meanwhile wait for the lock "fold_views". Raises ReasonRequired.
    """
    require_reason(reason, "Say why the sums are made anew: the reason is kept for the auditors.")
    with transaction.atomic():
        hold_lock(Lock.FOLD)
        days = DailyViewCount.objects.filter(day__gte=month, day__lt=next_month(month)).order_by()
        of_blogs = {(*row[:-1], month): row[-1] for row in _add_up(days, COUNT_KEY[:-1])}
        of_categories = {row[:-1]: row[-1] for row in _add_up(days, COUNT_KEY[2:])}
        span = {"day__gte": month, "day__lt": next_month(month)}
        wrong = [
            _compare(MonthlyViewCount, (*COUNT_KEY[:-1], "month"), of_blogs, {"month": month}),
            _compare(DailyCategoryCount, COUNT_KEY[2:], of_categories, span),
        ]
        mended = [each.describe() for each in wrong if each.right]
        if mended:
            seal = append_view_seal(
                kind=ViewSeal.Kind.SUMS,
                day=month,
                at=at or timezone.now(),
                by=by.pk,
                reason=reason,
                sums=[
                    [each.model._meta.label, each.rows, each.before, each.after] for each in mended
                ],
            )
            for each in wrong:
                each.write(seal)
    return mended


@dataclass(frozen=True)
class _Wrong:
    """The wrong sums of a table: what is right, {key: views}, and all known, {key: (pk, views)}."""

    model: type[SealedCount]
    key: tuple[str, ...]
    right: dict[tuple, int]
    known: dict[tuple, tuple[int, int]]

    def describe(self) -> MendedTable:
        before = sum(self.known[key][1] for key in self.right if key in self.known)
        return MendedTable(self.model, len(self.right), before, sum(self.right.values()))

    def write(self, seal: ViewSeal) -> None:
        new = [
            (*key, views, seal.number) for key, views in self.right.items() if key not in self.known
        ]
        insert_rows(self.model, (*self.key, "views", "seal_id"), new)
        totals = {
            self.known[key][0]: views for key, views in self.right.items() if key in self.known
        }
        write_totals(self.model, totals, seal)


def _add_up(days, key):
    return days.values_list(*key).annotate(sum=Sum("views"))


def _compare(
    model: type[SealedCount], key: tuple[str, ...], sums: dict[tuple, int], span: dict
) -> _Wrong:
    rows = model._default_manager.filter(**span).order_by().values_list(*key, "pk", "views")
    known = {row[:-2]: row[-2:] for row in rows}
    right = {
        each: sums.get(each, 0)
        for each in sorted(sums.keys() | known.keys())
        if sums.get(each, 0) != (known[each][1] if each in known else 0)
    }
    return _Wrong(model, key, right, known)
