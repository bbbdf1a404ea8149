import base64
import datetime as dt
import json
import random

import pytest
from django.db.models import BigIntegerField, CharField, DateTimeField, F, Value

from backoffice.keysets import Order, WrongPosition, count_up_to, fetch_page
from backoffice.models import JobRun, Mail

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 10, 15, 12, 0, 0, 123456, tzinfo=dt.UTC)
ORDERS = [
    ["-pk"],
    ["-started_at", "-pk"],
    ["-started_at", "name", "pk"],
    ["name", "-started_at", "pk"],
]


def make_runs(number, seed=0):
    """Runs of which many began at the same moment."""
    chance = random.Random(seed)
    return JobRun.objects.bulk_create(
        JobRun(name=chance.choice("abc"), started_at=AT + dt.timedelta(chance.randrange(5)))
        for _ in range(number)
    )


def walk(names, position="", *, per_page=4, meanwhile=lambda: None, attribute="next_position"):
    """Return the pages one after the other."""
    order = Order.of(JobRun, names)
    pages = []
    while position or not pages:
        page = fetch_page([JobRun.objects.all()], order=order, position=position, per_page=per_page)
        pages.append([run.pk for run in page])
        position = getattr(page, attribute)
        meanwhile()
    return pages


def flat(pages):
    return [pk for page in pages for pk in page]


@pytest.mark.parametrize("names", ORDERS, ids=str)
def test_pages_hold_each_row_once_and_in_order(names):
    make_runs(23)
    expected = [*JobRun.objects.order_by(*names).values_list("pk", flat=True)]
    pages = walk(names)
    assert [len(page) for page in pages] == [4, 4, 4, 4, 4, 3]
    assert flat(pages) == expected
    back = walk(names, "last", attribute="previous_position")
    assert flat(reversed(back))[-20:] == expected[-20:]
    assert set(flat(back)) == set(expected)


@pytest.mark.parametrize("names", ORDERS, ids=str)
@pytest.mark.parametrize(("start", "on"), [("", "next_position"), ("last", "previous_position")])
def test_rows_added_on_the_way_lose_and_repeat_none(names, start, on):
    were_there = {run.pk for run in make_runs(23)}
    seeds = iter(range(1, 100))
    pages = walk(names, start, meanwhile=lambda: make_runs(1, next(seeds)), attribute=on)
    # On the way back the first page is filled up with rows that the last one has shown.
    seen = flat(pages) if on == "next_position" else flat(pages[:-1])
    assert len(seen) == len(set(seen))
    assert were_there <= set(flat(pages))


def test_rows_that_go_on_the_way_leave_the_others_where_they_are():
    runs = make_runs(12)
    names = ["-pk"]
    page = fetch_page([JobRun.objects.all()], order=Order.of(JobRun, names), per_page=4)
    JobRun.objects.filter(pk__in=[run.pk for run in page]).delete()
    position = page.next_position
    following = fetch_page([JobRun.objects.all()], order=page.order, position=position, per_page=4)
    assert [run.pk for run in following] == [run.pk for run in runs[7:3:-1]]


def test_after_the_last_row_comes_the_last_page_and_before_the_first_one_the_first():
    runs = make_runs(6)
    order = Order.of(JobRun, ["-pk"])
    position = order.write(runs[0]), order.write(runs[-1])
    rows = [JobRun.objects.all()]
    last = fetch_page(rows, order=order, position=f"after.{position[0]}", per_page=4)
    first = fetch_page(rows, order=order, position=f"before.{position[1]}", per_page=4)
    assert [run.pk for run in last] == [run.pk for run in runs[3::-1]]
    assert [run.pk for run in first] == [run.pk for run in runs[5:1:-1]]
    assert (last.has_previous, last.has_next) == (True, False)
    assert (first.has_previous, first.has_next) == (False, True)


