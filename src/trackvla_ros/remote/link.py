"""The robot's end of the connection: a thread that keeps it, and hands one frame over at a time.

Nothing here waits without an end: whoever asks gives a deadline, and a server that no longer answers pings is taken for
gone. The connection comes back by itself, each pause twice the one before.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from track_common.interfaces import NoAnswerError
from track_common.worker import Worker
from trackvla_ros.remote.config import MAX_PAUSE, RemotePolicyConfig
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.messages import (
    MAX_ANSWER,
    NO_NUMBER,
    VERSION,
    Answer,
    Begin,
    Hello,
    Look,
    Message,
    Refusal,
    Welcome,
    pack,
    unpack,
)
from trackvla_ros.remote.tokens import read_token

HANDSHAKE = 3.0  # s for TCP, TLS, HTTP and the Welcome
PING_PERIOD, PING_TIMEOUT = 1.0, 2.0  # s; a server that leaves a ping so long is gone
CLOSE_TIMEOUT = 0.2  # s for the farewell of one that may be gone
MAX_SHOWN = 300  # characters of a server's words
MAX_QUEUE = 4  # messages that wait to be looked at
_log = logging.getLogger(__name__)


class RefusedError(RuntimeError):
    """The server answered that it cannot or will not; the message says why."""


@dataclass(frozen=True)
class _Question:
    """The Look that is under way and who waits for its answer."""

    number: int
    answer: asyncio.Future[Answer]


class Link:
    """Connected as long as there is a server, until ``close``."""

    def __init__(self, config: RemotePolicyConfig) -> None:
        """Begin to connect; returns at once.

        Raises:
            ConfigError, OSError: token or certificate cannot be used.
        """
        token = read_token(config.token_file)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._config, self._tls = config, config.tls()
        self._hello = Hello(VERSION, uuid.uuid4().hex)
        self._connection: ClientConnection | None = None
        self._told: int | None = None  # the episode that this connection's server knows of
        self._question: _Question | None = None
        self._reason = "still connecting"
        self._loop = asyncio.new_event_loop()
        self._is_connected = asyncio.Event()
        self._is_closed = False
        self._keeping = self._loop.create_task(self._keep_connected())
        self._thread = Worker("remote", self._run)

    def ask(self, begin: Begin, look: Look, until: float) -> Answer:
        """The server's answer, at the latest at ``until`` (monotonic, s); ``begin`` is told first where it is news.

        Raises:
            NoAnswerError: none came in time, or the connection broke.
            RefusedError: the server or its policy refused, or its answer was unsound.
        """
        future = asyncio.run_coroutine_threadsafe(self._exchange(begin, look), self._loop)
        try:
            return future.result(max(until - time.monotonic(), 0.0))
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise NoAnswerError(
                f"no answer of {self._config.url} in {self._config.deadline:.2f} s; {self._reason}"
            ) from None
        except (WebSocketException, OSError, concurrent.futures.CancelledError) as error:
            raise NoAnswerError(f"the connection to {self._config.url} broke: {_cause(error)}") from error

    def close(self) -> None:
        """Say farewell and end the thread; nobody may ask any more."""
        self._is_closed = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._keeping.cancel())
            self._thread.join(2.0 * CLOSE_TIMEOUT)  # at once where garbage is collected in that very thread

    async def _exchange(self, begin: Begin, look: Look) -> Answer:
        await self._is_connected.wait()
        connection = self._connection
        if connection is None:
            raise ConnectionError(self._reason)
        question = self._question = _Question(look.number, self._loop.create_future())
        try:
            if self._told != begin.episode:
                await connection.send(pack(begin))
                self._told = begin.episode
            await connection.send(pack(look))
            return await question.answer
        finally:
            question.answer.cancel()  # nobody waits any more

    def _run(self) -> None:
        if self._keeping.done() and not self._is_closed:  # a restart
            self._keeping = self._loop.create_task(self._keep_connected())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._keeping)
        self._loop.close()

    async def _keep_connected(self) -> None:
        pause = self._config.reconnect
        while True:
            started = time.monotonic()
            try:
                await self._talk()
            except Exception as error:  # noqa: BLE001 - whatever a server sends, the robot calls again
                self._on_lost(_cause(error))
            if time.monotonic() - started > MAX_PAUSE:  # it held for a while: this is a new trouble
                pause = self._config.reconnect
            await asyncio.sleep(pause)
            pause = min(2.0 * pause, MAX_PAUSE)

    async def _talk(self) -> None:
        """Connect, listen until the connection ends."""
        config = self._config
        async with connect(
            config.url,
            additional_headers=self._headers,
            ssl=self._tls,
            proxy=None,
            compression=None,  # JPEG does not shrink, and nothing received may grow
            max_size=MAX_ANSWER,
            max_queue=MAX_QUEUE,
            open_timeout=HANDSHAKE,
            ping_interval=PING_PERIOD,
            ping_timeout=PING_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
        ) as connection:
            await connection.send(pack(self._hello))
            policy = _welcome(unpack(await asyncio.wait_for(connection.recv(), HANDSHAKE)))
            self._connection, self._told, self._reason = connection, None, "connected, but silent"
            self._is_connected.set()
            _log.info("connected to %s, which runs %s", config.url, policy)
            async for data in connection:
                self._on_message(data)
            await connection.recv()  # raises why it ended

    def _on_message(self, data: bytes | str) -> None:
        try:
            message = unpack(data)
        except Exception as error:  # noqa: BLE001 - as above
            self._settle(None, RefusedError(f"unsound answer: {error}"))
            return
        if isinstance(message, Answer):
            self._reason = f"its policy took {1e3 * message.seconds.infer:.0f} ms for the last answer"
            self._settle(message.number, message)
        elif isinstance(message, Refusal):
            number = None if message.number == NO_NUMBER else message.number
            self._settle(number, RefusedError(message.reason))

    def _settle(self, number: int | None, outcome: Answer | Exception) -> None:
        """Tell whoever waits for ``number``, or for anything (None); nobody where it comes too late."""
        question = self._question
        if question is None or number not in (None, question.number) or question.answer.done():
            return
        if isinstance(outcome, Answer):
            question.answer.set_result(outcome)
        else:
            question.answer.set_exception(outcome)

    def _on_lost(self, reason: str) -> None:
        if self._connection is not None or reason != self._reason:
            _log.warning("no connection to %s: %s", self._config.url, reason)
        self._connection, self._reason = None, reason
        self._is_connected.clear()
        self._settle(None, ConnectionError(reason))


def _welcome(message: Message) -> str:
    """The name of the server's policy."""
    if isinstance(message, Refusal):
        raise RefusedError(message.reason)
    if not isinstance(message, Welcome) or message.version != VERSION:
        raise ProtocolError(f"got {message}; wanted a Welcome of version {VERSION}")
    return message.policy


def _cause(error: BaseException) -> str:
    """What an operator can act on."""
    if isinstance(error, InvalidStatus) and error.response.status_code == HTTPStatus.UNAUTHORIZED:
        return "the server asks for another token; set token_file"
    if isinstance(error, InvalidStatus) and error.response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return f"the server is full: {(error.response.body or b'').decode(errors='replace').strip()[:MAX_SHOWN]}"
    if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.reason:
        return f"the server ended the session: {error.rcvd.reason}"
    return str(error) or type(error).__name__
