"""What is wrong with an archive is named, and nothing is restored from it."""

import json
import shutil

import pytest

from billing.counting.archive import archiving
from billing.counting.archive.archiving import archive_views
from billing.counting.archive.manifests import find_manifest
from billing.counting.archive.restoring import restore_views
from billing.counting.archive.verifying import verify_views
from billing.counting.folding import fold_views
from billing.counting.recounting import recount_month
from billing.errors import ArchiveDamaged, ArchiveMissing, NotRestored
from billing.models import BlogView, DailyViewCount, ViewSeal
from billing.proof.chains import hash_link
from billing.proof.digests import encode_canonical
from tests.billing.batches import AT, SEPTEMBER
from tests.billing.clicks import IN_SEPTEMBER, click
from tests.billing.counting.archive.conftest import DAY, NEXT_DAY
from tests.billing.tampering import change, without_guards
from tests.factories import make_click

pytest.importorskip("duckdb", reason="needs the libraries of requirements-scale.txt")

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def first_file(folder, day=DAY, kind="parquet"):
    return min((folder / str(day)).glob(f"*.{kind}"))


def flip_a_byte(folder):
    path = first_file(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(folder):
    path = first_file(folder)
    path.write_bytes(path.read_bytes()[:100])


def lose_a_file(folder):
    first_file(folder).unlink()


def lose_a_day(folder):
    shutil.rmtree(folder / str(DAY))


def swap_days(folder):
    one, other = first_file(folder), first_file(folder, NEXT_DAY)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def edit_the_copy(folder):
    path = first_file(folder, kind="json")
    path.write_text(path.read_text().replace('"counted":12', '"counted":13'))


def lose_the_copy(folder):
    first_file(folder, kind="json").unlink()


def edit_the_manifest(folder):
    seal = find_manifest(DAY).seal
    change(
        ViewSeal.objects.filter(pk=seal.pk),
        content=seal.content.replace('"counted":12', '"counted":13'),
    )


def edit_a_seal_of_views(folder):
    change(ViewSeal.objects.filter(number=min(find_manifest(DAY).seals)), hash="f" * 64)


@pytest.mark.thorough
def test_damaged_archive_is_not_recounted(archived):
    flip_a_byte(archived)
    with pytest.raises(ArchiveDamaged, match="has the SHA-256"):
        recount_month(SEPTEMBER, engine="duckdb")


@pytest.mark.thorough
def test_recount_leaves_out_a_day_that_changed_and_names_it(archived):
    before = recount_month(SEPTEMBER, engine="duckdb")
    assert (before.left_out, before.then.total()) == (
        [],
        BlogView.objects.filter(outcome="counted").count(),
    )
    of_day = BlogView.objects.filter(outcome="counted").filter(day=DAY)
    click(of_day[0].blog, 3000, start=IN_SEPTEMBER)
    fold_views(at=AT)
    after = recount_month(SEPTEMBER, engine="duckdb")
    assert "as the archive lacks them or they changed since: 2026-09-10." in str(after)
    assert after.then.total() == BlogView.objects.filter(outcome="counted").exclude(day=DAY).count()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (flip_a_byte, "has the SHA-256"),
        (cut_short, "has the SHA-256"),
        (lose_a_file, "is missing: "),
        (lose_a_day, "is missing: "),
        (swap_days, "has the SHA-256"),
        (edit_the_copy, "is not what seal"),
        (lose_the_copy, ".json is missing"),
        (edit_the_manifest, "was edited"),
        (edit_a_seal_of_views, "names seals that the chain has not"),
    ],
)
def test_damage_is_named_and_nothing_is_restored(archived, damage, named):
    damage(archived)
    faults = verify_views(engine="duckdb", at=AT).faults
    assert any(named in fault and str(DAY) in fault for fault in faults), faults
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    with pytest.raises(ArchiveDamaged, match=named.split("{", maxsplit=1)[0]):
        restore_views(day=DAY)
    assert not BlogView.objects.filter(day=DAY).exists()


@pytest.mark.thorough
def test_damage_of_the_day_after_keeps_no_day_from_being_verified(archived):
    with without_guards():
        BlogView.objects.all().delete()
    shutil.rmtree(archived / str(NEXT_DAY))
    report = verify_views(engine="duckdb", at=AT)
    assert report.days == 1
    first, *others = report.faults
    assert first.startswith(f"{DAY}: its last clicks were not compared with the rule")
    assert len(others) == 2
    assert all(fault.startswith(str(NEXT_DAY)) for fault in others)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["../../precious", "/tmp/precious", "shard-0.parquet"])  # noqa: S108
