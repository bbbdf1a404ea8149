"""Publishes a reader's view, and says whether the stream has it.

If the broker refuses, is slow or away, the caller keeps the view elsewhere, with the same id and
number. After trouble one view at a time tries again, so that no others wait.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from billing.counting.clicks import Click
from billing.counting.stream import marks
from billing.counting.stream.client import BrokerAway, Client
from billing.counting.stream.messages import write_message
from billing.counting.stream.numbers import Numbered

logger = logging.getLogger(__name__)

ACKNOWLEDGED_WITHIN = 1 / 2  # seconds that a reader may wait for the broker
REST = 5  # seconds for which a broker that failed is not asked
SHARDS = 8

_lock = threading.Lock()
_client: Client | None = None
_trouble: dict[str, float] = {"until": 0}


@dataclass
class Offer:
    """What became of a view that was offered to the broker."""

    acknowledged: bool = False
    numbered: Numbered | None = None  # of a view that the broker may have, or may not


@contextlib.contextmanager
def offer_view(click: Click, *, salt: str) -> Iterator[Offer]:
    """Publish the view, and let the block keep it elsewhere if that was not acknowledged.

    The number is settled once the block has ended. If the block raises, the view is lost; that is
    told where it is noted, so the number is given up and not missed as well.
    """
    offer = Offer()
    if _may_try():
        try:
            writer = marks.own_writer()
            offer.numbered = Numbered(writer.name, writer.take_number(click.day))
        except (OSError, marks.TooManyInHand) as error:
            _note_trouble(error)
        else:
            offer.acknowledged = _publish(click, salt, offer.numbered)
    note = marks.Writer.give_up
    try:
        yield offer
        note = marks.Writer.settle
    finally:
        if offer.numbered:
            try:
                note(writer, click.day, offer.numbered.number)
            except OSError:
                logger.exception("What became of a view's number can't be written down.")


def _may_try() -> bool:
    """Return whether to ask the broker: of all that come after a rest, the first one only."""
    if not _own_client().is_connected:
        return False
    with _lock:
        now = time.monotonic()
        if now < _trouble["until"]:
            return False
        if _trouble["until"]:
            _trouble["until"] = now + REST
        return True


def _own_client() -> Client:
    global _client
    if _client is None:
        with _lock:
            _client = _client or Client(name=f"imprint-web-{os.getpid()}")
    return _client


def _publish(click: Click, salt: str, numbered: Numbered) -> bool:
    try:
        _own_client().publish(
            f"views.{click.blog_id % SHARDS}",
            write_message(click, salt, numbered),
            message_id=click.id.hex,
            within=ACKNOWLEDGED_WITHIN,
        )
    except Exception as error:
        # Whatever goes wrong with a broker, the view is not lost for it.
        _note_trouble(error)
        return False
    _trouble["until"] = 0
    return True


def _note_trouble(error: Exception) -> None:
    _trouble["until"] = time.monotonic() + REST
    if not isinstance(error, BrokerAway):
        logger.warning("The broker takes no views; the database does: %s", type(error).__name__)


def forget_client() -> None:
    """Let the next view connect anew: in a forked process, which has no thread of the client."""
    global _client, _lock
    _client, _lock = None, threading.Lock()
    _trouble["until"] = 0


os.register_at_fork(after_in_child=forget_client)
