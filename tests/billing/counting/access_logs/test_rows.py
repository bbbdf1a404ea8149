"""What an import writes is what the site writes of the same clicks, one by one."""

import datetime as dt
import io
import itertools

import pytest

from billing.counting.access_logs import lines
from billing.counting.access_logs.importing import import_access_log
from billing.counting.access_logs.keys import get_line_key
from billing.counting.access_logs.lines import Request, make_reader
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.clicks import make_click
from billing.models import BlogView
from tests.factories import FIREFOX, make_blog, make_line

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

ROBOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
KEPT = (
    "pk", "blog_id", "author_id", "category_id", "viewed_at", "day", "reader_key",
    "previous_day_key", "address_key", "agent_key", "excluded_by",
)  # fmt: skip


def test_readers_who_come_again_get_the_rows_of_single_clicks(monkeypatch):
    blog = make_blog(slug="arp-security")
    moments = ["16/May/2015:10:05:03 +0000", "17/May/2015:00:00:07 +0200"]
    moments += ["17/May/2015:00:00:07 -0700", "17/May/2015:10:05:03 +0000"]
    hosts = ["192.0.2.1", "192.0.2.2", "Reader.Example.org", "2001:DB8::0:1"]
    log = [
        make_line(time=time, host=host, user_agent=agent)
        for time, host, agent in itertools.product(moments, hosts, [FIREFOX, "", ROBOT])
    ]
    import_access_log(
        file=io.BytesIO(b"\n".join(log)),
        file_name="access.log",
        path_pattern=OWN_PAGES,
        at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )

    monkeypatch.setattr(lines, "match_plain", lambda line: None)
    requests = list(map(make_reader(OWN_PAGES, key=get_line_key()), log))
    assert all(isinstance(request, Request) for request in requests)
    singles = [
        make_click(
            blog=blog,
            viewed_at=request.viewed_at,
            ip_address=request.host,
            user_agent=request.user_agent,
            view_id=request.view_id,
        )
        for request in requests
    ]
    expected = sorted(
        tuple(getattr(click, "id" if name == "pk" else name) for name in KEPT) for click in singles
    )
    rows = sorted(
        tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
        for row in BlogView.objects.values_list(*KEPT)
    )
    assert rows == expected
    assert any(row[KEPT.index("previous_day_key")] for row in rows)
