"""Files that were lost or damaged are written anew from the database, under the seal they have."""

import shutil

import pytest
from django.core.management import call_command
from django.utils import timezone

from billing.counting.archive import archiving, leftovers
from billing.counting.archive.archiving import archive_day, archive_views
from billing.counting.archive.manifests import find_manifest
from billing.counting.archive.stores import Folder
from billing.counting.archive.verifying import verify_views
from billing.errors import NotSealed
from billing.models import BlogView, ViewSeal
from tests.billing.batches import AT
from tests.billing.counting.archive.conftest import DAY, NEXT_DAY
from tests.billing.tampering import change, without_guards

pytest.importorskip("duckdb", reason="needs the libraries of requirements-scale.txt")

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]


def read_files(folder):
    return {path: path.read_bytes() for path in sorted(folder.glob("*/*"))}


def lose_a_file(folder):
    min((folder / str(DAY)).glob("*.parquet")).unlink()


def lose_the_copy(folder):
    min((folder / str(DAY)).glob("*.json")).unlink()


def lose_the_archive(folder):
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("lose", "days"), [(lose_a_file, 1), (lose_the_copy, 1), (lose_the_archive, 2)]
)
def test_lost_files_come_back_byte_for_byte(archived, lose, days):
    before, seals = read_files(archived), ViewSeal.objects.count()
    lose(archived)
    result = archive_views(at=AT)
    assert f"Files of {days} days were lost or damaged: written anew." in str(result)
    assert (result.days, result.rewritten, result.hindrances) == (0, days, [])
    assert read_files(archived) == before
    assert ViewSeal.objects.count() == seals
    assert verify_views(engine="duckdb", at=AT).faults == []
    assert archive_views(at=AT).rewritten == 0


def test_damaged_file_is_written_anew_where_asked(archived, capsys):
    before = read_files(archived)
    path = min(archived.glob(f"{DAY}/*.parquet"))
    path.write_bytes(before[path][:100])
    assert archive_views(at=AT).rewritten == 0  # it reads no file that is there
    call_command("archive_views", "--repair")
    assert "Files of 1 days were lost or damaged" in capsys.readouterr().out
    assert read_files(archived) == before


def test_files_that_come_out_otherwise_get_a_seal_of_their_own(archived, monkeypatch):
    """As another version of DuckDB writes them."""
    old = find_manifest(DAY)
    lose_the_copy(archived)
    monkeypatch.setattr("billing.counting.archive.parquet.SHARDS", 1)
    assert archive_views(at=AT).rewritten == 1
    new = find_manifest(DAY)
    assert (new.seal.number > old.seal.number, len(new.parts)) == (True, 1)
    assert verify_views(engine="duckdb", at=AT).faults == []


def test_lost_file_of_views_that_are_gone_is_named(archived):
    lose_a_file(archived)
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    result = archive_views(at=AT)
    assert result.rewritten == 0
    assert f"Files of {DAY} are lost or damaged, and the database has no views" in str(result)


def test_nothing_is_written_anew_of_changed_views_or_by_an_edited_manifest(archived):
    lose_the_archive(archived)
    view = BlogView.objects.filter(day=DAY, outcome="counted").first()
    change(BlogView.objects.filter(pk=view.pk), outcome="double_click")
    seal = find_manifest(NEXT_DAY).seal
    change(ViewSeal.objects.filter(pk=seal.pk), content=seal.content.replace("counted", "Counted"))
    result = archive_views(at=AT)
    assert (result.rewritten, len(result.hindrances)) == (0, 2)
    assert "their sum is not what was counted" in str(result)
    assert "was edited" in str(result)
    assert not archived.exists()


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
