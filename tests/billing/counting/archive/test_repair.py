"""Files that were lost or damaged are written anew from the database, under the seal they have."""

import shutil

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from backoffice.jobs import run_job
from backoffice.models import JobRun
from billing.counting.archive import archiving, leftovers
from billing.counting.archive.archiving import archive_day, archive_views
from billing.counting.archive.manifests import find_manifest
from billing.counting.archive.restoring import restore_views
from billing.counting.archive.stores import Folder
from billing.counting.archive.verifying import verify_views
from billing.counting.folding import fold_views
from billing.counting.retention import purge_readers
from billing.errors import NotSealed
from billing.models import BlogView, ViewSeal
from tests.billing.batches import AT
from tests.billing.clicks import IN_SEPTEMBER, click
from tests.billing.counting.archive.conftest import DAY, NEXT_DAY
from tests.billing.tampering import change, without_guards
from tests.factories import make_blog, make_price

pytest.importorskip("duckdb", reason="needs the libraries of requirements-scale.txt")

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def read_files(folder):
    return {path: path.read_bytes() for path in sorted(folder.glob("*/*"))}


def lose_a_file(folder):
    min((folder / str(DAY)).glob("*.parquet")).unlink()


def lose_the_copy(folder):
    min((folder / str(DAY)).glob("*.json")).unlink()


def lose_the_archive(folder):
    shutil.rmtree(folder)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("lose", "days"),
    [(lose_a_file, "1 day"), (lose_the_copy, "1 day"), (lose_the_archive, "2 days")],
)
def test_lost_files_come_back_byte_for_byte(archived, lose, days):
    before, seals = read_files(archived), ViewSeal.objects.count()
    lose(archived)
    result = archive_views(at=AT)
    assert f"Files of {days} were lost or damaged: written anew." in str(result)
    assert (result.days, result.rewritten, result.hindrances) == (0, int(days[0]), [])
    assert result.faults == []
    assert read_files(archived) == before
    assert ViewSeal.objects.count() == seals
    assert verify_views(engine="duckdb", at=AT).faults == []
    assert archive_views(at=AT).rewritten == 0


@pytest.mark.thorough
def test_damaged_file_is_written_anew_where_asked(archived, capsys):
    before = read_files(archived)
    path = min(archived.glob(f"{DAY}/*.parquet"))
    path.write_bytes(before[path][:100])
    assert archive_views(at=AT).rewritten == 0  # it reads no file that is there
    call_command("archive_views", "--repair")
    assert "Files of 1 day were lost or damaged: written anew." in capsys.readouterr().out
    assert read_files(archived) == before


@pytest.mark.thorough
def test_files_that_come_out_otherwise_get_a_seal_of_their_own(archived, monkeypatch):
    """As another version of DuckDB writes them."""
    old = find_manifest(DAY)
    lose_the_copy(archived)
    monkeypatch.setattr("billing.counting.archive.parquet.SHARDS", 1)
    assert archive_views(at=AT).rewritten == 1
    new = find_manifest(DAY)
    assert (new.seal.number > old.seal.number, len(new.parts)) == (True, 1)
    assert verify_views(engine="duckdb", at=AT).faults == []


@pytest.mark.thorough
def test_lost_file_of_views_that_are_gone_is_named(archived):
    lose_a_file(archived)
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    result = archive_views(at=AT)
    assert result.rewritten == 0
    (fault,) = result.faults
    assert f"Files of {DAY} are lost or damaged, and the database has no views" in fault


@pytest.mark.thorough
def test_loss_that_nobody_can_mend_fails_the_job(archived, mailoutbox, settings):
    """ADMINS get a mail, as of any job that failed, and health and the home page show it."""
    settings.ADMINS = ["ops@example.org"]
    lose_a_file(archived)
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    with pytest.raises(SystemExit):
        run_job("archive_views")
    run = JobRun.objects.get(name="archive_views")
    assert run.status == JobRun.Status.FAILED
    assert "0 views of 0 days archived in 0 files." in run.output
    assert f"CommandError: Files of {DAY} are lost or damaged" in run.output
    assert any(f"Files of {DAY} are lost" in mail.body for mail in mailoutbox)


def test_day_that_waits_for_its_month_fails_no_job(folder):
    blog = make_blog()
    make_price(blog.category, "10")
    click(blog, 0, start=IN_SEPTEMBER)
    fold_views(at=AT)
    run = run_job("archive_views")
    assert run.status == JobRun.Status.SUCCEEDED
    assert "its payout batch is not approved" in run.output


