"""Views of the last half thousandth of a second, which SQLite takes for the next second's."""

import datetime as dt
from functools import partial

import pytest
from django.db import connection

from billing.counting.archive.verifying import verify_views
from billing.counting.folding import fold_views
from billing.models import BlogView
from billing.proof import view_seals
from billing.verification import verify_payouts
from tests.billing.tampering import change
from tests.factories import NOON, make_blog, make_click

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

LATER = NOON + dt.timedelta(days=40)


@pytest.fixture
def clicks():
    blog = make_blog()
    for seconds in (0.999499, 100.9995, 200.999999, 301):
        make_click(blog, seconds)


def test_facts_of_a_view_are_the_same_text_from_both_databases(clicks):
    for view in BlogView.objects.annotate(facts=view_seals.write_view_facts()):
        microseconds = int(view.viewed_at.timestamp()) * 1_000_000 + view.viewed_at.microsecond
        assert view.facts.split(",")[4] == str(microseconds)


@pytest.mark.thorough
def test_what_an_earlier_release_sealed_on_sqlite_is_proved_on_both(clicks, monkeypatch):
    with monkeypatch.context() as patch:
        write = partial(view_seals._write_facts, rounded=True)
        patch.setattr(view_seals, "_write_facts", write)
        fold_views(at=LATER)
    assert verify_payouts().difference == ""
    assert verify_views(engine=connection.vendor, at=LATER).faults == []
    view = BlogView.objects.get(viewed_at=NOON + dt.timedelta(seconds=200.999999))
    change(BlogView.objects.filter(pk=view.pk), viewed_at=view.viewed_at + dt.timedelta(seconds=1))
    assert "came under it" in verify_payouts().difference
    (fault,) = verify_views(engine=connection.vendor, at=LATER).faults
    assert "under seal 1 are 4 views" in fault
