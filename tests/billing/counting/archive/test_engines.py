"""Every engine comes to the same counts and digests, on real logs."""

import datetime as dt
import importlib.util
import shutil

import pytest
from django.db import connection

from billing.counting import recounting, settled
from billing.counting.access_logs.importing import import_access_log
from billing.counting.archive.archiving import archive_views
from billing.counting.archive.verifying import verify_views
from billing.counting.folding import fold_views
from billing.counting.recounting import recount_month
from billing.models import BlogView
from tests.billing.counting.access_logs.logs import ARTICLES, HOWTOS, make_blogs, read_expected
from tests.factories import make_price
from weblog.models import Blog

pytest.importorskip("duckdb", reason="needs the libraries of requirements-scale.txt")

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.fixture(
    params=[
        ("access-log-semicomplete", "apache_logs", ARTICLES, "views_200"),
        ("access-log-basjes", "hackers-access.log", HOWTOS, "views_200"),
    ],
    ids=["semicomplete", "basjes"],
)
def archived(request, folder, shared_data, monkeypatch):
    """Import a real log and archive its days, as if their months were paid."""
    name, log, pattern, column = request.param
    monkeypatch.setattr(settled, "_is_signed", lambda month: True)
    make_blogs(read_expected(shared_data / name, column))
    make_price(Blog.objects.first().category, "10", effective_from=dt.date(2000, 1, 1))
    with (shared_data / name / log).open("rb") as file:
        import_access_log(file=file, file_name=log, path_pattern=pattern, at=AT)
    fold_views(at=AT)
    result = archive_views(at=AT)
    assert (result.views, result.hindrances) == (BlogView.objects.count(), [])


def tell(engine):
    """Return what an engine says, without its name."""
    report = verify_views(engine=engine, at=AT)
    assert report.faults == []
    assert report.outcomes["counted"] == report.derived["counted"] > 0
    return str(report).partition(": ")[2]


def recount_all(engine):
    """Return what a recount of each month comes to."""
    return [
        str(recount_month(month, engine=engine)) for month in BlogView.objects.dates("day", "month")
    ]


@pytest.fixture
def empty_lists(monkeypatch):
    monkeypatch.setattr(recounting, "is_on_lists", lambda pattern: False)


@pytest.mark.thorough
def test_duckdb_and_the_database_come_to_the_same(archived, empty_lists):
    assert tell("duckdb") == tell(connection.vendor)
    assert recount_all("duckdb") == recount_all(connection.vendor)
    has_robots = BlogView.objects.filter(outcome="robot").exists()
    assert ("No robots by today" in "".join(recount_all("duckdb"))) == has_robots


@pytest.mark.skipif(
    not (importlib.util.find_spec("pyspark") and shutil.which("java")),
    reason="pyspark needs Java and takes 500 MB: pip install pyspark",
)
@pytest.mark.filterwarnings("ignore")  # of pyspark's own
def test_spark_and_the_database_come_to_the_same(archived, empty_lists):
    assert tell("spark") == tell(connection.vendor)
    assert recount_all("spark") == recount_all(connection.vendor)
