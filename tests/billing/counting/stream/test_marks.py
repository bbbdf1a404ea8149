"""What the file of a web process says, whatever becomes of the file or of a view."""

import pytest
from django.utils import timezone

from billing.counting import local_salts
from billing.counting.spool_intake import take_in_spool
from billing.counting.stream import marks, publishing
from billing.counting.stream.marks import MOST_IN_HAND, SLOT, Writer, read_marks
from billing.counting.stream.publishing import offer_view
from billing.models import ReaderSalt, WriterDay
from billing.periods import day_of
from tests.billing.counting.spooled import DAY, make_view

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def fresh_writer(spool_dir):
    spool_dir.mkdir(parents=True, exist_ok=True)
    yield
    marks.forget_writer()


def say(number=2):
    writer = Writer()
    for _ in range(number):
        writer.settle(DAY, writer.take_number(DAY))
    return writer


def break_slots(writer, spool_dir, *slots):
    path = spool_dir / f"{writer.name}.sent"
    with path.open("r+b") as file:
        for slot in slots:
            file.seek(slot * SLOT + 10)
            file.write(b"\0\0\0")
    return path


def test_first_word_that_breaks_off_leaves_the_file_as_it_was_made(spool_dir):
    writer = Writer()
    writer.take_number(DAY)
    break_slots(writer, spool_dir, 1)
    [read], problems = read_marks()
    assert (read.days, problems) == ({}, [])


@pytest.mark.django_db
def test_broken_file_is_named_with_what_to_do_and_silences_no_other(spool_dir):
    broken, whole = say(), say(3)
    path = break_slots(broken, spool_dir, 0, 1)
    intake = take_in_spool()
    assert f"{path} is broken" in intake.problem
    assert f"rm {path}" in intake.problem
    row = WriterDay.objects.get()
    assert (row.writer, row.sent) == (whole.name, 3)


@pytest.mark.django_db
def test_file_of_the_spool_that_stays_keeps_marks_back(spool_dir):
    """It may hold views that a mark calls settled."""
    say()
    (spool_dir / "other.views").mkdir()
    assert take_in_spool().problem
    assert not WriterDay.objects.exists()
    (spool_dir / "other.views").rmdir()
    assert take_in_spool().problem == ""
    assert WriterDay.objects.get().sent == 2


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setattr(publishing, "_may_try", lambda: True)
    monkeypatch.setattr(publishing, "_publish", lambda *arguments: False)


def offer_and_fail(number):
    with offer_view(make_view(number), salt="a") as offer:
        assert offer.numbered.number == number + 1
        raise OSError("full")


@pytest.mark.django_db
@pytest.mark.usefixtures("broker")
def test_views_that_nothing_kept_are_given_up_and_stop_no_later_ones():
    for number in range(MOST_IN_HAND + 5):
        with pytest.raises(OSError, match="full"):
            offer_and_fail(number)
    with offer_view(make_view(), salt="a") as offer:
        assert offer.numbered.number == MOST_IN_HAND + 6
    take_in_spool()
    row = WriterDay.objects.get()
    assert (row.sent, row.unsettled) == (MOST_IN_HAND + 6, [[1, MOST_IN_HAND + 5]])


@pytest.mark.django_db
def test_salt_of_a_day_whose_views_all_went_through_the_broker_is_adopted(settings):
    settings.VIEWS_BROKER = ["nats://localhost"]
    day = day_of(timezone.now())
    salt = local_salts.get_salt(day)
    take_in_spool()
    assert bytes(ReaderSalt.objects.get(day=day).salt) == salt
