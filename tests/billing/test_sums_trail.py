"""Sums that somebody made anew stand in the audit trail, with who and why as their seal keeps."""

import pytest
from django.db import connection
from django.urls import reverse

from billing.counting.folding import fold_views
from billing.counting.sums import mend_sums
from billing.models import ViewSeal
from billing.trail.seals import SUMS
from tests.billing.batches import AT, OCTOBER, make_batch
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_category, make_click, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

URL = "/admin/audit-trail/"
TOLD = (
    "Fay Example",
    "Made anew",
    "Daily views of categories: 1 sums said 1,004 views, and say 1 now",
    "A slip by hand",
)


@pytest.fixture(autouse=True)
def mended(client, settings):
    """The sums of October, one of which was wrong, that fay made anew."""
    settings.TIME_ZONE = "Europe/Berlin"
    category = make_category("Tech")
    make_price(category, "10")
    make_click(make_blog(category=category), 0)
    fold_views(at=AT)
    with without_guards(), connection.cursor() as cursor:
        cursor.execute("UPDATE billing_dailycategorycount SET views = views + 1003")
    fay = make_user("fay", first_name="Fay", last_name="Example")
    mend_sums(month=OCTOBER, by=fay, reason="A slip by hand", at=AT)
    client.force_login(make_user(is_superuser=True))


def read(client, **filters):
    rows = client.get(URL, {"kind": SUMS} | filters).context["rows"]
    return [(row.entry.person, row.entry.action, row.entry.text, row.entry.reason) for row in rows]


def test_they_stand_there_with_who_and_why(client):
    assert read(client) == [TOLD]
    assert "A slip by hand" in client.get(URL).text
    assert ViewSeal.objects.count() > 1  # of which the others are no act of anybody


@pytest.mark.cases(6)
@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({"person": "Fay"}, 1),
        ({"person": "finn"}, 0),
        ({"person": "system"}, 0),
        ({"q": "SLIP hand"}, 1),
        ({"q": "slap"}, 0),
        ({"until": "2026-01-01"}, 0),
    ],
)
def test_they_are_found_by_person_word_and_day(client, filters, number):
    make_user("finn")
    assert len(read(client, **filters)) == number


def test_those_of_a_month_stand_with_its_batch(client):
    batch = make_batch()
    assert batch.month == OCTOBER
    page = client.get(reverse("admin:billing_payoutbatch_history", args=[batch.pk]))
    assert "sums of views" in {row.entry.kind for row in page.context["rows"]}


def test_an_index_finds_them_among_all_seals_of_views():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, ViewSeal._meta.db_table)
    columns = [one["columns"] for name, one in found.items() if name.startswith("trail_")]
    assert columns == [["kind", "at"]]
