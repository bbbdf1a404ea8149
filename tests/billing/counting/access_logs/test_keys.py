"""A line of a log counts once, whatever becomes of SECRET_KEY between two imports."""

import gzip

import pytest
from django.core.management import call_command

from billing.counting.access_logs.keys import derive_key, get_line_key
from billing.models import AccessLogImport, BlogView, DailyViewCount, LogLineKey
from billing.verification import verify_payouts
from tests.factories import make_blog, make_line

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LINES = [
    make_line(host=f"192.0.2.{n}", time=f"17/May/2015:10:05:{n:02} +0000") for n in range(1, 41)
]


@pytest.fixture(autouse=True)
def blog():
    return make_blog(slug="arp-security")


@pytest.fixture
def bring_in(tmp_path):
    """Return a function that imports lines as a file."""

    def bring_in(lines, name="access.log", pack=bytes):
        path = tmp_path / name
        path.write_bytes(pack(b"\n".join(lines) + b"\n"))
        call_command("import_access_log", path, verbosity=0)
        return AccessLogImport.objects.order_by("-pk").first()

    return bring_in


def rotate(settings):
    settings.SECRET_KEY = "another key, after the old one got about"


def use_ids_of_before(settings):
    """As in an installation whose SECRET_KEY was changed before its ids had a key of their own."""
    LogLineKey.objects.all().delete()
    rotate(settings)


def test_ids_do_not_depend_on_the_secret_key(settings):
    before = get_line_key()
    rotate(settings)
    assert get_line_key() == before
    assert len(before) == 32
    assert before != derive_key(settings.SECRET_KEY)


def test_installation_that_has_imports_goes_on_with_the_ids_they_have(settings, bring_in):
    bring_in(LINES)
    LogLineKey.objects.all().delete()  # as it was before the migration
    assert get_line_key() == derive_key(settings.SECRET_KEY)


@pytest.mark.parametrize(
    ("lines", "name", "pack"),
    [
        (LINES, "access.log", bytes),
        (LINES, "another-name.log", bytes),
        (LINES, "access.log.gz", gzip.compress),
        (LINES[20:], "second-half.log", bytes),
    ],
)
def test_lines_imported_before_a_rotation_add_nothing_after_it(
    settings, bring_in, lines, name, pack
):
    bring_in(LINES)
    rotate(settings)
    again = bring_in(lines, name, pack)
    assert again.outcomes["already imported"] == len(lines)
    assert BlogView.objects.count() == DailyViewCount.objects.get().views == 40


def test_overlapping_halves_around_a_rotation_count_each_line_once(settings, bring_in):
    bring_in(LINES[:25])
    rotate(settings)
    again = bring_in(LINES[15:])
    assert (again.outcomes["already imported"], again.outcomes["counted"]) == (10, 15)
    assert DailyViewCount.objects.get().views == 40


def test_file_that_is_known_by_its_bytes_adds_nothing_although_the_ids_are_others(
    settings, bring_in
):
    bring_in(LINES)
    use_ids_of_before(settings)
    again = bring_in(LINES, "renamed.log")
    assert again.outcomes["already imported"] == 40
    assert DailyViewCount.objects.get().views == 40


def test_line_of_a_known_file_whose_blog_is_new_since_then_counts(bring_in):
    lines = [*LINES, make_line("GET /blogs/later/ HTTP/1.1")]
    assert bring_in(lines).outcomes["unknown blog"] == 1
    make_blog(slug="later")
    again = bring_in(lines)
    assert (again.outcomes["already imported"], again.outcomes["counted"]) == (40, 1)


@pytest.mark.thorough
@pytest.mark.parametrize("lines", [LINES[10:], LINES[5:15], LINES[:10]])
def test_verification_names_lines_that_count_twice(settings, bring_in, lines):
    bring_in(LINES)
    use_ids_of_before(settings)
    bring_in(lines, "part.log")
    assert BlogView.objects.count() == 40 + len(lines)
    run = verify_payouts()
    assert run.status == "failed"
    assert "The import of part.log" in run.difference
    assert f"counts views of {len(lines)} moments in May 2015 that the import of access.log" in (
        run.difference
    )


@pytest.mark.thorough
def test_verification_lets_two_servers_be_busy_in_the_same_seconds(bring_in):
    bring_in(LINES)
    others = [line.replace(b"192.0.2.", b"198.51.100.") for line in LINES]
    bring_in(others[:-4] + others[-1:], "second-server.log")
    assert verify_payouts().status == "passed"
