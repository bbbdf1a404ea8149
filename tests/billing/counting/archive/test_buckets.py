import os

import pytest

from billing.counting.archive.archiving import archive_views
from billing.counting.archive.restoring import restore_views
from billing.counting.archive.stores import open_store
from billing.counting.archive.verifying import verify_views
from billing.counting.retention import purge_readers
from billing.errors import ArchiveUnreachable
from billing.models import BlogView
from tests.billing.batches import AT
from tests.billing.counting.archive.buckets import BUCKET, bucket_server, make_bucket
from tests.billing.counting.archive.conftest import DAY
from tests.billing.tampering import without_guards

pytest.importorskip("duckdb", reason="needs the libraries of requirements-scale.txt")
pytest.importorskip("obstore", reason="needs the libraries of requirements-scale.txt")

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def endpoint():
    if whole := os.environ.get("TEST_S3_ENDPOINT"):
        make_bucket(whole)
        yield whole
        return
    with bucket_server() as address:
        yield address


@pytest.fixture
def bucket(endpoint, folder, settings, monkeypatch):
    settings.ARCHIVE_URL = f"s3://{BUCKET}/of/the house"
    for name, value in {
        "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "of-tests",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    store = open_store()
    yield store
    for stored in list(store.list()):
        store.delete(stored.name)


@pytest.mark.thorough
def test_bucket_is_an_archive_like_a_folder(bucket, views, settings, tmp_path):
    archive_views(at=AT)
    assert len(list(bucket.list())) == 5
    report = verify_views(engine="duckdb", at=AT)
    assert (report.faults, report.days, report.derived["counted"]) == ([], 2, 14)
    before = sorted(BlogView.objects.values_list())
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    assert restore_views(day=DAY) == 15
    assert sorted(BlogView.objects.values_list()) == before

    first = min(stored.name for stored in bucket.list() if stored.name.endswith(".parquet"))
    other = tmp_path / "other"
    other.write_bytes(b"PAR1, but nothing more")
    bucket.put(first, other)
    (fault,) = verify_views(engine="duckdb", at=AT).faults
    assert f"{first} has the SHA-256" in fault
    bucket.delete(first)
    bucket.delete(first)
    (fault,) = verify_views(engine="duckdb", at=AT).faults
    assert f"{first} is missing" in fault

    assert archive_views(at=AT).rewritten == 1
    assert verify_views(engine="duckdb", at=AT).faults == []

    settings.VIEW_RETENTION_DAYS = 30
    assert purge_readers(at=AT).files == 5
    assert list(bucket.list()) == []


def test_server_that_is_away_is_told(bucket, views, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ArchiveUnreachable, match="The archive does not answer"):
        archive_views(at=AT)
