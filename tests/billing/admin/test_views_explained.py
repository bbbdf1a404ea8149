import datetime as dt
import re

import pytest
from django.db import OperationalError
from django.urls import reverse

from billing.counting import recording
from billing.counting.folding import fold_views
from billing.counting.retention import retire_day
from billing.models import (
    BlogView,
    DailyViewCount,
    LostViewTotal,
    RobotException,
    StreamPosition,
    WriterDay,
)
from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.clicks import IN_SEPTEMBER, approve_month, click
from tests.billing.pages import count_queries, make_october
from tests.billing.tampering import change
from tests.factories import NOON, make_blog, make_price, make_retired_total

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

EVIDENCE = "/admin/views-explained/"
EXCEPTIONS = "/admin/billing/robotexception/"
VIEWS = "/admin/billing/blogview/"
RETIRED = "/admin/billing/retiredviewtotal/"


@pytest.fixture
def blog():
    blog = make_blog()
    make_price(blog.category, "10")
    return blog


def show(client, month="2026-10"):
    response = client.get(EVIDENCE, {"month": month} if month else {})
    assert response.status_code == 200
    return response


def links(response):
    """Return {address: what the link says}."""
    parts = response.text.split('<a href="')[1:]
    return {
        part.split('"')[0].replace("&amp;", "&"): part.split(">", 1)[1].split("<")[0].strip()
        for part in parts
    }


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Finance", "Auditors", "Superusers"])
def test_each_number_leads_to_as_many_rows(client, sign_in, blog, role):
    click(blog, *range(0, 900, 60), start=NOON)
    click(blog, 5, 1000, start=NOON, user=blog.author)
    click(blog, 2000, 2010, 2020, start=NOON)
    click(blog, 3000, start=NOON, user_agent="Googlebot/2.1")
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    sign_in(role)
    found = links(show(client))
    expected = {
        f"{VIEWS}?month=2026-10": "21",
        f"{VIEWS}?month=2026-10&outcome__exact=double_click": "-2",
        f"{VIEWS}?month=2026-10&outcome__exact=robot": "-1",
        f"{VIEWS}?month=2026-10&outcome__exact=own_view": "-2",
        f"{VIEWS}?month=2026-10&outcome__exact=counted": "16",
        "/admin/billing/dailyviewcount/?month=2026-10": "16",
        f"/admin/billing/payoutbatch/{batch.pk}/change/": "16",
    }
    assert expected.items() <= found.items()
    for url, number in expected.items():
        if url.startswith(VIEWS):
            rows = client.get(url).context["cl"].result_list
            assert len(rows) == abs(int(number))


def test_latest_month_is_shown_until_another_is_chosen(client, sign_in, blog):
    click(blog, 0, start=IN_SEPTEMBER)
    click(blog, 0, start=NOON)
    sign_in("Auditors")
    assert show(client, month=None).context["equation"].month == OCTOBER
    assert show(client, "2026-09").context["equation"].month == SEPTEMBER


@pytest.mark.parametrize("month", ["2019-01", "nonsense", "", "\0"])
def test_month_that_has_nothing_is_no_error(client, sign_in, blog, month):
    click(blog, 0, start=NOON)
    sign_in("Auditors")
    response = client.get(EVIDENCE, {"month": month})
    assert "Nothing was looked up" in response.text
    assert "Select a valid choice" in response.text or "required" in response.text


def test_page_without_views_says_what_it_is_for(client, sign_in):
    sign_in("Auditors")
    assert "No view has come in yet" in show(client, month=None).text


