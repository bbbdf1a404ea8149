"""Manifests of archived days: what the chain over views says that lies in the archive."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Max

from billing.counting.archive.parquet import PART_NAME, Part
from billing.models import ViewSeal
from billing.periods import closes_on, day_of, month_of
from billing.proof.chains import find_fault
from billing.proof.digests import encode_canonical, hash_text

Kind = ViewSeal.Kind
OF_DAY = (Kind.VIEWS, Kind.UPGRADE, Kind.RECOUNT, Kind.DECISION)  # may change what a day came to
LINK_FACTS = ("number", "at")  # what the chain adds to a link


@dataclass(frozen=True)
class Manifest:
    """What was sealed of a day's files. `seals` are the links that its views came under."""

    seal: ViewSeal
    parts: tuple[Part, ...]
    outcomes: dict[str, int]
    seals: dict[int, str]  # by number, their hashes

    @property
    def day(self) -> dt.date:
        return self.seal.day

    @property
    def copy(self) -> tuple[str, str]:
        """The name and the text of the copy that lies beside the files."""
        content = json.loads(self.seal.content)
        return name_copy({key: content[key] for key in content if key not in LINK_FACTS})

    @property
    def names(self) -> set[str]:
        """All files of the day, by their names in the archive."""
        return {f"{self.day}/{part.name}" for part in self.parts} | {self.copy[0]}

    def find_fault(self) -> str:
        """Return what is wrong with the manifest itself, or "". Two queries."""
        before = ViewSeal.objects.filter(number=self.seal.number - 1).first()
        if fault := find_fault(self.seal, before):
            return f"Its manifest, {self.seal}, was edited: it {fault[0]}; {fault[1]}."
        for part in self.parts:
            if not PART_NAME.fullmatch(part.name):
                return f"Its manifest, {self.seal}, names {part.name!r}: no file of the archive."
        known = ViewSeal.objects.filter(number__in=self.seals).values_list("number", "hash")
        if dict(known) != self.seals:
            return f"Its manifest, {self.seal}, names seals that the chain has not."
        return ""


def name_copy(content: dict) -> tuple[str, str]:
    """Return the name and the text of a manifest's copy. The name says what the text should be."""
    text = encode_canonical(content)
    return f"{content['day']}/manifest.{hash_text(text)[:16]}.json", text


def read_manifest(seal: ViewSeal) -> Manifest:
    content = json.loads(seal.content)
    return Manifest(
        seal=seal,
        parts=tuple(Part(*part) for part in content["files"]),
        outcomes=content["outcomes"],
        seals=dict(content["seals"]),
    )


def iter_manifests(*, month: dt.date | None = None) -> Iterator[Manifest]:
    """Yield the latest manifest of each day whose views are kept, oldest first."""
    days = _find_latest()
    for day, numbers in sorted(days.items()):
        if numbers[Kind.ARCHIVE] > numbers[Kind.RETIREMENT] and month in (None, month_of(day)):
            yield read_manifest(ViewSeal.objects.get(number=numbers[Kind.ARCHIVE]))


def find_manifest(day: dt.date) -> Manifest | None:
    """Return the latest manifest of a day, also of one whose views were dropped. One query."""
    seal = ViewSeal.objects.filter(day=day, kind=Kind.ARCHIVE).order_by("number").last()
    return read_manifest(seal) if seal else None


def find_days_to_archive(*, at: dt.datetime) -> list[dt.date]:
    """Return the days of closed months that have views and no manifest, or an outdated one."""
    days = _find_latest()
    return sorted(
        day
        for day, numbers in days.items()
        if max(numbers[Kind.VIEWS], numbers[Kind.UPGRADE]) > numbers[Kind.RETIREMENT]
        and closes_on(month_of(day)) <= day_of(at)
        and _last_change(day, days) > numbers[Kind.ARCHIVE]
    )


def find_days_with_views(*, at: dt.datetime, month: dt.date | None = None) -> list[dt.date]:
    """Return the days of closed months whose views are kept."""
    return sorted(
        day
        for day, numbers in _find_latest().items()
        if max(numbers[Kind.VIEWS], numbers[Kind.UPGRADE]) > numbers[Kind.RETIREMENT]
        and closes_on(month_of(day)) <= day_of(at)
        and month in (None, month_of(day))
    )


def is_outdated(manifest: Manifest) -> bool:
    """Whether a seal since may have changed what the day came to. One query."""
    return has_changed(manifest.day, after=manifest.seal.number)


def has_changed(day: dt.date, *, after: int) -> bool:
    days = (day, day + dt.timedelta(days=1))
    seals = ViewSeal.objects.filter(number__gt=after)
    return (
        seals.filter(day__in=days, kind__in=OF_DAY).exists()
        or seals.filter(day=month_of(day), kind=Kind.DECISION).exists()
        or seals.filter(day=day, kind=Kind.RETIREMENT).exists()
    )


type Latest = defaultdict[dt.date, defaultdict[str, int]]


def _find_latest() -> Latest:
    """Return {day: {kind: number of its latest seal, 0 without}}. One query."""
    days: Latest = defaultdict(lambda: defaultdict(int))
    seals = ViewSeal.objects.exclude(kind=Kind.SUBMISSION).order_by()
    for day, kind, number in seals.values_list("day", "kind").annotate(last=Max("number")):
        days[day][kind] = number
    return days


def _last_change(day: dt.date, days: Latest) -> int:
    """Return the last seal that may have changed what a day came to: see has_changed."""
    none: dict[str, int] = {}
    of_day, after = days[day], days.get(day + dt.timedelta(days=1), none)
    of_month = days.get(month_of(day), none)
    return max(
        *(of_day.get(kind, 0) for kind in OF_DAY),
        *(after.get(kind, 0) for kind in OF_DAY),
        of_month.get(Kind.DECISION, 0),
    )


def make_content(
    *, day: dt.date, parts: Iterable[Part], outcomes: dict[str, int], seals: dict[int, str]
) -> dict:
    """Return what is sealed of a day's files."""
    parts = list(parts)
    return {
        "kind": Kind.ARCHIVE,
        "day": day.isoformat(),
        "views": sum(part.views for part in parts),
        "outcomes": outcomes,
        "files": [list(part) for part in parts],
        "seals": [list(seal) for seal in sorted(seals.items())],
    }