def test_a_page_costs_one_query_and_two_where_the_order_turns(django_assert_num_queries):
    make_runs(40)
    for names, cost in ((["-started_at", "-pk"], 1), (["-started_at", "pk"], 2)):
        order = Order.of(JobRun, names)
        pages = [JobRun.objects.all()]
        first = fetch_page(pages, order=order, per_page=10)
        with django_assert_num_queries(cost):
            # The last two of a moment, and the first of the next.
            fetch_page(pages, order=order, position=first.next_position, per_page=30)


def test_several_tables_are_one_list():
    make_runs(9)
    for day in range(9):
        Mail.objects.create(
            kind="other", address="ada@example.org", subject="A", text="A", state="failed",
            message_id=f"<{day}@testserver>", reason="Refused", made_at=AT + dt.timedelta(day),
        )  # fmt: skip
    runs = JobRun.objects.annotate(at=F("started_at"), kind_of=Value("run", CharField()))
    mails = Mail.objects.annotate(at=F("made_at"), kind_of=Value("mail", CharField()))
    fields = ["at", "kind_of", "pk"]
    sources = [rows.values_list(*fields) for rows in (runs, mails)]
    order = Order({"-at": DateTimeField(), "-kind_of": CharField(), "-pk": BigIntegerField()})
    position, seen = "", []
    while position or not seen:
        page = fetch_page(sources, order=order, position=position, per_page=5)
        seen += page.rows
        position = page.next_position
    assert seen == sorted([*sources[0], *sources[1]], reverse=True)


@pytest.mark.any_database
@pytest.mark.parametrize(
    "values",
    [
        [], [1], ["2026-10-15T12:00:00+00:00"], ["2026-10-15T12:00:00+00:00", 1, 1], {}, None, 1,
        ["2026-10-15T12:00:00+00:00", "x"], ["2026-10-15T12:00:00+00:00", 2**63],
        ["2026-10-15T12:00:00+00:00", -(2**64)], ["2026-10-15T12:00:00+00:00", True],
        ["2026-10-15T12:00:00+00:00", 1.5], ["2026-10-15T12:00:00+00:00", None],
        ["2026-10-15T12:00:00+00:00", [1]], ["2026-10-15T12:00:00", 1], ["x", 1], ["", 1],
        ["0001-01-01T00:00:00+14:00", 1], ["9999-12-31T23:59:59-14:00", 1], ["2026-02-30", 1],
        ["2026-10-15\0", 1], ["2026-10-15T12:00:00+00:00", "9" * 999], [5, 1],
    ],
    ids=str,
)  # fmt: skip
def test_position_that_no_page_wrote_is_refused(values):
    order = Order.of(JobRun, ["-started_at", "-pk"])
    text = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    with pytest.raises(WrongPosition):
        fetch_page([JobRun.objects.all()], order=order, position=f"after.{text}", per_page=5)


@pytest.mark.any_database
@pytest.mark.parametrize(
    "position",
    ["2", "0", "-1", "x", "after", "after.", "before.", "after.!", "after.\0", "after.é", "٣",
     "after." + "A" * 100_000, "LAST", "last.", "before.W10", "after.W1tbW1tb" + "W1tb" * 400],
)  # fmt: skip
def test_page_that_was_never_there_is_refused(position):
    order = Order.of(JobRun, ["-started_at", "-pk"])
    with pytest.raises(WrongPosition):
        fetch_page([JobRun.objects.all()], order=order, position=position, per_page=5)


def test_moments_keep_their_microseconds():
    order = Order.of(JobRun, ["-started_at", "-pk"])
    run = JobRun(pk=7, started_at=AT)
    assert order.parse(order.write(run)) == [AT, 7]


def test_rows_are_counted_no_further_than_anybody_reads(django_assert_num_queries):
    make_runs(12)
    with django_assert_num_queries(2) as queries:
        assert count_up_to(JobRun.objects.order_by("name"), 20) == 12
        assert count_up_to(JobRun.objects.all(), 5) == 6
    assert all("LIMIT" in query["sql"] for query in queries)
