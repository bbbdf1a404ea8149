import datetime as dt
import stat

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpRequest

from billing import demo
from billing.models import (
    BlogView,
    CategoryPrice,
    DailyViewCount,
    Payment,
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
    views_of_month = demo._sample_views

    def views_of_first_day(month, growth):
        return (view for view in views_of_month(month, growth) if view[0].day == 1)

    monkeypatch.setattr(demo, "_sample_views", views_of_first_day)


@pytest.fixture
def var_dir(settings, tmp_path):
    settings.DEBUG = True
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.mark.any_database
def test_newcomer_finds_a_draft_to_submit_an_approved_month_and_a_paid_one(few_views, tmp_path):
    demo.set_up(accounts_file=tmp_path / "accounts.txt", at=AT)
    assert list(PayoutBatch.objects.values_list("month", "status")) == [
        (dt.date(2026, 10, 1), "draft"),
        (dt.date(2026, 9, 1), "approved"),
        (dt.date(2026, 8, 1), "paid"),
    ]
    assert set(Payment.objects.values_list("status", flat=True)) == {*Payment.Status}
    assert set(PaymentLine.objects.values_list("kind", flat=True)) == {*PaymentLine.Kind}
    assert DailyViewCount.objects.filter(day=dt.date(2026, 11, 1)).exists()
    assert not BlogView.objects.filter(viewed_at__gte=AT).exists()
    assert set(BlogView.objects.values_list("outcome", flat=True)) >= {"counted", "robot"}


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
    def stop(**arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "find_months_to_build", stop)
        with pytest.raises(KeyboardInterrupt):
            call_command("setup_demo")
    assert User.objects.count() == BlogView.objects.count() == 0
    call_command("setup_demo")
    assert PayoutBatch.objects.count() == 3


def test_demo_is_refused_without_debug(settings, tmp_path):
    settings.DEBUG = False
    settings.VAR_DIR = tmp_path
    with pytest.raises(CommandError, match="needs DEBUG"):
        call_command("setup_demo")
    assert not User.objects.exists()
    assert not list(tmp_path.iterdir())


def test_every_cent_of_the_demo_is_proved(few_views, tmp_path):
    demo.set_up(accounts_file=tmp_path / "accounts.txt", at=AT)
    run = verify_payouts()
    assert (run.difference, run.status) == ("", "passed")