@pytest.mark.thorough
def test_batches_of_later_months_stand_on_the_page(client, sign_in, blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    click(blog, 15, 30, 45, start=IN_SEPTEMBER)
    click(blog, *range(0, 600, 60), start=NOON)
    fold_views(at=AT)
    sign_in("Auditors")
    text = " ".join(show(client, "2026-09").text.split())
    assert "To be paid by the batch of September 2026" in text
    assert "To be taken back" in text
    steps.build_batch(month=OCTOBER, at=AT)
    text = " ".join(show(client, "2026-09").text.split())
    assert "Not approved yet: the batch of October 2026" in text
    assert "Waiting for a batch" in text.split("Month by month")[0]


@pytest.mark.thorough
def test_dropped_views_lead_to_their_totals(client, sign_in, blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    retire_day(dt.date(2026, 9, 10), at=AT)
    sign_in("Auditors")
    found = links(show(client, "2026-09"))
    assert found[f"{RETIRED}?month=2026-09&outcome__exact=counted"] == "10"
    rows = client.get(f"{RETIRED}?month=2026-09&outcome__exact=counted").context["cl"].result_list
    assert [row.views for row in rows] == [10]
    assert f"{VIEWS}?month=2026-09&outcome__exact=counted" not in found


@pytest.mark.thorough
def test_counts_that_no_view_explains_are_cried_out(client, sign_in, blog):
    click(blog, 0, start=NOON)
    fold_views(at=AT)
    sign_in("Auditors")
    assert "The counts differ from the sum of the views" not in show(client).text
    change(DailyViewCount.objects.all(), views=1000)
    text = show(client).text
    assert "The counts differ from the sum of the views" in text
    assert "+999" in text


@pytest.mark.thorough
def test_page_costs_the_same_for_2_authors_and_for_20(client, sign_in):
    sign_in("Auditors")
    make_october(authors=2)
    client.get(EVIDENCE)
    queries = count_queries(client, f"{EVIDENCE}?month=2026-10")
    for _ in range(18):
        click(make_blog(), 0, start=NOON)
    fold_views(at=AT)
    assert count_queries(client, f"{EVIDENCE}?month=2026-10") == queries


def test_totals_of_dropped_views_are_read_only(client, sign_in):
    total = make_retired_total(OCTOBER, "robot", 1)
    sign_in("Superusers")
    assert client.get(f"{RETIRED}{total.pk}/change/").status_code == 200
    assert client.post(f"{RETIRED}{total.pk}/change/", {"views": "9"}).status_code == 403


def test_exception_that_a_superuser_adds_holds_at_once_and_has_a_history(client, sign_in, blog):
    sabot = "Mozilla/5.0 (X11; Linux x86_64) Sabot/9 Chrome/142.0.0.0 Safari/537.36"
    click(blog, 0, start=NOON, user_agent=sabot)
    user = sign_in("Superusers")
    page = client.get(f"{EXCEPTIONS}add/").text
    assert "depart from the COUNTER Code of Practice" in page
    client.post(f"{EXCEPTIONS}add/", {"text": "Sabot", "reason": "Phones.", "is_active": "on"})
    click(blog, 60, start=NOON, user_agent=sabot)
    assert set(BlogView.objects.values_list("outcome", "excluded_by")) == {
        ("robot", "counter: bot"), ("pending", "")
    }  # fmt: skip
    version = RobotException.objects.get().history.get()
    assert (version.history_user, version.history_change_reason) == (user, "Phones.")
    assert "known people and 1 exception depart from COUNTER" in client.get(EXCEPTIONS).text


def test_exception_is_ended_and_not_deleted(client, sign_in):
    exception = RobotException.objects.create(text="CUBOT", reason="Phones.")
    sign_in("Superusers")
    page = f"{EXCEPTIONS}{exception.pk}"
    client.post(f"{page}/change/", {"text": "CUBOT", "reason": "Too many robots by now."})
    exception.refresh_from_db()
    assert not exception.is_active
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("text", ["", "   ", "bot", " bot "])
def test_exception_that_would_make_people_of_most_robots_is_refused(client, sign_in, text):
    sign_in("Superusers")
    form = {"text": text, "reason": "Phones.", "is_active": "on"}
    assert client.post(f"{EXCEPTIONS}add/", form).status_code == 200
    assert not RobotException.objects.exists()


@pytest.mark.parametrize("role", ["Finance", "Auditors"])
def test_exceptions_are_there_to_be_read(client, sign_in, role):
    exception = RobotException.objects.create(text="CUBOT", reason="Phones.")
    sign_in(role)
    assert "CUBOT" in client.get(EXCEPTIONS).text
    page = f"{EXCEPTIONS}{exception.pk}/change/"
    assert "depart from the COUNTER" in client.get(page).text
    assert client.post(page, {"text": "Mozilla", "reason": "Wrong"}).status_code == 403
    assert client.get(f"{EXCEPTIONS}add/").status_code == 403


@pytest.mark.thorough
def test_statement_counts_dropped_views_as_received(client, sign_in, blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    batch = approve_month(SEPTEMBER)
    retire_day(dt.date(2026, 9, 10), at=AT)
    sign_in("Auditors")
    statement = client.get(f"/admin/billing/payoutbatch/{batch.pk}/change/").context["statement"]
    assert (statement.reconciliation.received, statement.reconciliation.paid) == (10, 10)


def test_page_names_what_waits_in_the_spool_and_what_was_lost(client, sign_in, blog, monkeypatch):
    def fail(click):
        raise OperationalError("disk full")

    click(blog, 0, start=NOON)
    monkeypatch.setattr(recording, "append_click", fail)
    click(blog, 60, 120, start=NOON)
    LostViewTotal.objects.create(source="a", day=NOON.date(), reason="not_kept", views=1234)
    sign_in("Auditors")
    text = " ".join(show(client).text.split())
    assert "less waiting in the spool of this machine" in text
    assert "Lost views of October 2026" in text
    assert "15 Oct 2026" in text
    assert "Neither the database nor the spool could be written" in text
    assert "1,234" in text


def test_page_adds_up_what_was_lost_and_leads_finance_to_an_adjustment(client, sign_in, blog):
    click(blog, 0, start=NOON)
    for reason, views in (("not_kept", 1_200), ("broken_line", 34)):
        LostViewTotal.objects.create(source="a", day=NOON.date(), reason=reason, views=views)
    link = f'<a href="{reverse("admin:billing_adjustment_add")}">An adjustment</a>'
    sign_in("Auditors")
    page = show(client)
    assert page.context["lost"] == 1234
    assert "1,234" in page.text
    assert link not in page.text
    sign_in("Finance")
    assert link in show(client).text


def test_page_names_the_missing_by_process_and_says_who_looks_for_them(client, sign_in, blog):
    click(blog, 0, start=NOON)
    at = NOON + dt.timedelta(days=1)
    ended = {"sent": 10, "ended": True, "told_at": at, "day": NOON.date()}
    WriterDay.objects.create(writer="web 1", received=[[1, 4], [7, 10]], **ended)
    WriterDay.objects.create(writer="web 2", received=[[1, 12]], **ended)
    WriterDay.objects.create(writer="web 3", received=[[1, 10]], **ended)
    StreamPosition.objects.create(stream="views", drained_at=at + dt.timedelta(hours=1))
    sign_in("Auditors")
    text = " ".join(re.sub(r"<[^>]*>", " ", show(client).text).split())
    assert "15 Oct 2026 web 1 Missing 2 5–6" in text
    assert "15 Oct 2026 web 2 More than it sent 2 11–12" in text
    assert "web 3" not in text
    assert "Have the administrators look for them there" in text
