"""Takes views from the broker into the database, until it is told to stop. Several may run."""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from billing.counting.stream.client import Client
from billing.counting.stream.intake import Message, take_in
from billing.models import StreamPosition
from billing.periods import day_of

logger = logging.getLogger(__name__)

AT_A_TIME = 2_000
ASK_EVERY = 5  # seconds, how much waits
ANOTHER_READS_AFTER = 30  # seconds, for messages that this process can't read
TRY_AGAIN_AFTER = 5  # seconds, where the database or the broker is away


class StreamMadeAnew(Exception):
    """The stream of before is gone. Its numbers say nothing of the one that is there."""


class Consumer:
    """Fetches, stores, and acknowledges what is committed, in that order.

    Whatever goes wrong, the stream and the consumer are looked for again: an administrator may
    have taken them away.
    """

    def __init__(self) -> None:
        self._client = Client(name=f"imprint-consumer-{os.getpid()}")
        self._stream = ""
        self._asked_at: float = 0

    def run(self, *, is_over: Callable[[], bool], until_empty: bool = False) -> int:
        """Return the number of views that were new."""
        views = 0
        try:
            while not is_over():
                try:
                    found, new = self._step()
                    is_empty = until_empty and not found and self._ask() == 0
                except (DatabaseError, InterfaceError):
                    logger.exception("The database takes no views of the stream.")
                    connection.close()
                    self._rest()
                    continue
                except Exception:
                    # The broker's: it is away, or chooses its leader. It is asked again.
                    logger.exception("The broker gives no views.")
                    self._rest()
                    continue
                views += new
                if is_empty:
                    break
        finally:
            self._client.close()
        return views

    def _rest(self) -> None:
        self._stream = ""
        time.sleep(TRY_AGAIN_AFTER)

    def _step(self) -> tuple[int, int]:
        if not self._stream:
            self._stream = self._client.make_stream()
        messages = self._client.fetch(AT_A_TIME, wait=1)
        new = self._store(messages) if messages else 0
        if time.monotonic() >= self._asked_at + ASK_EVERY:
            self._ask()
        return len(messages), new

    def _check_stream(self) -> None:
        """Raise StreamMadeAnew if what was fetched or asked may be of another stream."""
        if (now := self._client.identify_stream()) != self._stream:
            raise StreamMadeAnew(f"{self._stream} is gone, and {now} is there.")

    def _store(self, messages: list[Any]) -> int:
        self._check_stream()
        read = [
            Message(
                each.metadata.sequence.stream,
                each.data,
                day_of(each.metadata.timestamp),
            )
            for each in messages
        ]
        try:
            taken = take_in(read, stream=self._stream, at=timezone.now())
        except (DatabaseError, InterfaceError):
            self._client.give_back(messages, after=TRY_AGAIN_AFTER)
            raise
        unread = [each for each in messages if each.metadata.sequence.stream in taken.unread]
        if unread:
            causes = "; ".join(sorted({*taken.unread.values()}))
            logger.error("Given back: %s views of the broker. %s.", len(taken.unread), causes)
            self._client.give_back(unread, after=ANOTHER_READS_AFTER)
        self._client.acknowledge([each for each in messages if each not in unread])
        return taken.new

    def _ask(self) -> int:
        """Store how much waits. The time is taken before the question: it holds of that time."""
        at, self._asked_at = timezone.now(), time.monotonic()
        waiting = self._client.count_waiting()
        self._check_stream()
        changes: dict[str, Any] = {"waiting": waiting, "heard_at": at}
        if not waiting:
            changes["drained_at"] = at
        StreamPosition.objects.update_or_create(stream=self._stream, defaults=changes)
        return waiting
