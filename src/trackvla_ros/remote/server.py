"""``trackvla serve``: policies behind a websocket; one connection is one session with a policy to itself.

Whatever a client sends is answered by an answer or by a refusal that says what was wrong; the server goes on. Until
its Hello is accepted a connection may send little, and there may be few of its kind (``admission.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from http import HTTPStatus

from websockets.asyncio.server import Server, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from track_common.interfaces import Policy
from trackvla_ros.remote.admission import Admission, Stranger
from trackvla_ros.remote.config import ServerConfig
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.messages import (
    MAX_HELLO,
    MAX_LOOK,
    MAX_TEXT,
    NO_NUMBER,
    VERSION,
    Hello,
    Message,
    Refusal,
    Welcome,
    pack,
    unpack,
)
from trackvla_ros.remote.seats import FREE_TIMEOUT, Lease, Seats
from trackvla_ros.remote.session import Session
from trackvla_ros.remote.throttle import HandshakeFilter, ThrottledLog
from trackvla_ros.remote.tokens import owner_of, read_tokens

HANDSHAKE_TIMEOUT = 5.0  # s for TLS, and again for HTTP
HELLO_TIMEOUT = 5.0  # s from the connection to its first word
CLOSE_TIMEOUT = 1.0  # s for a client's farewell
EXIT_TIMEOUT = 3.0  # s for all farewells when the server ends
SWITCH = 0.0005  # s that a thread may keep Python from the others; an answer takes six turns, at 5 ms each by default
MAX_QUEUE = 2  # frames that wait to be looked at; the newest Look wins anyway
IDLE_CODE = 1013  # RFC 6455's registry: try again later
MAX_REASON = 120  # bytes of a close frame's reason (RFC 6455, 5.5: at most 123)
_log = logging.getLogger(__name__)
_websockets_log = logging.getLogger(f"{__name__}.websockets")


class PolicyServer:
    """Lends its policies to whoever connects, one each."""

    def __init__(self, name: str, policies: Sequence[Policy], config: ServerConfig) -> None:
        """``policies`` are all that may be used at a time.

        Raises:
            ConfigError, OSError: tokens or certificate cannot be used.
        """
        self._name, self._config, self._policies = name, config, policies
        self._tokens, self._tls = read_tokens(config.token_file), config.tls()
        self._throttled = ThrottledLog(_log)
        self._admission = Admission(config.strangers, config.strangers_per_address)
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self, on_ready: Callable[[str], None]) -> None:
        """Serve until SIGTERM or SIGINT; ``on_ready`` is told the address.

        Raises:
            OSError: the address cannot be listened on.
        """
        sys.setswitchinterval(SWITCH)
        gc.collect()
        gc.freeze()  # policies stay: to look through them holds all robots up, and what strangers leave waits for that
        ended = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
        self._seats = Seats(self._policies, self._config.idle)
        server = await self._listen()
        try:
            on_ready(_address(server, self._config))
            await ended.wait()
        finally:
            server.close()
            with contextlib.suppress(asyncio.TimeoutError):  # whoever has not gone by then is left behind
                await asyncio.wait_for(server.wait_closed(), EXIT_TIMEOUT)

    async def _listen(self) -> Server:
        handshakes = HandshakeFilter(self._throttled)
        _websockets_log.filters = [handshakes]
        _websockets_log.setLevel(logging.WARNING)
        tls = {} if self._tls is None else {"ssl": self._tls, "ssl_handshake_timeout": HANDSHAKE_TIMEOUT}
        return await serve(
            self._serve,  # pyright: ignore[reportArgumentType] - a Stranger, as create_connection makes them
            self._config.host,
            self._config.port,
            process_request=self._check_request,  # pyright: ignore[reportArgumentType]
            create_connection=partial(Stranger, self._admission, self._on_flood),  # pyright: ignore[reportArgumentType]
            origins=[None],  # no web page may connect, whatever machine its browser runs on
            compression=None,  # nothing received may grow
            open_timeout=HANDSHAKE_TIMEOUT,
            max_size=MAX_HELLO,
            max_queue=MAX_QUEUE,
            close_timeout=CLOSE_TIMEOUT,
            logger=_websockets_log,
            **tls,
        )

    def _on_flood(self, address: str) -> None:
        self._throttled.warning("flood", f"{address}: cut off, far too many connections without a session")

    def _check_request(self, connection: Stranger, request: Request) -> Response | None:
        """None lets the client in."""
        if connection.refusal:
            self._throttled.warning("strangers", f"{connection.address}: refused, {connection.refusal}")
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, f"{connection.refusal}\n")
        if not self._tokens:
            return None
        robot = owner_of(self._tokens, request.headers.get("Authorization", ""))
        if robot is None:
            self._throttled.warning("token", f"{connection.address}: refused, its token is nobody's")
            return connection.respond(HTTPStatus.UNAUTHORIZED, "wanted the header Authorization: Bearer TOKEN\n")
        connection.robot = robot
        return None

    async def _serve(self, connection: Stranger) -> None:
        with contextlib.suppress(ConnectionClosed):  # clients come and go
            try:
                hello = _hello(unpack(await asyncio.wait_for(connection.recv(), HELLO_TIMEOUT)))
                async with self._seated(connection, hello) as lease:
                    connection.protocol.max_message_size = MAX_LOOK
                    await _send(connection, Welcome(VERSION, self._name))
                    await Session(connection, lease).run()
            except (ProtocolError, asyncio.TimeoutError) as error:
                reason = str(error) or "got nothing; wanted a Hello"
                self._throttled.warning("refused", f"{connection.address}: refused, {reason}")
                await _send(connection, Refusal(NO_NUMBER, reason[:MAX_TEXT]))

    @contextlib.asynccontextmanager
    async def _seated(self, connection: Stranger, hello: Hello) -> AsyncIterator[Lease]:
        """A policy for as long as the block lasts; a session that this robot left behind is ended.

        A robot with a token of its own is known by the token's name, any other by the name in its Hello.
        """
        owner = f"token {connection.robot}" if connection.robot else f"client {hello.client}"
        lease = self._seats.lend(owner, partial(self._end, connection))
        try:
            await self._free(lease)
            connection.seated()
            yield lease
        finally:
            self._seats.give_back(lease)

    @staticmethod
    async def _free(lease: Lease) -> None:
        try:
            await asyncio.wait_for(lease.seat.wait_until_free(), FREE_TIMEOUT)
        except asyncio.TimeoutError:
            reason = f"the policy was at work for the session before for {FREE_TIMEOUT:.0f} s more; try again"
            raise ProtocolError(reason) from None

    def _end(self, connection: Stranger, reason: str) -> None:
        """End a session whose policy goes to another one; its client may be gone, so nothing waits for it."""
        _log.warning("%s: its session is ended: %s", connection.address, reason)
        task = asyncio.ensure_future(connection.close(IDLE_CODE, reason[:MAX_REASON]))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _hello(message: Message) -> Hello:
    if not isinstance(message, Hello):
        raise ProtocolError(f"got a {type(message).__name__}; wanted a Hello")
    if message.version != VERSION:
        raise ProtocolError(f"got protocol version {message.version}; this server speaks {VERSION}: install the same")
    return message


async def _send(connection: Stranger, message: Message) -> None:
    await connection.send(pack(message))


def _address(server: Server, config: ServerConfig) -> str:
    port = next(iter(server.sockets)).getsockname()[1]
    return f"{'wss' if config.certificate else 'ws'}://{config.host}:{port}"
