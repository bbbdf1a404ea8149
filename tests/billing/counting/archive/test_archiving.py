import datetime as dt
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from billing.counting.archive.archiving import archive_views
from billing.counting.archive.manifests import find_manifest
from billing.counting.archive.restoring import restore_views
from billing.counting.archive.verifying import verify_views
from billing.counting.folding import fold_views
from billing.counting.retention import purge_readers
from billing.errors import ArchiveMissing, NotRestored
from billing.models import BlogView, DailyViewCount
from billing.proof import view_seals
from billing.verification import verify_payouts
from tests.billing.batches import AT
from tests.billing.clicks import IN_SEPTEMBER, click
from tests.billing.counting.archive.conftest import DAY, NEXT_DAY
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_price

duckdb = pytest.importorskip("duckdb", reason="needs the libraries of requirements-scale.txt")

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]


def read_views():
    return sorted(BlogView.objects.values_list())


def test_signed_days_are_archived_once(folder, views):
    result = archive_views(at=AT)
    assert str(result) == "17 views of 2 days archived in 3 files."
    assert find_manifest(DAY).outcomes == {"counted": 12, "double_click": 2, "robot": 1}
    names = {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}
    assert names == find_manifest(DAY).names | find_manifest(NEXT_DAY).names
    assert archive_views(at=AT).days == 0


@pytest.mark.thorough
def test_archive_is_verified(folder, views):
    archive_views(at=AT)
    report = verify_views(engine="duckdb", at=AT)
    assert report.faults == []
    assert (report.days, report.outcomes["counted"], report.derived["counted"]) == (2, 14, 14)
    assert report.derived["double_click"] == 2


def test_days_that_are_not_settled_are_named(folder):
    blog = make_blog()
    make_price(blog.category, "10")
    click(blog, 0, start=IN_SEPTEMBER)
    fold_views(at=AT)
    result = archive_views(at=AT)
    assert result.days == 0
    assert "September 2026 are kept: its payout batch is not approved" in str(result)


@pytest.mark.thorough
def test_day_that_was_lost_comes_back_as_it_was(folder, views):
    archive_views(at=AT)
    before, counts = read_views(), list(DailyViewCount.objects.values_list())
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    assert restore_views(day=DAY) == 15
    assert read_views() == before
    assert list(DailyViewCount.objects.values_list()) == counts
    assert restore_views(day=DAY) == 0
    with pytest.raises(NotRestored, match="No views of 2026-09-12 are archived"):
        restore_views(day=dt.date(2026, 9, 12))


@pytest.mark.thorough
def test_late_views_make_the_day_be_archived_anew(folder, views):
    archive_views(at=AT)
    old = find_manifest(DAY)
    blog = BlogView.objects.filter(day=DAY).first().blog
    click(blog, 3000, start=IN_SEPTEMBER)
    fold_views(at=AT)
    report = verify_views(engine="duckdb", at=AT)
    assert (report.faults, report.outdated) == ([], 1)
    with pytest.raises(NotRestored, match="came or changed since"):
        restore_views(day=DAY)
    assert str(archive_views(at=AT)).startswith("16 views of 1 day archived")
    report = verify_views(engine="duckdb", at=AT)
    assert (report.faults, report.outdated, report.derived["counted"]) == ([], 0, 15)
    assert {f"{folder}/{name}" for name in old.names} <= set(map(str, folder.glob("*/*")))
    archive_views(at=timezone.now() + dt.timedelta(days=2))
    names = {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}
    assert names == find_manifest(DAY).names | find_manifest(NEXT_DAY).names
    assert verify_views(engine="duckdb", at=AT).faults == []


@pytest.mark.thorough
def test_archived_days_go_with_the_views_past_retention(folder, views, settings):
    archive_views(at=AT)
    (folder / "README").write_text("of the house")
    settings.VIEW_RETENTION_DAYS = 30
    assert verify_payouts().difference == ""
    result = purge_readers(at=AT)
    assert "17 views of 2 days dropped, with 5 files of the archive" in str(result)
    assert [path.name for path in folder.iterdir()] == ["README"]
    assert purge_readers(at=AT).files == 0
    with pytest.raises(NotRestored, match="past their retention"):
        restore_views(day=DAY)
    with pytest.raises(ArchiveMissing, match="No day is archived"):
        verify_views(engine="duckdb", at=AT)
    assert archive_views(at=AT).days == 0
    assert verify_payouts().difference == ""


