"""Views through a broker: each that was acknowledged is a row, once, and no number is missing."""

import time

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from billing.counting import clicks, recording
from billing.counting.folding import fold_views
from billing.counting.spool_intake import take_in_spool
from billing.counting.stream import consuming, marks, publishing
from billing.counting.stream.client import Client
from billing.counting.stream.consuming import Consumer
from billing.counting.stream.gaps import count_open, list_days, list_gaps
from billing.counting.stream.messages import write_message
from billing.counting.stream.numbers import Numbered
from billing.models import BlogView, DailyViewCount, LostViewTotal, StreamPosition, WriterDay
from billing.periods import day_of, month_of, next_month
from tests.billing.counting.stream.brokers import wait_for
from tests.billing.counting.stream.streaming import (
    MINUTE,
    consume,
    end_process,
    read,
    settle_clocks,
)
from tests.factories import FIREFOX, make_blog

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql,
    pytest.mark.slow,
    pytest.mark.thorough,
]


def account():
    days, gaps = list_days(month_of(day_of(timezone.now() - MINUTE)))
    (day,) = days
    assert day.sent == day.received + day.unacknowledged + day.under_way + day.missing
    return day, gaps


def test_views_go_through_the_stream_and_are_counted(stream):
    blog = make_blog()
    views = {read(blog, number).id for number in range(5)}
    assert BlogView.objects.count() == 0
    assert consume() == 5
    assert {*BlogView.objects.values_list("pk", flat=True)} == views
    fold_views()
    assert DailyViewCount.objects.get().views == 5
    end_process()
    settle_clocks()
    day, gaps = account()
    assert (day.sent, day.received, day.missing, day.under_way, gaps) == (5, 5, 0, 0, [])
    assert StreamPosition.objects.get().taken_in == [[1, 5]]


def test_message_holds_no_address_and_no_agent(stream, monkeypatch):
    sent = []
    publish = Client.publish
    monkeypatch.setattr(
        Client, "publish", lambda self, *a, **k: (sent.append((a, k)), publish(self, *a, **k))
    )
    click = read(make_blog(), 77)
    ((subject, text), options) = sent[0]
    assert subject == f"views.{click.blog_id % publishing.SHARDS}"
    assert options["message_id"] == click.id.hex
    assert b"192.0.2.77" not in text
    assert FIREFOX.encode() not in text


def test_broker_that_is_away_costs_no_view_and_no_wait(stream):
    blog = make_blog()
    read(blog, 1)
    stream.kill()
    read(blog, 2)  # the broker may have had it, or not
    read(blog, 3)
    assert BlogView.objects.count() == 2
    stream.start()
    consume()
    assert BlogView.objects.count() == 3
    end_process()
    settle_clocks()
    day, gaps = account()
    assert (day.missing, day.under_way, day.sent - day.received, gaps) == (0, 0, 0, [])


def test_broker_is_asked_again_after_a_rest_by_one_view(stream, monkeypatch):
    blog = make_blog()
    publishing._note_trouble(TimeoutError())
    read(blog, 1)
    assert BlogView.objects.count() == 1
    publishing._trouble["until"] = time.monotonic() - 1
    assert publishing._may_try()
    assert not publishing._may_try()
    publishing._trouble["until"] = time.monotonic() - 1
    read(blog, 2)
    assert BlogView.objects.count() == 1
    assert publishing._trouble["until"] == 0


def test_view_whose_acknowledgement_is_lost_counts_once(stream, monkeypatch):
    publish = Client.publish

    def publish_and_hear_nothing(self, *arguments, **options):
        publish(self, *arguments, **options)
        raise TimeoutError

    monkeypatch.setattr(Client, "publish", publish_and_hear_nothing)
    click = read(make_blog(), 1)
    assert BlogView.objects.get().pk == click.id
    assert consume() == 0
    assert BlogView.objects.count() == 1
    assert WriterDay.objects.get().received == [[1, 1]]


