import datetime as dt

import pytest
from django.db import transaction

from billing.counting import spool
from billing.counting.folding import fold_views
from billing.counting.spool import keep_view, read_line
from billing.counting.spool_intake import take_in_spool
from billing.counting.spool_status import spool_status
from billing.models import BlogView, LostViewTotal
from billing.payouts.steps import build_batch
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.clicks import approve_month
from tests.billing.counting.spooled import DAY, make_view
from tests.factories import make_blog, make_price, make_retired_total

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

IN_SEPTEMBER = dt.datetime(2026, 9, 10, 10, tzinfo=dt.UTC)


@pytest.fixture
def blog():
    blog = make_blog()
    make_price(blog.category, "10")
    return blog


@pytest.fixture
def keep(blog):
    facts = {"blog_id": blog.pk, "author_id": blog.author_id, "category_id": blog.category_id}

    def keep(*numbers, **values):
        for number in numbers:
            keep_view(make_view(number, **facts | values), salt="abcd1234")

    return keep


def lost():
    return {(row.day, row.reason): row.views for row in LostViewTotal.objects.all()}


def test_view_comes_in_as_it_was_kept(keep, blog):
    keep(1, previous_day_key=b"p" * 16)
    assert take_in_spool().taken_in == 1
    view = BlogView.objects.get()
    expected = make_view(1, previous_day_key=b"p" * 16)
    assert view.pk == expected.id
    assert (view.viewed_at, view.day, view.outcome) == (expected.viewed_at, DAY, "pending")
    assert (bytes(view.reader_key), bytes(view.previous_day_key)) == (b"r" * 16, b"p" * 16)
    assert (view.blog, view.author, view.category) == (blog, blog.author, blog.category)
    assert spool.list_files() == []


def test_file_that_was_taken_in_and_came_back_adds_nothing(keep):
    keep(1, 2)
    [path] = spool.list_files()
    content = path.read_bytes()
    take_in_spool()
    path.write_bytes(content)
    intake = take_in_spool()
    assert (intake.taken_in, intake.known) == (0, 2)
    assert BlogView.objects.count() == 2


def test_file_stays_where_the_transaction_is_rolled_back(keep):
    keep(1)
    with transaction.atomic():
        assert take_in_spool().taken_in == 1
        transaction.set_rollback(True)
    assert not BlogView.objects.exists()
    assert take_in_spool().taken_in == 1


def test_one_bad_view_keeps_no_other_out(keep, blog):
    keep(1, 2)
    keep(3, blog_id=blog.pk + 1_000)
    keep(4, excluded_by="x" * 300)
    keep(5)
    intake = take_in_spool()
    on_postgresql = BlogView.objects.count() == 3
    assert intake.lost == (2 if on_postgresql else 1)  # SQLite takes any length
    assert lost() == {(DAY, "refused"): intake.lost}


def test_file_of_another_version_stays_and_stops_no_other(keep, spool_dir):
    keep(1)
    [path] = spool.list_files()
    text = path.read_bytes().partition(b" ")[2].replace(b"blog_id", b"page_id").strip()
    newer = spool_dir / "newer.views"
    newer.write_bytes(spool._digest(text) + b" " + text + b"\n")
    intake = take_in_spool()
    assert intake.taken_in == 1
    assert "another version" in str(intake)
    assert spool_status().files == 1


def test_folder_that_can_not_be_used_stops_no_fold(blog, spool_dir, caplog):
    spool_dir.write_text("in the way")
    result = fold_views()
    assert "the spool can't be used" in str(result)


@pytest.mark.thorough
def test_spool_found_after_its_month_was_paid_comes_with_the_next_batch(keep, blog):
    keep(1, viewed_at=IN_SEPTEMBER, day=IN_SEPTEMBER.date(), reader_key=b"x" * 16)
    fold_views(at=AT)
    approve_month(SEPTEMBER)
    keep(2, viewed_at=IN_SEPTEMBER, day=IN_SEPTEMBER.date(), reader_key=b"y" * 16)
    keep(3)
    batch, _ = build_batch(month=OCTOBER, at=AT)
    lines = batch.payments.get().lines.order_by("month").values_list("month", "views")
    assert list(lines) == [(SEPTEMBER, 1), (OCTOBER, 1)]


def test_spool_found_after_its_day_was_dropped_is_a_named_loss(keep):
    make_retired_total(DAY, "counted", 5)
    later = DAY + dt.timedelta(days=1)
    keep(1, 2)
    keep(3, day=later)
    intake = take_in_spool()
    assert (intake.taken_in, intake.lost) == (1, 2)
    assert lost() == {(DAY, "past_retention"): 2}
    assert read_line(b"") is None
