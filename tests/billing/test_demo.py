import datetime as dt
import stat
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpRequest

from backoffice import clocks
from backoffice.models import JobRun
from billing import demo
from billing.demo import readers
from billing.models import (
    BlogView,
    CategoryPrice,
    DailyViewCount,
    Finding,
    Payment,
    PaymentExport,
    PaymentLine,
    PayoutBatch,
)
from billing.verification import verify_payouts
from weblog.models import Blog, NewText

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def few_views(monkeypatch):
    """Use the sample of only one day, so that the test is quick."""
    views_of_month = readers.sample_views

    def views_of_first_day(month, growth):
        return (view for view in views_of_month(month, growth) if view[0].day == 1)

    monkeypatch.setattr(readers, "sample_views", views_of_first_day)


@pytest.fixture(autouse=True)
def dollars(settings):
    settings.CURRENCY = "USD"  # as in a new installation


@pytest.fixture
def var_dir(settings, tmp_path):
    settings.DEBUG = True
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.mark.thorough
def test_newcomer_finds_a_year_of_every_kind_of_money_and_each_cent_is_proved(few_views, tmp_path):
    demo.set_up(accounts_file=tmp_path / "accounts.txt", at=AT)
    batches = list(PayoutBatch.objects.order_by("month").values_list("month", "status"))
    assert (len(batches), batches[0]) == (12, (dt.date(2025, 11, 1), "paid"))
    assert batches[-3:] == [
        (dt.date(2026, 8, 1), "paid"),
        (dt.date(2026, 9, 1), "approved"),
        (dt.date(2026, 10, 1), "draft"),
    ]
    assert set(PayoutBatch.objects.values_list("currency", flat=True)) == {"USD"}
    assert set(Payment.objects.values_list("status", flat=True)) == {*Payment.Status}
    assert set(PaymentLine.objects.values_list("kind", flat=True)) == {*PaymentLine.Kind}
    assert set(Payment.objects.values_list("author", flat=True)) == {
        *User.objects.filter(groups__name="Authors").values_list("pk", flat=True)
    }
    assert User.objects.filter(groups__name="Authors").count() == 12
    assert DailyViewCount.objects.filter(day=dt.date(2026, 11, 1)).exists()
    assert not BlogView.objects.filter(viewed_at__gte=AT).exists()
    assert set(BlogView.objects.values_list("outcome", flat=True)) >= {"counted", "robot"}
    assert_prices_are_those_of_the_story()
    assert_year_has_its_incidents()
    run = verify_payouts()
    assert (run.difference, run.status) == ("", "passed")


def assert_prices_are_those_of_the_story():
    """Today's are those of the story; one was another once, and one is planned."""
    today = CategoryPrice.objects.in_force_on(AT.date())
    assert dict(today.values_list("category__slug", "price_per_1000")) == {
        "tech": 15, "sports": 10, "fashion": 5, "food": 6, "travel": 8,
    }  # fmt: skip
    fashion = CategoryPrice.objects.filter(category__slug="fashion").order_by("effective_from")
    assert list(fashion.values_list("effective_from", "price_per_1000")) == [
        (dt.date(2015, 1, 1), 5),
        (dt.date(2025, 11, 1), Decimal("4.5")),
        (dt.date(2026, 7, 15), 5),
        (dt.date(2027, 1, 1), Decimal("5.5")),
    ]


def assert_year_has_its_incidents():
    findings = Finding.objects.order_by("month").exclude(kind="unpriced")
    assert list(findings.values_list("kind", "status")) == [
        ("busy_reader", "excluded"), ("spike", "accepted"), ("busy_reader", "open"),
    ]  # fmt: skip
    assert not Finding.objects.filter(kind="unpriced").exclude(status="closed").exists()
    failed = JobRun.objects.get(status="failed")
    assert (failed.name, "No price for Travel" in failed.output) == ("build_payout_batch", True)
    assert JobRun.objects.filter(finished_at=AT).count() == 5
    returned = PayoutBatch.history.filter(history_change_reason__startswith="Returned")
    assert list(returned.values_list("month", flat=True)) == [dt.date(2026, 7, 1)]
    assert PaymentExport.objects.count() == 10
    assert Payment.objects.get(status="failed").author.username == "demo.ada"
    assert not PayoutBatch.history.filter(history_date__gt=AT).exists()
    first = PayoutBatch.history.filter(month=dt.date(2025, 11, 1)).earliest("history_id")
    assert first.history_date == dt.datetime(2025, 12, 3, 2, 20, tzinfo=dt.UTC)