def test_view_that_only_the_spool_takes_keeps_its_number(stream, monkeypatch):
    def refuse(*arguments, **options):
        raise OperationalError("disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Client, "publish", refuse)
        patched.setattr(recording, "append_click", refuse)
        read(make_blog(), 1)
    assert BlogView.objects.count() == 0
    take_in_spool()
    assert BlogView.objects.count() == 1
    row = WriterDay.objects.get()
    assert (row.sent, row.received, row.unsettled, row.ended) == (1, [[1, 1]], [], False)


@pytest.mark.parametrize("committed", [False, True])
def test_consumer_that_dies_before_or_after_commit_loses_and_doubles_nothing(
    stream, monkeypatch, committed
):
    blog = make_blog()
    for number in range(4):
        read(blog, number)
    step = "acknowledge" if committed else "fetch"
    dying = Consumer()
    wait_for(lambda: dying._client.is_connected)
    dying._stream = dying._client.make_stream()
    monkeypatch.setattr(consuming, "ASK_EVERY", 1e9)
    messages = dying._client.fetch(10, wait=1)
    assert len(messages) == 4
    if committed:
        with monkeypatch.context() as patched:
            patched.setattr(dying._client, step, lambda messages: None)
            assert dying._store(messages) == 4
    dying._client.close()
    assert BlogView.objects.count() == (4 if committed else 0)
    assert consume() == (0 if committed else 4)
    assert BlogView.objects.count() == 4
    assert StreamPosition.objects.get().taken_in == [[1, 4]]


def test_view_that_the_stream_loses_is_named_with_its_number(stream, monkeypatch, client):
    blog = make_blog()
    read(blog, 1)
    with monkeypatch.context() as patched:
        patched.setattr(Client, "publish", lambda *arguments, **options: None)  # acknowledged
        read(blog, 2)
    read(blog, 3)
    consume()
    end_process()
    month = month_of(day_of(timezone.now() - MINUTE))
    assert count_open(until=next_month(month)) == 1
    settle_clocks()
    day, (gap,) = account()
    assert (day.sent, day.received, day.missing, day.under_way) == (3, 2, 1, 0)
    assert gap.missing_numbers == "2"
    assert count_open(until=next_month(month)) == 0
    assert [each.missing for each in list_gaps()] == [[[2, 2]]]


def test_last_views_that_the_stream_loses_are_missing_too(stream, monkeypatch):
    monkeypatch.setattr(Client, "publish", lambda *arguments, **options: None)
    blog = make_blog()
    for number in range(3):
        read(blog, number)
    consume()
    end_process()
    settle_clocks()
    day, (gap,) = account()
    assert (day.sent, day.received, gap.missing_numbers) == (3, 0, "1–3")


def test_number_in_hand_at_death_is_not_acknowledged_and_not_missing(stream):
    writer = marks.own_writer()
    day = day_of(timezone.now() - MINUTE)
    blog = make_blog()
    read(blog, 1)
    writer.take_number(day)  # killed here
    consume()
    end_process()
    settle_clocks()
    row, gaps = account()
    assert (row.sent, row.received, row.unacknowledged, row.missing, gaps) == (2, 1, 1, 0, [])


def test_message_that_cannot_be_read_or_stored_is_a_lost_view_once(stream):
    blog = make_blog()
    click = clicks.make_click(
        blog=blog, viewed_at=timezone.now(), ip_address="192.0.2.1", user_agent=FIREFOX
    )._replace(blog_id=999_999)
    own = publishing._own_client()
    line = write_message(click, "abcd1234", Numbered("web", 1))
    own.publish("views.1", line, message_id="a", within=1)
    own.publish("views.1", b"nonsense", message_id="b", within=1)
    consume()
    lost = LostViewTotal.objects.order_by("reason").values_list("reason", "views")
    assert list(lost) == [("not_signed", 1), ("refused", 1)]
    assert WriterDay.objects.get().received == [[1, 1]]


def test_views_explained_shows_the_account(stream, monkeypatch, client):
    from tests.factories import make_user

    monkeypatch.setattr(Client, "publish", lambda *arguments, **options: None)
    read(make_blog(), 1)
    recording._keep(
        {"blog": make_blog(), "viewed_at": timezone.now() - MINUTE, "ip_address": "192.0.2.2",
         "user_agent": FIREFOX, "user": None}
    )  # fmt: skip
    consume()
    end_process()
    settle_clocks()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    page = client.get(reverse("admin:billing_views_explained_changelist")).content.decode()
    assert "Sent through a broker" in page
    assert '<td data-label="Numbers">1</td>' in page
