"""Retention of data about readers: salts for two days, views until they are paid and old.

Once a salt is destroyed, its keys lead to nobody, not even for somebody who knows the address.
Dropped views leave their number by day and outcome, which still explains all received views.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min

from billing.clocks import read_clock
from billing.counting.archive.leftovers import drop_archived
from billing.counting.local_salts import purge_salts
from billing.counting.readers import SALT_LIFETIME
from billing.counting.settled import count_views, require_sealed
from billing.errors import BillingError, NotSealed
from billing.locks import Lock, hold_lock
from billing.models import BlogView, ReaderSalt, RetiredViewTotal, ViewSeal
from billing.periods import day_of
from billing.proof.view_seals import append_view_seal


@dataclass
class PurgeResult:
    """The numbers that purge_readers removed, and why views past retention are left, if any."""

    salts: int = 0
    days: int = 0
    views: int = 0
    files: int = 0  # of the archive
    hindrance: str = ""
    fault: str = ""  # why the archive keeps files of views that were dropped, if it does

    def __str__(self):
        line = f"{self.salts} salts destroyed; {self.views} views of {self.days} days dropped"
        line += f", with {self.files} files of the archive" if self.files else ""
        return f"{line}. {self.hindrance}" if self.hindrance else f"{line}."


def purge_readers(*, at: dt.datetime | None = None) -> PurgeResult:
    """Destroy salts older than SALT_LIFETIME, and drop old views.

    Views past settings.VIEW_RETENTION_DAYS go day by day, oldest first, a transaction for each day.
    The first unsealed day stops it, so no day before the last retired one keeps views.
    """
    at = at or read_clock()
    result = PurgeResult(salts=_destroy_salts(at))
    end = day_of(at) - dt.timedelta(days=settings.VIEW_RETENTION_DAYS)
    while (day := _first_day()) and day < end:
        try:
            result.views += retire_day(day, at=at)
        except NotSealed as reason:
            result.hindrance = str(reason)
            break
        result.days += 1
    if settings.ARCHIVE_URL:
        _drop_archived(result, end=end)
    return result


def _drop_archived(result: PurgeResult, *, end: dt.date) -> None:
    """Delete the archived files of days past retention: readers' keys live no longer there."""
    try:
        result.files = drop_archived(end=end)
    except BillingError as error:
        result.fault = f"Files of views past retention stay in the archive: {error}"


def _destroy_salts(at: dt.datetime) -> int:
    """Destroy the salts in the database and the copies on this machine."""
    purge_salts(at=at)
    deleted, _ = ReaderSalt.objects.filter(created_at__lt=at - SALT_LIFETIME).delete()
    return deleted


def _first_day() -> dt.date | None:
    return BlogView.objects.aggregate(day=Min("day"))["day"]


@transaction.atomic
def retire_day(day: dt.date, *, at: dt.datetime) -> int:
    """Replace a day's views with sealed totals, and return their number.

    Raises NotSealed. Takes the locks of imports and of the fold, in the same order as an import.
    """
    hold_lock(Lock.INTAKE, Lock.FOLD)
    views = BlogView.objects.filter(day=day)
    outcomes, counted = count_views(views)
    require_sealed(day, counted=counted, at=at)
    append_view_seal(
        kind=ViewSeal.Kind.RETIREMENT,
        day=day,
        at=at,
        outcomes=outcomes,
        counted=[[*key[:3], number] for key, number in sorted(counted.items())],
    )
    known = dict(RetiredViewTotal.objects.filter(day=day).values_list("outcome", "views"))
    RetiredViewTotal.objects.bulk_create(
        [
            RetiredViewTotal(day=day, outcome=outcome, views=known.get(outcome, 0) + number)
            for outcome, number in outcomes.items()
        ],
        update_conflicts=True,
        unique_fields=["day", "outcome"],
        update_fields=["views"],
    )
    dropped, _ = views.delete()
    return dropped


def last_retired_day() -> dt.date | None:
    """Return the last day whose views were dropped, whose logs must not count again.

    An importer asks while it holds the lock "import_access_log", which keeps retire_day waiting.
    """
    return RetiredViewTotal.objects.aggregate(day=Max("day"))["day"]
