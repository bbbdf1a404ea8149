"""A connection to the broker, in a thread with an event loop of its own.

Callers are ordinary threads. The thread connects and reconnects for ever, in the background.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Coroutine
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

STREAM = "VIEWS"
SUBJECTS = "views.*"
CONSUMER = "imprint"
RECONNECT_AFTER = 1  # second
DUPLICATES_KNOWN_FOR = 600  # seconds; later ones meet the view's id in the database
KEPT_FOR = 14 * 24 * 3600  # seconds, so that a database that was restored can take them in again
ACK_WAIT = 60  # seconds for which a consumer that died holds its messages


class BrokerAway(Exception):
    """There is no connection to the broker at the moment."""


def _make_connection() -> Any:
    """Return a connection of nats-py that gives no password to a server of tls:// without TLS.

    As shipped (2.16.0) it does if the server, or whoever answers in its place, asks for no TLS.
    """
    import nats

    class Connection(nats.NATS):
        def _connect_command(self) -> bytes:
            server = self._current_server
            if server and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
                raise nats.errors.SecureConnRequiredError
            return super()._connect_command()

    return Connection()


class Client:
    """A connection. `name` is shown by the broker's own monitoring."""

    def __init__(self, *, name: str) -> None:
        self._nats = _make_connection()
        self._js = self._nats.jetstream()
        self._name = name
        self._pull: Any = None
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="views-broker", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self._connecting = self.loop.create_task(self._connect())
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                self.loop.run_until_complete(task)
        self.loop.close()

    async def _connect(self) -> None:
        async def tell(error: Exception) -> None:
            logger.info("The broker of views: %s", type(error).__name__)

        while not self._nats.is_connected:
            try:
                await self._nats.connect(
                    servers=list(settings.VIEWS_BROKER),
                    name=self._name,
                    connect_timeout=2,
                    reconnect_time_wait=RECONNECT_AFTER,
                    max_reconnect_attempts=-1,
                    ping_interval=10,
                    error_cb=tell,
                )
            except Exception as error:
                # Whatever is wrong, from a name that is not found to a wrong password, may pass.
                logger.warning("No connection to the broker of views: %s", type(error).__name__)
                await asyncio.sleep(RECONNECT_AFTER)

    @property
    def is_connected(self) -> bool:
        return self._nats.is_connected

    def run(self, coroutine: Coroutine, *, within: float) -> Any:
        """Return the coroutine's result. Raises TimeoutError, or what it raised."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(within)
        except TimeoutError:
            future.cancel()
            raise

    def publish(self, subject: str, text: bytes, *, message_id: str, within: float) -> None:
        """Publish, and return once the stream has acknowledged. Raises BrokerAway, or others."""
        if not self.is_connected:
            raise BrokerAway
        message = self._js.publish(
            subject,
            text,
            timeout=within,
            stream=STREAM,
            headers={"Nats-Msg-Id": message_id},
        )
        self.run(message, within=within + 1)

    # For consumers

    def make_stream(self) -> str:
        """Make the stream and the consumer unless they exist. Return the stream's identity.

        May be called again, once the stream or the consumer was taken away.
        """
        return self.run(self._make_stream(), within=30)

    def identify_stream(self) -> str:
        """Return the identity of the stream as it is now. Raises what the broker says."""
        return self.run(self._identify_stream(), within=5)

    async def _identify_stream(self) -> str:
        info = await self._js.stream_info(STREAM)
        return f"{STREAM} {info.created}"

    async def _make_stream(self) -> str:
        from nats.js import api, errors

        try:
            await self._js.stream_info(STREAM)
        except errors.NotFoundError:
            await self._js.add_stream(
                name=STREAM,
                subjects=[SUBJECTS],
                num_replicas=settings.VIEWS_BROKER_REPLICAS,
                storage=api.StorageType.FILE,
                retention=api.RetentionPolicy.LIMITS,
                discard=api.DiscardPolicy.NEW,  # a full stream refuses: the view is inserted
                max_age=KEPT_FOR,
                duplicate_window=DUPLICATES_KNOWN_FOR,
            )
        if self._pull:
            await self._pull.unsubscribe()
        self._pull = await self._js.pull_subscribe(
            SUBJECTS,
            durable=CONSUMER,
            stream=STREAM,
            config=api.ConsumerConfig(ack_wait=ACK_WAIT, max_ack_pending=20_000),
        )
        return await self._identify_stream()

    def fetch(self, number: int, *, wait: float) -> list[Any]:
        """Return up to `number` messages; after `wait` seconds, what there is."""
        try:
            return self.run(self._pull.fetch(number, timeout=wait), within=wait + 5)
        except TimeoutError:
            return []

    def acknowledge(self, messages: list[Any]) -> None:
        async def acknowledge_all() -> None:
            for message in messages:
                await message.ack()
            await self._nats.flush()

        self.run(acknowledge_all(), within=10)

    def give_back(self, messages: list[Any], *, after: float) -> None:
        """Let the messages be delivered again, after so many seconds."""

        async def give_all_back() -> None:
            for message in messages:
                await message.nak(delay=after)
            await self._nats.flush()

        self.run(give_all_back(), within=10)

    def count_waiting(self) -> int:
        """Return the number of messages that are not acknowledged yet."""
        info = self.run(self._js.consumer_info(STREAM, CONSUMER), within=5)
        return info.num_pending + info.num_ack_pending

    def close(self) -> None:
        with contextlib.suppress(Exception):  # it ends, however it does
            self.run(self._nats.close(), within=5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
