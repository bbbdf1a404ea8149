import datetime as dt

import pytest

from billing.counting.archive.archiving import archive_views
from tests.billing.batches import AT, SEPTEMBER
from tests.billing.clicks import IN_SEPTEMBER, approve_month, click
from tests.factories import make_blog, make_price

DAY = dt.date(2026, 9, 10)
NEXT_DAY = dt.date(2026, 9, 11)


@pytest.fixture
def folder(settings, tmp_path):
    settings.ARCHIVE_URL = str(tmp_path / "archive")
    settings.ARCHIVE_WORK_DIR = tmp_path / "work"
    return tmp_path / "archive"


@pytest.fixture
def views(settings):
    """Make two days of September, signed: double clicks, robots, and a pair across midnight."""
    settings.TIME_ZONE = "Europe/Berlin"
    blog = make_blog()
    make_price(blog.category, "10")
    midnight = dt.datetime(2026, 9, 10, 22, tzinfo=dt.UTC)
    click(blog, 0, 10, 60, start=IN_SEPTEMBER)
    click(blog, 120, start=IN_SEPTEMBER, user_agent="Googlebot/2.1")
    click(make_blog(category=blog.category), *range(0, 600, 60), start=IN_SEPTEMBER)
    click(blog, -10, 5, 100, start=midnight)
    approve_month(SEPTEMBER)


@pytest.fixture
def archived(folder, views):
    archive_views(at=AT)
    return folder
