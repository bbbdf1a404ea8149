"""Numbers of views through a broker: they grow, and are never taken back."""

import pytest

from billing.models import StreamPosition, WriterDay
from tests.billing.guarded import AT, execute, refuses

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.cases(100)]


@pytest.fixture
def numbered():
    WriterDay.objects.create(
        writer="web-1",
        day=AT.date(),
        sent=5,
        told_at=AT,
        ended=True,
        received=[[1, 4]],
        received_views=4,
    )
    StreamPosition.objects.create(stream="VIEWS 1")


@pytest.mark.usefixtures("numbered")
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE billing_writerday SET sent = 4",
        "UPDATE billing_writerday SET received_views = 3",
        "UPDATE billing_writerday SET ended = FALSE",
        "UPDATE billing_writerday SET told_at = '2026-01-01 00:00:00+00:00'",
        "UPDATE billing_writerday SET writer = 'web-2'",
        "UPDATE billing_writerday SET day = '2026-01-01'",
        "DELETE FROM billing_writerday",
        "UPDATE billing_streamposition SET stream = 'VIEWS 2'",
        "DELETE FROM billing_streamposition",
    ],
)
def test_numbers_are_not_taken_back(sql):
    assert refuses(sql)


@pytest.mark.usefixtures("numbered")
def test_numbers_grow():
    execute("UPDATE billing_writerday SET sent = 6, received_views = 5, received = '[[1, 5]]'")
    execute("UPDATE billing_writerday SET told_at = '2036-01-01 00:00:00+00:00'")
    execute("UPDATE billing_streamposition SET taken_in = '[[1, 9]]', waiting = 3")


def test_word_of_a_writer_that_gave_no_number_stays_told():
    WriterDay.objects.create(writer="web-1", day=AT.date(), told_at=AT)
    assert refuses("UPDATE billing_writerday SET told_at = NULL")