def test_manifest_that_names_a_file_elsewhere_is_refused(archived, name):
    """Who writes the table of seals can hash a link anew, and gets no file for it."""
    manifest = find_manifest(DAY)
    content = json.loads(manifest.seal.content)
    content["files"][0][0] = name
    forged = encode_canonical(content)
    links = ViewSeal.objects.filter(pk=manifest.seal.pk)
    change(links, content=forged, hash=hash_link(forged, manifest.seal.previous_hash))
    (fault, *_) = verify_views(engine="duckdb", at=AT).faults
    assert "no file of the archive" in fault
    with pytest.raises(ArchiveDamaged, match="no file of the archive"):
        restore_views(day=DAY)


@pytest.mark.thorough
def test_view_that_comes_in_meanwhile_leaves_the_day_to_the_next_run(folder, views, monkeypatch):
    blog, write = BlogView.objects.filter(day=DAY).first().blog, archiving.write_day

    def write_with_one_more(path, day):
        if day == DAY:
            click(blog, 3000, start=IN_SEPTEMBER)
        write(path, day)

    monkeypatch.setattr(archiving, "write_day", write_with_one_more)
    result = archive_views(at=AT)
    assert f"Views of {DAY} changed as they were being archived" in str(result)
    assert result.faults == []
    assert find_manifest(DAY) is None


@pytest.mark.thorough
def test_count_that_the_archive_does_not_come_to_is_named(archived):
    count = DailyViewCount.objects.filter(day=DAY).first()
    change(DailyViewCount.objects.filter(pk=count.pk), views=99)
    (fault,) = verify_views(engine="duckdb", at=AT).faults
    assert f"of blog {count.blog_id}" in fault
    assert "count by the rule; 99 are in the daily counts" in fault


@pytest.mark.thorough
def test_archive_that_is_gone_is_told(archived, settings):
    settings.ARCHIVE_URL = str(archived / "elsewhere")
    assert all("is missing" in fault for fault in verify_views(engine="duckdb", at=AT).faults)
    settings.ARCHIVE_URL = ""
    with pytest.raises(ArchiveMissing, match="ARCHIVE_URL is not set"):
        restore_views(day=DAY)


def test_changed_view_in_the_database_keeps_the_day_from_being_archived(folder, views):
    view = BlogView.objects.filter(day=DAY, outcome="counted").first()
    change(BlogView.objects.filter(pk=view.pk), outcome="double_click")
    (fault,) = archive_views(at=AT).faults
    assert "their sum is not what was counted" in fault
    assert find_manifest(DAY) is None


@pytest.mark.thorough
def test_part_of_a_day_comes_back_beside_what_is_there(archived):
    before = sorted(BlogView.objects.values_list())
    with without_guards():
        for view in BlogView.objects.filter(day=DAY)[:4]:
            view.delete()
    assert restore_views(day=DAY) == 4
    assert sorted(BlogView.objects.values_list()) == before


@pytest.mark.thorough
def test_nothing_comes_back_beside_a_view_that_was_changed(archived):
    first, second = BlogView.objects.filter(day=DAY, outcome="counted")[:2]
    change(BlogView.objects.filter(pk=first.pk), address_key=b"x" * 16)
    with without_guards():
        second.delete()
    with pytest.raises(NotRestored, match=r"Nothing was written.*under seal"):
        restore_views(day=DAY)
    assert not BlogView.objects.filter(pk=second.pk).exists()


@pytest.mark.thorough
def test_nothing_comes_back_beside_another_outcome(archived):
    first, second = BlogView.objects.filter(day=DAY, outcome="counted")[:2]
    change(BlogView.objects.filter(pk=first.pk), outcome="double_click")
    with without_guards():
        second.delete()
    with pytest.raises(NotRestored, match="other outcomes"):
        restore_views(day=DAY)
    assert not BlogView.objects.filter(pk=second.pk).exists()


@pytest.mark.thorough
def test_nothing_comes_back_beside_views_that_exchanged_their_outcomes(archived):
    """Their sums are still what was sealed."""
    counted, lost = BlogView.objects.filter(day=DAY, outcome="counted")[:2]
    double = BlogView.objects.filter(day=DAY, outcome="double_click").first()
    change(BlogView.objects.filter(pk=counted.pk), outcome="double_click")
    change(BlogView.objects.filter(pk=double.pk), outcome="counted")
    with without_guards():
        lost.delete()
    with pytest.raises(NotRestored, match="other outcomes"):
        restore_views(day=DAY)
    assert not BlogView.objects.filter(pk=lost.pk).exists()


@pytest.mark.thorough
def test_view_that_nobody_sealed_is_no_part_of_the_day(archived):
    with without_guards():
        BlogView.objects.filter(day=DAY).delete()
    make_click(BlogView.objects.first().blog, 0)  # another day's, in November
    assert restore_views(day=DAY) == 15