@pytest.mark.thorough
def test_nothing_is_written_anew_of_changed_views_or_by_an_edited_manifest(archived):
    lose_the_archive(archived)
    view = BlogView.objects.filter(day=DAY, outcome="counted").first()
    change(BlogView.objects.filter(pk=view.pk), outcome="double_click")
    seal = find_manifest(NEXT_DAY).seal
    change(ViewSeal.objects.filter(pk=seal.pk), content=seal.content.replace("counted", "Counted"))
    result = archive_views(at=AT)
    assert (result.rewritten, result.hindrances) == (0, [])
    changed, edited = sorted(result.faults, reverse=True)
    assert "their sum is not what was counted" in changed
    assert "was edited" in edited
    assert not archived.exists()


@pytest.mark.thorough
def test_old_file_that_another_run_is_sealing_stays(archived, monkeypatch):
    """A run that died left a file; as one clears it away, another writes and seals the same."""
    with without_guards():
        ViewSeal.objects.filter(kind=ViewSeal.Kind.ARCHIVE, day=NEXT_DAY).delete()
    find, sealed = leftovers.find_manifest, []

    def find_late(day):
        found = find(day)
        if day == NEXT_DAY and not sealed:
            sealed.append(archive_day(NEXT_DAY, store=Folder(archived), at=AT))
        return found

    monkeypatch.setattr(leftovers, "find_manifest", find_late)
    leftovers.delete_leftovers(Folder(archived), at=timezone.now() + leftovers.LEFT_AFTER * 2)
    assert sealed == [find_manifest(NEXT_DAY)]
    assert verify_views(engine="duckdb", at=AT).faults == []


@pytest.mark.thorough
def test_file_that_another_run_seals_as_it_is_deleted_is_written_anew(archived, monkeypatch):
    """Another version of DuckDB wrote the day anew; the old one comes back as its files go."""
    old = find_manifest(DAY)
    with monkeypatch.context() as patch:
        patch.setattr("billing.counting.archive.parquet.SHARDS", 1)
        lose_the_copy(archived)
        archive_views(at=AT)
    delete, sealed = Folder.delete, []

    def delete_late(store, name):
        if not sealed:
            sealed.append(archive_day(DAY, store=store, at=AT))
        delete(store, name)

    monkeypatch.setattr(Folder, "delete", delete_late)
    result = archive_views(at=timezone.now() + leftovers.LEFT_AFTER * 2)
    (new,) = sealed
    assert (new.names, result.rewritten) == (old.names, 1)
    assert new.names <= {path.relative_to(archived).as_posix() for path in read_files(archived)}
    assert verify_views(engine="duckdb", at=AT).faults == []


@pytest.mark.thorough
def test_store_is_asked_outside_of_transactions(folder, views, settings, monkeypatch):
    """One that is slow would keep others waiting for the locks, on SQLite all who write."""
    depth, asked = len(connection.savepoint_ids), []

    def noted(name, method):
        def ask(store, *arguments):
            asked.append((name, len(connection.savepoint_ids)))
            return method(store, *arguments)

        return ask

    for name in ("put", "fetch", "has", "list", "delete"):
        monkeypatch.setattr(Folder, name, noted(name, getattr(Folder, name)))
    archive_views(at=AT)
    lose_the_copy(folder)
    archive_views(at=AT, repair=True)
    (folder / str(DAY) / "manifest.0123456789abcdef.json").write_text("left")
    archive_views(at=timezone.now() + leftovers.LEFT_AFTER * 2)
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    restore_views(day=DAY)
    settings.VIEW_RETENTION_DAYS = 30
    purge_readers(at=AT)
    assert set(asked) == {(name, depth) for name in ("put", "fetch", "has", "list", "delete")}


@pytest.mark.thorough
def test_day_whose_files_another_run_cleared_away_is_not_sealed(folder, views, monkeypatch):
    write = archiving.name_copy

    def clear_then_name(content):
        for path in (folder / content["day"]).glob("*.parquet"):
            path.unlink()
        return write(content)

    monkeypatch.setattr(archiving, "name_copy", clear_then_name)
    with pytest.raises(NotSealed, match="were deleted as they were being written"):
        archive_day(DAY, store=Folder(folder), at=AT)
    assert find_manifest(DAY) is None


def test_files_in_the_making_have_names_that_no_other_machine_makes(folder, tmp_path, monkeypatch):
    source, names = tmp_path / "source", []
    source.write_text("views")
    monkeypatch.setattr(
        "pathlib.Path.rename", lambda path, target: names.append(path.name) or path.unlink()
    )
    for _ in range(2):
        Folder(folder).put(f"{DAY}/shard-0.0123456789abcdef.parquet", source)
    assert len(set(names)) == 2
    assert all(leftovers.OURS.fullmatch(f"{DAY}/{name}") for name in names)