@pytest.mark.thorough
def test_what_others_put_into_the_archive_stays_and_hinders_nothing(folder, views, settings):
    """Some servers of files keep a folder of their own in each folder."""
    archive_views(at=AT)
    others = [folder / str(DAY) / "@eaDir" / "thumbnail", folder / "20260910" / "dump.sql"]
    for path in others:
        path.parent.mkdir()
        path.write_text("not ours")
    archive_views(at=timezone.now() + dt.timedelta(days=2))
    settings.VIEW_RETENTION_DAYS = 30
    result = purge_readers(at=AT)
    assert (result.views, result.files, result.hindrance) == (17, 5, "")
    assert all(path.read_text() == "not ours" for path in others)


@pytest.mark.thorough
def test_archive_that_does_not_answer_stops_no_purge(folder, views, settings):
    archive_views(at=AT)
    settings.VIEW_RETENTION_DAYS = 30
    settings.ARCHIVE_URL = "nowhere"
    result = purge_readers(at=AT)
    assert (result.views, result.files, result.hindrance) == (17, 0, "")
    assert "Write a whole path" in result.fault


@pytest.mark.thorough
def test_files_that_outlive_their_retention_fail_the_job(folder, views, settings):
    """The views in the database go all the same."""
    archive_views(at=AT)
    settings.VIEW_RETENTION_DAYS = 30
    settings.ARCHIVE_URL = "nowhere"
    with pytest.raises(CommandError, match="past retention stay in the archive"):
        call_command("purge_readers")
    assert not BlogView.objects.exists()


@pytest.mark.thorough
def test_database_comes_to_the_same_as_the_archive(folder, views):
    archive_views(at=AT)
    of_files = verify_views(engine="duckdb", at=AT)
    of_rows = verify_views(engine=connection.vendor, at=AT)
    assert of_rows.faults == []
    assert str(of_rows).partition(": ")[2] == str(of_files).partition(": ")[2]
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[connection.vendor]
    with pytest.raises(ArchiveMissing, match=f"is {connection.vendor}"):
        verify_views(engine=other, at=AT)


@pytest.mark.thorough
def test_clicks_that_no_fold_has_seen_are_no_fault(folder, views):
    """A late one of the day, and one just after midnight that makes a click before it double."""
    midnight = dt.datetime(2026, 9, 10, 22, tzinfo=dt.UTC)
    blog = BlogView.objects.filter(day=DAY).first().blog
    click(blog, -8, start=midnight, ip_address="192.0.2.77")
    fold_views(at=AT)
    archive_views(at=AT)
    click(blog, 6, start=midnight, ip_address="192.0.2.77")
    click(blog, 3000, start=IN_SEPTEMBER)
    for engine in ("duckdb", connection.vendor):
        report = verify_views(engine=engine, at=AT)
        assert (report.faults, report.outcomes["pending"]) == ([], 0)
    fold_views(at=AT)
    report = verify_views(engine=connection.vendor, at=AT)
    assert (report.faults, report.outcomes["double_click"]) == ([], 3)


@pytest.mark.thorough
def test_commands_say_what_they_did(folder, views, capsys):
    call_command("archive_views")
    call_command("verify_views", "--month", "2026-09")
    call_command("restore_views", "--day", str(DAY))
    told = capsys.readouterr().out
    assert "17 views of 2 days archived" in told
    assert "duckdb: 2 days, 17 views (counted 14, double_click 2, robot 1)" in told
    assert f"0 views of {DAY} restored." in told
    (folder / str(DAY)).rename(folder / "gone")
    with pytest.raises(CommandError, match="differences"):
        call_command("verify_views")


@pytest.mark.thorough
def test_no_file_holds_more_of_readers_than_the_table(folder, views):
    archive_views(at=AT)
    paths = [str(path) for path in folder.glob("*/*.parquet")]
    columns = {row[0] for row in duckdb.sql(f"DESCRIBE FROM read_parquet({paths})").fetchall()}
    assert columns == {field.column for field in BlogView._meta.fields}
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("**/*"))


@pytest.mark.thorough
@pytest.mark.parametrize("rounded", [False, True])
def test_moments_just_before_a_full_second_stay_as_they_are(folder, views, rounded, monkeypatch):
    """SQLite rounds them up where it is asked for seconds, and earlier releases sealed that."""
    blog = BlogView.objects.filter(day=DAY).first().blog
    for seconds in (4000.9995, 4031.2, 5000.999772, 6000.999999):
        click(blog, seconds, start=IN_SEPTEMBER)
    with monkeypatch.context() as patch:
        write = partial(view_seals._write_facts, rounded=rounded)
        patch.setattr(view_seals, "_write_facts", write)
        fold_views(at=AT)
    assert archive_views(at=AT).views == 21
    before = sorted(BlogView.objects.values_list())
    report = verify_views(engine="duckdb", at=AT)
    assert (report.faults, report.derived["counted"]) == ([], 18)
    assert verify_views(engine=connection.vendor, at=AT).faults == []
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    assert restore_views(day=DAY) == 19
    assert sorted(BlogView.objects.values_list()) == before
