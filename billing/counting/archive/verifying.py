"""Compares a day's views with what was sealed, on any engine: in the archive or in the database.

Of an archived day: each file's SHA-256, the rows, the views by outcome, the digest of each portion.
Of both: which clicks are double, worked out again, and the counts by which authors are paid.
"""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from billing.counting.archive.engines import OF_DATABASE, OF_FILES, DuckDB, Engine, Spark
from billing.counting.archive.manifests import (
    Manifest,
    find_days_with_views,
    is_outdated,
    iter_manifests,
)
from billing.counting.archive.reading import fetch_after, fetch_day, open_database
from billing.counting.archive.stores import Store, open_store
from billing.counting.archive.work import open_work_folder
from billing.counting.counts import COUNT_KEY
from billing.errors import ArchiveDamaged, ArchiveMissing
from billing.models import BlogView, DailyViewCount
from billing.periods import format_month
from billing.proof.view_seals import Portion, compare_portions, read_sealed

Outcome = BlogView.Outcome


@dataclass
class ViewReport:
    """What an engine found: `outcomes` as stored, `derived` by the rule, and what is wrong."""

    engine: str
    days: int = 0
    outdated: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    derived: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add_portions(self, portions: dict[int, Portion]) -> None:
        for number, portion in sorted(portions.items(), key=lambda item: item[0] or 0):
            self._digest.update(f"{number},{portion.views},{portion.digest}\n".encode())

    @property
    def digest(self) -> str:
        """One SHA-256 over the digests of all portions, the same from every engine."""
        return self._digest.hexdigest()

    def __str__(self):
        outcomes = ", ".join(f"{name} {number}" for name, number in sorted(self.outcomes.items()))
        lines = [
            f"{self.engine}: {self.days} days, {self.outcomes.total()} views ({outcomes}); "
            f"by the rule {self.derived[Outcome.COUNTED]} count and "
            f"{self.derived[Outcome.DOUBLE_CLICK]} are double clicks; digest {self.digest}."
        ]
        if self.outdated:
            lines.append(
                f"Of {self.outdated} days views came or changed since they were archived: "
                "archive_views writes them anew. Their files were compared with their seals alone."
            )
        return "\n".join([*lines, *self.faults])


def verify_views(
    *, engine: str, at: dt.datetime, month: dt.date | None = None, url: str | None = None
) -> ViewReport:
    """Verify the days of the archive, or of closed months in the database if `engine` is one.

    Writes nothing. Raises ArchiveMissing, ArchiveUnreachable.
    """
    report = ViewReport(engine)
    if engine in OF_DATABASE:
        database = open_database(engine)
        for day in find_days_with_views(at=at, month=month):
            database.load(day)
            _check_day(day, database, read_sealed(day), report)
        return report
    store = open_store(url)
    with open_work_folder() as work:
        opened = OF_FILES[engine](work)
        for manifest in iter_manifests(month=month):
            _verify_archived(manifest, store, opened, report)
    if not report.days and not report.faults:
        of_month = f" of {format_month(month)}" if month else ""
        raise ArchiveMissing(f"No day{of_month} is archived. archive_views does it.")
    return report


def _verify_archived(
    manifest: Manifest, store: Store, engine: DuckDB | Spark, report: ViewReport
) -> None:
    day = manifest.day
    with open_work_folder() as folder:
        try:
            paths = fetch_day(manifest, store, folder)
        except ArchiveDamaged as damage:
            report.faults += damage.faults
            return
        outdated, is_whole, after = is_outdated(manifest), True, []
        if not outdated:
            try:
                after = list(fetch_after(day, store, folder))
            except ArchiveDamaged:  # the day after names what it is
                is_whole = False
                report.faults.append(
                    f"{day}: its last clicks were not compared with the rule, as the files of the "
                    "day after are damaged."
                )
        engine.load(day, paths, after)
        check_files(manifest, engine, report, with_rule=is_whole and not outdated)
    report.outdated += outdated


def check_files(
    manifest: Manifest, engine: DuckDB | Spark, report: ViewReport, *, with_rule: bool = True
) -> None:
    """Compare what the engine read with a day's manifest, and with the rule and the counts."""
    day = manifest.day
    sealed = {
        number: portion for number, portion in read_sealed(day).items() if number in manifest.seals
    }
    if others := engine.count_other_days():
        report.faults.append(f"{day}: {others} views in its files are of another day.")
    _check_day(day, engine, sealed, report, sums=manifest.outcomes, with_rule=with_rule)


def _check_day(
    day: dt.date,
    engine: Engine,
    sealed: dict[int, Portion],
    report: ViewReport,
    *,
    sums: dict[str, int] | None = None,
    with_rule: bool = True,
) -> None:
    outcomes, portions = engine.count_outcomes(), engine.digest_portions()
    report.days += 1
    report.outcomes += outcomes
    report.add_portions(portions)
    if sums is not None and outcomes != Counter(sums):
        report.faults.append(
            f"{day}: the views by outcome are {_tell(outcomes)}; {_tell(sums)} was sealed."
        )
    differing = compare_portions(sealed, portions, partial(engine.digest_portions, rounded=True))
    report.faults += [
        f"{day}: under seal {number} are {found or 'no views'}; it sealed {should or 'none'}."
        for number, found, should in differing
    ]
    if with_rule:
        report.faults += _check_rule(day, engine, report)


def _check_rule(day: dt.date, engine: Engine, report: ViewReport) -> Iterator[str]:
    """Yield where the stored outcomes are not those of the rule, and the counts not theirs."""
    counted: Counter[tuple] = Counter()
    unlike: Counter[tuple[str, str]] = Counter()
    for (*blog, outcome, is_double), views in engine.count_clicks().items():
        derived = Outcome.DOUBLE_CLICK if is_double else Outcome.COUNTED
        if outcome == Outcome.EXCLUDED:
            continue
        report.derived[derived] += views
        if derived == Outcome.COUNTED:
            counted[tuple(blog)] += views
        if outcome != derived:
            unlike[outcome, derived] += views
    for (said, should), views in sorted(unlike.items()):
        yield f"{day}: {views} views are {said}; by the rule they are {should}."
    rows = DailyViewCount.objects.filter(day=day, views__gt=0).values_list(*COUNT_KEY[:3], "views")
    stored = Counter({row[:3]: row[3] for row in rows})
    for key in sorted(stored.keys() | counted.keys()):
        if stored[key] != counted[key]:
            blog, author, category = key
            yield (
                f"{day}: {counted[key]} views of blog {blog} (author {author}, category "
                f"{category}) count by the rule; {stored[key]} are in the daily counts."
            )


def _tell(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(outcomes.items())) or "none"
