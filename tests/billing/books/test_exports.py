import csv
import datetime as dt
import io

import pytest

from billing.books.exports import export_journal
from billing.books.journal import list_active_months
from tests.billing.books.worked import DECEMBER, OCTOBER, keep_books
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 12, 4, tzinfo=dt.UTC)


@pytest.mark.thorough
def test_no_name_starts_a_formula_or_breaks_a_row(settings):
    names = {
        "Ada": ("=1+1", "'=1+1"), "Bruno": ('-2"3", @x', "'-2\"3\", @x"),
        "Chiara": ("Ö, 🙂 陳\n;x", "Ö, 🙂 陳\n;x"),
    }  # fmt: skip
    settings.MINIMUM_PAYOUT = 10
    keep_books(**{key: name for key, (name, _) in names.items()})
    _, stream = export_journal(month=OCTOBER, currency="EUR", format="csv", by=make_user(), at=AT)
    with stream:
        rows = list(csv.DictReader(io.StringIO(stream.read().decode(), newline="")))
    assert {row["author"] for row in rows} == {shown for _, shown in names.values()}
    assert len(rows) == 22


def test_there_are_no_months_before_the_first_approval():
    assert list_active_months(DECEMBER) == []
