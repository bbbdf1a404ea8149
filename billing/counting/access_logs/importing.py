"""Import of views from a web server's access log, for pages that the application did not serve."""

import contextlib
import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import batched, chain, islice
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Lower
from django.utils import timezone

from billing.bulk import insert_rows
from billing.counting.access_logs.earlier import count_earlier_views, find_earlier_imports
from billing.counting.access_logs.files import LogFile
from billing.counting.access_logs.keys import get_line_key
from billing.counting.access_logs.lines import Request, Skipped, fold_slugs, make_reader
from billing.counting.access_logs.own_lines import refuse_own_lines
from billing.counting.access_logs.unknown import join_numbers, refuse_unknown_format
from billing.counting.clicks import Click, as_rows, make_click
from billing.counting.folding import fold_views
from billing.counting.readers import remember_keys
from billing.counting.retention import last_retired_day
from billing.locks import Lock, hold_lock
from billing.models import AccessLogImport, BlogView
from billing.periods import day_of
from billing.proof.traces import trace_rows
from weblog.models import Blog, OldAddress

LINES_AT_A_TIME = 5_000
CLOCK_TOLERANCE = dt.timedelta(minutes=5)  # allowed between this clock and the web server's
LISTED_LINES = 50

# The outcomes of a line, in the order of the report. A log shows no signed-in users.
Outcome = BlogView.Outcome
VIEWS = {
    outcome: outcome.label.lower()
    for outcome in (Outcome.COUNTED, Outcome.PENDING, Outcome.DOUBLE_CLICK, Outcome.ROBOT)
}
HEADINGS = [*VIEWS.values(), *Skipped]


@dataclass
class ImportReport:
    """The number of lines by outcome. The outcomes add up to the lines."""

    file_name: str
    is_dry_run: bool = False
    lines: int = 0
    outcomes: Counter = field(default_factory=Counter)
    malformed_lines: list[int] = field(default_factory=list)  # the numbers of the first few
    log_import: AccessLogImport | None = None  # what is kept of it; nothing of a dry run

    def __str__(self):
        title = f"{self.lines} lines received from {self.file_name}"
        rows = [f"{self.outcomes[heading]:9} {heading}" for heading in HEADINGS]
        if self.malformed_lines:
            rows[HEADINGS.index(Skipped.MALFORMED)] += f": {self.list_malformed()}"
        if self.is_dry_run:
            rows.append("Dry run: nothing was written.")
        return "\n".join([title, *rows])

    def list_malformed(self) -> str:
        """Return the numbers of the first malformed lines, such as "line 3, 5-8, 12 ..."."""
        is_more = self.outcomes[Skipped.MALFORMED] > len(self.malformed_lines)
        return f"line {join_numbers(self.malformed_lines)}{' ...' if is_more else ''}"

    def describe(self) -> dict:
        """Return the report as JSON values for a page, without the text of any line."""
        return {
            "lines": self.lines,
            "outcomes": [[heading, self.outcomes[heading]] for heading in HEADINGS],
            "adds_views": any(self.outcomes[heading] for heading in VIEWS.values()),
            "malformed": self.list_malformed() if self.malformed_lines else "",
        }


def import_access_log(
    *,
    file: BinaryIO,
    file_name: str,
    path_pattern: str,
    at: dt.datetime,
    by: User | None = None,
    trusted_proxies: int | None = None,
    most_bytes: int | None = None,
    dry_run: bool = False,
    show_progress: Callable[[int, int], None] = lambda bytes_read, lines: None,
) -> ImportReport:
    """Add and count the views in a log.

    Raises InvalidPathPattern, UnreadableAccessLog, UnknownLogFormat, and OwnMoney where lines
    are for blogs of `by`.

    A line always gives the same view id, so a second import of the same file, of an overlapping
    file or of the rest of a stopped import adds only new views. Each portion of LINES_AT_A_TIME is
    one transaction. If the file is identical byte for byte, its lines never count again, even after
    the key of their ids is lost. A dry run is one long transaction that is rolled back.
    """
    if trusted_proxies is None:
        trusted_proxies = settings.TRUSTED_PROXIES
    make_line_reader = partial(
        make_reader, path_pattern, trusted_proxies=trusted_proxies, key=get_line_key()
    )
    read_line = make_line_reader()
    report = ImportReport(_as_stored(file_name), is_dry_run=dry_run)
    earlier = find_earlier_imports(file)  # before anything is read ahead
    if by:
        refuse_own_lines(file, report.file_name, make_line_reader(), by=by, most_bytes=most_bytes)
    log = LogFile(file, report.file_name, most_bytes=most_bytes)
    portions = _sort_portions(log, read_line, report)
    first = list(
        islice(portions, 1)
    )  # before anything is kept: a log of an unknown format is refused
    with transaction.atomic() if dry_run else contextlib.nullcontext():
        with transaction.atomic():
            log_import = AccessLogImport.objects.create(
                file_name=report.file_name[:255],
                path_pattern=_as_stored(path_pattern),
                trusted_proxies=trusted_proxies,
                started_at=at,
                by=by,
            )
            trace_rows([log_import])
        for requests in chain(first, portions):
            _add_views(requests, log_import, report, earlier)
            show_progress(log.bytes_read, report.lines)
        fold_views(at=at)
        log_import.sha256 = log.sha256()
        _finish(log_import, report)
        if dry_run:
            transaction.set_rollback(True)
        else:
            report.log_import = log_import
    return report


