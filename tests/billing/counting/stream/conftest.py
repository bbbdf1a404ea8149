import pytest

from billing.counting.stream import client, marks, publishing
from billing.counting.stream.client import Client
from tests.billing.counting.stream.brokers import make_nodes, wait_for


@pytest.fixture(autouse=True)
def fresh_process():
    """Let each test be a process that never saw a broker."""
    _forget()
    yield
    _forget()


def _forget():
    if publishing._client:
        publishing._client.close()
    publishing.forget_client()
    marks.forget_writer()


@pytest.fixture
def node(tmp_path, settings):
    (node,) = make_nodes(tmp_path)
    node.start()
    settings.VIEWS_BROKER = [node.url]
    settings.VIEWS_BROKER_REPLICAS = 1
    yield node
    node.kill()


@pytest.fixture
def stream(node, monkeypatch):
    """A broker with its stream, to which this process is connected."""
    monkeypatch.setattr(client, "ACK_WAIT", 2)  # the messages of a consumer that died
    monkeypatch.setattr(publishing, "ACKNOWLEDGED_WITHIN", 5)  # on a machine that has much to do
    consumer = Client(name="test")
    wait_for(lambda: consumer.is_connected)
    consumer.make_stream()
    consumer.close()
    publishing._own_client()
    wait_for(lambda: publishing._own_client().is_connected)
    return node
