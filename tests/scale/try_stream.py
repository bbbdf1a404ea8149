"""Readers at gunicorn, a cluster of three brokers, two consumers and PostgreSQL: each is killed.

`make test-scale`, as root, for PostgreSQL's own account. In the trial the broker is away for ten
seconds; TRIAL_SECONDS=60 makes it a minute.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time

import pytest
from nats.js.errors import APIError

from billing.counting.stream.client import CONSUMER, STREAM, Client
from billing.counting.stream.messages import read_message
from tests.billing.counting.stream.brokers import make_nodes, wait_for
from tests.deploy.try_lost_views import (
    SECONDS,
    Postgres,
    Readers,
    Trial,
    application,
    finish,
    manage,
    prepare,
)
from tests.deploy.try_lost_views import folder as folder
from tests.on_postgres import postgres_server

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="Runs PostgreSQL as root can."),
    pytest.mark.timeout(900),
]

# As if the stream had been found empty a while after the web processes last spoke.
ACCOUNT = """
import datetime as dt, json
from django.utils import timezone
from billing.counting.equation import month_equation
from billing.counting.stream.gaps import account_of
from billing.models import BlogView, WriterDay
from billing.periods import month_of, today
later = timezone.now() + dt.timedelta(minutes=5)
rows = [account_of(row, drained_at=later, at=timezone.now()) for row in WriterDay.objects.all()]
print("ACCOUNT", json.dumps({
    "writers": len(rows),
    "sent": sum(row.sent for row in rows),
    "received": sum(row.received for row in rows),
    "unacknowledged": sum(row.unacknowledged for row in rows),
    "under_way": sum(row.under_way for row in rows),
    "missing_views": sum(row.missing_views for row in rows),
    "missing": {row.writer: row.missing_numbers for row in rows if row.missing},
    "views": BlogView.objects.count(),
    "unexplained": month_equation(month_of(today())).unexplained,
}))
"""


class Consumers:
    """Processes of consume_views, each started again when it dies, as systemd does."""

    def __init__(self, folder, number=2):
        self.kills, self._stopped = 0, threading.Event()
        self._log = (folder / "consumers.log").open("w")
        self._processes = [self._start() for _ in range(number)]
        self._thread = threading.Thread(target=self._watch)

    def _start(self):
        command = [sys.executable, "manage.py", "consume_views"]
        return subprocess.Popen(command, stdout=self._log, stderr=self._log)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stopped.set()
        self._thread.join()
        for process in self._processes:
            process.terminate()
            process.wait()
        self._log.close()

    def _watch(self):
        while not self._stopped.wait(0.2):
            for process in list(self._processes):
                if process.poll() is not None:
                    self._processes.remove(process)
                    self._processes.append(self._start())

    def kill(self):
        """Kill the one that runs for longest, which is at work."""
        self._processes[0].kill()
        self._processes[0].wait()
        self.kills += 1


class Stream:
    """The stream, asked from this process."""

    def __init__(self, nodes):
        self._nodes = nodes
        self.client = Client(name="trial")
        wait_for(lambda: self.client.is_connected)

        def made():
            with contextlib.suppress(APIError, TimeoutError):  # it chooses its leader
                return self.client.make_stream()

        wait_for(made)

    def ask(self, name, *arguments, **options):
        return self.client.run(getattr(self.client._js, name)(*arguments, **options), within=10)

    def find_leader(self):
        """Return the node that leads the stream, and one that follows."""
        leader = self.ask("stream_info", STREAM).cluster.leader
        lead = next(node for node in self._nodes if node.name == leader)
        return lead, next(node for node in self._nodes if node is not lead)

    def await_consumers(self):
        """Wait until more messages were taken in than by now."""
        taken = self.ask("consumer_info", STREAM, CONSUMER).ack_floor.stream_seq

        def took_more():
            info = self.ask("consumer_info", STREAM, CONSUMER)
            return info.ack_floor.stream_seq > taken

        wait_for(took_more, seconds=120)

    def republish(self, number):
        """Publish messages again, as by a client that did not hear: with their id, and without."""
        last = self.ask("stream_info", STREAM).state.last_seq
        known = 0
        for sequence in range(max(last - number, 0) + 1, last + 1):
            message = self.ask("get_msg", STREAM, sequence)
            same = {"Nats-Msg-Id": message.headers["Nats-Msg-Id"]}
            known += bool(
                self.ask("publish", message.subject, message.data, headers=same).duplicate
            )
            self.ask("publish", message.subject, message.data)
        return known


@pytest.fixture
def cluster(tmp_path, settings, monkeypatch):
    nodes = make_nodes(tmp_path, 3)
    for node in nodes:
        node.start()
    settings.VIEWS_BROKER = [node.url for node in nodes]
    settings.VIEWS_BROKER_REPLICAS = 3
    monkeypatch.setenv("VIEWS_BROKER", ",".join(settings.VIEWS_BROKER))
    monkeypatch.setenv("VIEWS_BROKER_REPLICAS", "3")
    yield nodes
    for node in nodes:
        node.kill()


def read_on(readers, number=30):
    """Wait until so many more views were acknowledged."""
    wanted = readers.acknowledged + number
    wait_for(lambda: readers.acknowledged >= wanted, seconds=120)


def take_account():
    manage("consume_views", "--until-empty")
    finish()
    words = manage("shell", "-v0", "-c", ACCOUNT)
    account = json.loads(words.split("ACCOUNT", 1)[1])
    parts = ("received", "unacknowledged", "under_way", "missing_views")
    assert account["sent"] == sum(account[part] for part in parts)
    return account


def test_every_part_is_killed_under_readers(folder, cluster):
    with postgres_server(fsync=True) as url:
        Trial(folder, url)
        postgres = Postgres(url)
        prepare()
        stream = Stream(cluster)
        with (
            Consumers(folder) as consumers,
            application(folder) as port,
            Readers(port) as readers,
        ):
            read_on(readers, 50)
            for _ in range(6):
                stream.await_consumers()
                consumers.kill()
            leader, follower = stream.find_leader()
            for node in (follower, leader):
                node.kill()
                read_on(readers)
                node.start()
                read_on(readers)
            with postgres.killed():
                time.sleep(3)
            read_on(readers)
            for node in cluster:
                node.kill()
            before = readers.acknowledged
            time.sleep(SECONDS)
            assert readers.acknowledged > before
            for node in cluster:
                node.start()
            read_on(readers, 50)
        known = stream.republish(100)
        stream.client.close()
        account = take_account()
    unanswered = len(readers.statuses) - readers.acknowledged
    print(  # noqa: T201
        f"{readers.acknowledged} acknowledged, {unanswered} requests without a page, "
        f"{consumers.kills} consumers killed, {known} replays refused by the broker: {account}"
    )
    assert known == 100
    assert readers.acknowledged <= account["views"] <= readers.acknowledged + unanswered
    assert account["missing"] == {}
    assert account["unexplained"] == 0


def test_what_the_cluster_loses_is_named(folder, cluster):
    """A message that was acknowledged is taken out of the stream, as its known faults have done."""
    with postgres_server(fsync=True) as url:
        Trial(folder, url)
        prepare()
        stream = Stream(cluster)
        with application(folder) as port, Readers(port) as readers:
            read_on(readers, 100)
        message = stream.ask("get_msg", STREAM, 50)
        lost = read_message(message.data).numbered
        stream.ask("delete_msg", STREAM, 50)
        stream.client.close()
        account = take_account()
    print(f"{readers.acknowledged} acknowledged: {account}")  # noqa: T201
    assert account["missing"] == {lost.writer: str(lost.number)}
    assert account["views"] == len(readers.statuses) - 1
