import pytest

from billing.counting.stream import marks, publishing
from tests.billing.counting.stream.brokers import make_nodes


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