def _as_stored(text: str) -> str:
    """Return `text` with ? for bytes that are not UTF-8, which no database stores."""
    return text.encode(errors="replace").decode()


def _sort_portions(
    log: LogFile, read_line: Callable[[bytes], Request | Skipped], report: ImportReport
) -> Iterator[list[Request]]:
    """Yield the page requests of each portion of a log, and report the other lines.

    Raises UnknownLogFormat if the first portion holds no line of a known format.
    """
    for number, lines in enumerate(batched(log.read_lines(), LINES_AT_A_TIME)):
        requests = _sort_out(lines, read_line, report)
        if number == 0:
            refuse_unknown_format(lines, report.file_name, report.outcomes)
        yield requests


def _sort_out(
    lines: Iterable[bytes], read_line: Callable[[bytes], Request | Skipped], report: ImportReport
) -> list[Request]:
    """Return the page requests among the next lines of the file, and report the other lines."""
    requests = []
    for line in lines:
        report.lines += 1
        found = read_line(line)
        if isinstance(found, Request):
            requests.append(found)
            continue
        report.outcomes[found] += 1
        if found is Skipped.MALFORMED and len(report.malformed_lines) < LISTED_LINES:
            report.malformed_lines.append(report.lines)
    return requests


@transaction.atomic
def _add_views(
    requests: list[Request],
    log_import: AccessLogImport,
    report: ImportReport,
    earlier: list[AccessLogImport],
) -> None:
    """Add the missing views of a portion, and save the progress of the import."""
    hold_lock(Lock.INTAKE)
    ids = [request.view_id for request in requests]
    known = set(BlogView.objects.filter(pk__in=ids).values_list("pk", flat=True))
    blogs = _find_blogs({slug for request in requests for slug in request.slugs})
    counted = count_earlier_views(requests, earlier)
    retired_until = last_retired_day()
    clicks: list[Click] = []
    key_of = remember_keys()
    for request in requests:
        blog = next((blogs[slug] for slug in request.slugs if slug in blogs), None)
        reason = _refuse(
            request, blog, known, retired_until=retired_until, at=log_import.started_at
        )
        if blog and counted[blog.pk, request.viewed_at] > 0:
            counted[blog.pk, request.viewed_at] -= 1
            reason = reason or Skipped.ALREADY_IMPORTED
        if blog is None or reason:
            report.outcomes[reason] += 1
            continue
        known.add(request.view_id)
        click = make_click(
            blog=blog,
            viewed_at=request.viewed_at,
            ip_address=request.host,
            user_agent=request.user_agent,
            view_id=request.view_id,
            log_import=log_import,
            key_of=key_of,
        )
        report.outcomes[VIEWS[BlogView.Outcome(click.outcome)]] += 1
        clicks.append(click)
    insert_rows(BlogView, Click._fields, as_rows(clicks))
    _note(log_import, report)


def _find_blogs(slugs: set[str]) -> dict[str, Blog]:
    """Return {slug: blog}, including former slugs, and those that differ in case alone.

    Three queries at most. The site redirects former slugs, so a successful line with a former slug
    is older than the change.
    """
    facts = ("author", "category", "status", "publish_at")
    blogs = Blog.objects.only("slug", *facts).in_bulk(slugs, field_name="slug")
    if former := slugs - blogs.keys():
        addresses = OldAddress.objects.select_related("blog").only(
            "slug", *(f"blog__{name}" for name in facts)
        )
        found = addresses.in_bulk(former, field_name="slug")
        blogs |= {slug: address.blog for slug, address in found.items()}
    if others := slugs - blogs.keys():
        folded = Blog.objects.only("slug", *facts).annotate(folded=Lower("slug"))
        same = {
            blog.folded: blog
            for blog in folded.filter(folded__in=fold_slugs(others)).order_by("-pk")
        }
        blogs |= {slug: same[slug.lower()] for slug in others if slug.lower() in same}
    return blogs


def _refuse(
    request: Request,
    blog: Blog | None,
    known: set[uuid.UUID],
    *,
    retired_until: dt.date | None,
    at: dt.datetime,
) -> Skipped | None:
    if blog is None:
        return Skipped.UNKNOWN_BLOG
    was_published = blog.status in {Blog.Status.PUBLISHED, Blog.Status.ARCHIVED}
    if not was_published or blog.publish_at > at:
        return Skipped.NOT_PUBLISHED
    if request.viewed_at > at + CLOCK_TOLERANCE:
        return Skipped.IN_THE_FUTURE
    if retired_until and day_of(request.viewed_at) <= retired_until:
        return Skipped.PAST_RETENTION
    if request.view_id in known:
        return Skipped.ALREADY_IMPORTED
    return None


def _note(log_import: AccessLogImport, report: ImportReport) -> None:
    log_import.lines = report.lines
    log_import.outcomes = dict(report.outcomes)
    log_import.save()
    trace_rows([log_import])


@transaction.atomic
def _finish(log_import: AccessLogImport, report: ImportReport) -> None:
    """Replace the outcomes in the report with those after the fold."""
    for heading in VIEWS.values():
        del report.outcomes[heading]
    rows = log_import.views.order_by().values_list("outcome").annotate(views=Count("pk"))
    report.outcomes.update({VIEWS[outcome]: views for outcome, views in rows})
    log_import.finished_at = timezone.now()
    _note(log_import, report)
