"""Views in a spool, told apart by their number."""

import datetime as dt
import uuid

from billing.counting import spool
from billing.counting.clicks import Click
from billing.counting.spool import (
    read_line,
    read_lines,
)

DAY = dt.date(2026, 10, 31)
AT = dt.datetime(2026, 10, 31, 22, 59, 59, 999_999, tzinfo=dt.UTC)


def make_view(number=1, **values):
    facts = {
        "id": uuid.UUID(int=number),
        "blog_id": 1,
        "author_id": 2,
        "category_id": 3,
        "viewed_at": AT,
        "day": DAY,
        "reader_key": b"r" * 16,
        "previous_day_key": None,
        "address_key": b"a" * 16,
        "agent_key": b"\x00\n\xff" + b"u" * 13,
        "outcome": "pending",
        "excluded_by": "",
        "log_import_id": None,
    }
    return Click(**facts | values)


def kept():
    """The numbers of the views in all files, taken or not; None for a line that is broken."""
    lines = [read_line(line) for path in spool.list_files() for line in read_lines(path)]
    return sorted((view.click.id.int for view in lines if view), key=int), lines.count(None)
