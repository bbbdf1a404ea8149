"""A stream or a consumer that is taken away while consume_views runs."""

import pytest

from billing.counting.stream import consuming, publishing
from billing.counting.stream.client import CONSUMER, STREAM, Client
from billing.counting.stream.consuming import Consumer
from billing.models import BlogView, StreamPosition
from tests.billing.counting.stream.brokers import wait_for
from tests.billing.counting.stream.streaming import read
from tests.billing.tampering import clear
from tests.factories import make_blog

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql,
    pytest.mark.slow,
    pytest.mark.thorough,
]


@pytest.fixture
def running(stream, monkeypatch):
    """A consumer that has taken in two views, and runs."""
    monkeypatch.setattr(consuming, "TRY_AGAIN_AFTER", 0.1)
    monkeypatch.setattr(publishing, "REST", 0)
    consumer = Consumer()
    wait_for(lambda: consumer._client.is_connected)
    blog = make_blog()
    for number in range(2):
        read(blog, number)
    while BlogView.objects.count() < 2:
        consumer._step()
    return consumer, blog


@pytest.fixture
def administrator(stream):
    client = Client(name="administrator")
    wait_for(lambda: client.is_connected)
    yield client
    client.close()


def ask(client, name, *arguments):
    return client.run(getattr(client._js, name)(*arguments), within=10)


def go_on(consumer):
    return consumer.run(is_over=lambda: False, until_empty=True)


@pytest.mark.parametrize("views", [2, 4])
def test_views_of_a_stream_that_was_made_anew_are_stored(running, administrator, views):
    consumer, blog = running
    ask(administrator, "delete_stream", STREAM)
    administrator.make_stream()
    read_views = {read(blog, 10 + number).id for number in range(views)}
    assert BlogView.objects.count() == 2  # the new stream has them
    assert go_on(consumer) == views
    assert read_views <= {*BlogView.objects.values_list("pk", flat=True)}
    assert StreamPosition.objects.count() == 2


def test_stream_that_is_gone_is_made_anew(running, administrator):
    consumer, blog = running
    ask(administrator, "delete_stream", STREAM)
    assert go_on(consumer) == 0
    read(blog, 10)
    assert go_on(Consumer()) == 1


def test_consumer_that_was_removed_delivers_again_what_a_restored_database_lacks(
    running, administrator
):
    consumer, blog = running
    StreamPosition.objects.update(taken_in=[[1, 1]])  # restored, of before the second view
    clear(BlogView)
    ask(administrator, "delete_consumer", STREAM, CONSUMER)
    read(blog, 10)
    assert go_on(consumer) == 2
    assert StreamPosition.objects.get().taken_in == [[1, 3]]


def test_position_of_another_stream_is_never_drained_by_this_one(running, administrator):
    consumer, _ = running
    StreamPosition.objects.update(drained_at=None, heard_at=None)
    ask(administrator, "delete_stream", STREAM)
    administrator.make_stream()
    with pytest.raises(consuming.StreamMadeAnew):
        consumer._ask()
    assert StreamPosition.objects.get().heard_at is None
    consumer._client.close()
