"""Readers of the demo's blogs: a sample month, with more of them from month to month."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.utils import timezone

from billing.counting.access_logs.importing import import_access_log
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.readers import make_key
from billing.counting.recording import record_view
from billing.periods import month_of
from weblog.models import Blog

SAMPLE = settings.BASE_DIR / "fixtures" / "demo_views.csv"

AGENTS = {
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "chrome": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36",
    "safari": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "crawler": "Mozilla/5.0 (compatible; ExampleBot/1.0; +http://example.com/bot)",
}
BROWSERS = ["firefox", "chrome", "safari"]

type View = tuple[dt.datetime, str, str, str]  # viewed_at, slug, address, agent


def replay_live(month: dt.date, growth: int, *, at: dt.datetime) -> None:
    """Record the views of the month up to `at`, as the site does."""
    blogs, key_of = _find_live(at), partial(make_key, salts={})
    for viewed_at, slug, address, agent in sample_views(month, growth):
        if slug in blogs and viewed_at < at - dt.timedelta(minutes=1):
            record_view(
                blog=blogs[slug],
                viewed_at=viewed_at,
                ip_address=address,
                user_agent=AGENTS[agent],
                key_of=key_of,
            )


def replay_log(
    month: dt.date, growth: int, *, odd: list[View] | None = None, at: dt.datetime
) -> None:
    """Import the month from the access log of the server that delivered the pages until lately.

    `odd` are views beside those of the sample.
    """
    blogs = _find_live(at)
    views = [
        view
        for view in [*sample_views(month, growth), *(odd or [])]
        if view[1] in blogs and view[0] > blogs[view[1]].publish_at
    ]
    lines = [_write_line(*view) for view in sorted(views)]
    import_access_log(
        file=io.BytesIO("".join(lines).encode()),
        file_name=f"access-{month:%Y-%m}.log",
        path_pattern=OWN_PAGES,
        trusted_proxies=0,
        at=at,
    )


def _find_live(at: dt.datetime) -> dict[str, Blog]:
    live = Blog.objects.filter(status=Blog.Status.PUBLISHED, publish_at__lte=at)
    return live.in_bulk(field_name="slug")


def _write_line(viewed_at: dt.datetime, slug: str, address: str, agent: str) -> str:
    """Return the line of a log in the combined format."""
    request = f'"GET /blogs/{slug}/ HTTP/1.1" 200 8123 "-" "{AGENTS[agent]}"'
    return f"{address} - - [{viewed_at:%d/%b/%Y:%H:%M:%S %z}] {request}\n"


def sample_views(month: dt.date, growth: int) -> Iterator[View]:
    """Yield the views of a month. `growth` scales the number of readers, in %."""
    with SAMPLE.open() as file:
        for row in csv.DictReader(file):
            day = month + dt.timedelta(days=int(row["day"]) - 1)
            if month_of(day) != month:
                continue
            start = start_at(day, dt.time.fromisoformat(row["time"]))
            for reader in range(int(row["readers"]) * growth // 100):
                yield (
                    start + dt.timedelta(seconds=reader * int(row["seconds_apart"])),
                    row["slug"],
                    f"{row['network']}{reader:x}",
                    _agent_of(reader, row["agent"]),
                )


def repeat_views(slug: str, day: dt.date, number: int) -> list[View]:
    """Return views of one blog by one browser, one a minute."""
    start = start_at(day, dt.time(9, 30))
    return [
        (start + dt.timedelta(minutes=minute), slug, "2001:db8:ffff::1", "firefox")
        for minute in range(number)
    ]


def crowd_views(slug: str, day: dt.date, number: int) -> list[View]:
    """Return views of one blog by as many readers, as after a link in a newspaper."""
    start = start_at(day, dt.time(7))
    return [
        (
            start + dt.timedelta(seconds=90 * reader),
            slug,
            f"2001:db8:eeee:{reader:x}::1",
            BROWSERS[reader % len(BROWSERS)],
        )
        for reader in range(number)
    ]


def start_at(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, tzinfo=timezone.get_default_timezone())


def _agent_of(reader: int, agent: str) -> str:
    """Return the browsers in turn, so that none stands out. A crawler keeps its own agent."""
    if agent not in BROWSERS:
        return agent
    return BROWSERS[(BROWSERS.index(agent) + reader) % len(BROWSERS)]