@pytest.mark.thorough
@pytest.mark.any_database
def test_what_the_demo_brings_has_its_history(few_views, tmp_path):
    demo.set_up(accounts_file=tmp_path / "accounts.txt", at=AT)
    assert Blog.history.filter(history_type="+").count() == Blog.objects.count()
    editors = CategoryPrice.history.values_list("history_user__username", flat=True)
    assert set(editors) == {"finance"}


@pytest.mark.thorough
@pytest.mark.any_database
def test_newcomer_finds_a_text_that_waits_for_its_day_and_a_blog_of_two(few_views, tmp_path):
    demo.set_up(accounts_file=tmp_path / "accounts.txt", at=AT)
    text = NewText.objects.get()
    coming = Blog.objects.get(status="published", publish_at__gt=AT)
    assert (coming.author.username, Blog.objects.awaiting_review().count()) == ("demo.hana", 2)
    assert (text.status, text.blog.slug) == ("scheduled", "last-grass-court")
    assert not NewText.history.filter(history_user=None).exists()
    assert Blog.objects.get(co_authors__username="demo.chiara").author.username == "demo.bruno"


@pytest.mark.thorough
@pytest.mark.any_database
def test_accounts_are_printed_and_kept_for_their_owner_alone(few_views, var_dir, capsys, client):
    call_command("setup_demo")
    accounts_file = var_dir / "demo-accounts.txt"
    assert stat.S_IMODE(accounts_file.stat().st_mode) == 0o600
    assert accounts_file.read_text() in capsys.readouterr().out
    for line in accounts_file.read_text().splitlines()[2:10]:
        username, password, _ = line.split()
        assert client.login(request=HttpRequest(), username=username, password=password)


@pytest.mark.thorough
@pytest.mark.any_database
def test_second_run_loses_nothing(few_views, var_dir):
    call_command("setup_demo")
    accounts = (var_dir / "demo-accounts.txt").read_text()
    views = BlogView.objects.count()
    call_command("setup_demo")
    assert (var_dir / "demo-accounts.txt").read_text() == accounts
    assert BlogView.objects.count() == views


@pytest.mark.thorough
@pytest.mark.any_database
def test_lost_accounts_file_is_made_anew(few_views, var_dir, client):
    call_command("setup_demo")
    (var_dir / "demo-accounts.txt").unlink()
    call_command("setup_demo")
    username, password, _ = (var_dir / "demo-accounts.txt").read_text().splitlines()[2].split()
    assert client.login(request=HttpRequest(), username=username, password=password)


@pytest.mark.thorough
@pytest.mark.any_database
def test_interrupted_setup_leaves_nothing_and_starts_again(few_views, var_dir, monkeypatch):
    def stop(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "plan_texts", stop)
        with pytest.raises(KeyboardInterrupt):
            call_command("setup_demo")
    assert User.objects.count() == BlogView.objects.count() == 0
    call_command("setup_demo")
    assert PayoutBatch.objects.count() == 12


def test_demo_is_refused_without_debug(settings, tmp_path):
    settings.DEBUG = False
    settings.VAR_DIR = tmp_path
    with pytest.raises(CommandError, match="needs DEBUG"):
        call_command("setup_demo")
    assert not User.objects.exists()
    assert not list(tmp_path.iterdir())


def test_demo_that_was_left_alone_says_that_its_clock_is_right(var_dir):
    with time_machine.travel(AT, tick=False):
        JobRun.objects.create(name="x", status="succeeded", started_at=AT, finished_at=AT)
    with time_machine.travel(AT + dt.timedelta(days=9), tick=False):
        demo.wake_up()
        assert clocks.read_clock() == AT + dt.timedelta(days=9)
        demo.wake_up()
    assert JobRun.objects.count() == 2
