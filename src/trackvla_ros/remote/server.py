"""``trackvla serve``: policies behind a websocket; one connection is one session with a policy to itself.

Frames that come faster than the policy answers give way to the newest. Whatever a client sends, it is answered with an
answer or with what was wrong; the server goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http import HTTPStatus

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from track_common.interfaces import Policy
from trackvla_ros.remote.config import ServerConfig, read_token
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.images import decode_jpeg
from trackvla_ros.remote.messages import (
    MAX_LOOK,
    MAX_TEXT,
    NO_NUMBER,
    VERSION,
    Answer,
    Begin,
    Hello,
    Look,
    Message,
    Refusal,
    Seconds,
    Welcome,
    pack,
    unpack,
)

HELLO_TIMEOUT = 5.0  # s from the connection to its first word
SEAT_TIMEOUT = 2.0  # s for a session that was taken over to give its policy back
CLOSE_TIMEOUT = 1.0  # s for a client's farewell
_log = logging.getLogger(__name__)


class PolicyServer:
    """Lends its policies to whoever connects, one each."""

    def __init__(self, name: str, policies: Sequence[Policy], config: ServerConfig) -> None:
        """``policies`` are all that may be used at a time.

        Raises:
            ConfigError, OSError: token or certificate cannot be used.
        """
        self._name, self._config = name, config
        self._token, self._tls = read_token(config.token_file), config.tls()
        self._seats: asyncio.Queue[Seat] = asyncio.Queue()
        for policy in policies:
            self._seats.put_nowait(Seat(policy))
        self._sessions: dict[str, ServerConnection] = {}

    async def run(self, on_ready: Callable[[str], None]) -> None:
        """Serve until SIGTERM or SIGINT; ``on_ready`` is told the address.

        Raises:
            OSError: the address cannot be listened on.
        """
        ended = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
        async with serve(
            self._serve,
            self._config.host,
            self._config.port,
            ssl=self._tls,
            process_request=self._check_token,
            origins=[None],  # no web page may connect, whatever machine its browser runs on
            compression=None,  # nothing received may grow
            max_size=MAX_LOOK,
            close_timeout=CLOSE_TIMEOUT,
        ) as server:
            on_ready(_address(server, self._config))
            await ended.wait()

    def _check_token(self, connection: ServerConnection, request: Request) -> Response | None:
        """None lets the client in."""
        given = request.headers.get("Authorization", "")
        if not self._token or hmac.compare_digest(given.encode(errors="replace"), f"Bearer {self._token}".encode()):
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, "wanted the header Authorization: Bearer TOKEN\n")

    async def _serve(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # clients come and go
            try:
                hello = _hello(unpack(await asyncio.wait_for(connection.recv(), HELLO_TIMEOUT)))
                async with self._seated(hello.client, connection) as seat:
                    await _send(connection, Welcome(VERSION, self._name))
                    await Session(connection, seat).run()
            except (ProtocolError, asyncio.TimeoutError) as error:
                await _send(connection, Refusal(NO_NUMBER, str(error) or "got nothing; wanted a Hello"))

    @contextlib.asynccontextmanager
    async def _seated(self, client: str, connection: ServerConnection) -> AsyncIterator[Seat]:
        """A policy for as long as the block lasts; a session that this client left behind is ended."""
        former = self._sessions.get(client)
        if former is not None:  # the robot came back before we noticed that it had gone
            former.transport.abort()
        try:
            seat = await asyncio.wait_for(self._seats.get(), SEAT_TIMEOUT)
        except asyncio.TimeoutError:
            raise ProtocolError("all policies are in use; start the server with more --sessions") from None
        self._sessions[client] = connection
        try:
            yield seat
        finally:
            self._seats.put_nowait(seat)
            if self._sessions.get(client) is connection:
                del self._sessions[client]


class Seat:
    """A policy and the thread that it runs in: calls queue up there, whoever makes them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._thread = ThreadPoolExecutor(1, "policy")

    async def begin(self, instruction: str) -> None:
        """Start an episode; raises what the policy raises."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._policy.reset, instruction)

    async def answer(self, look: Look, received: float, instruction: str) -> Answer:
        """Decode and infer; raises ProtocolError and what the policy raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, look, received, instruction)

    def _answer(self, look: Look, received: float, instruction: str) -> Answer:
        start = time.monotonic()
        frame = replace(look.observation.frame, rgb=decode_jpeg(look.jpeg))
        decoded = time.monotonic()
        trajectory = self._policy.infer(replace(look.observation, frame=frame))
        if not np.isfinite(trajectory.poses_base).all():
            self._policy.reset(instruction)
            raise ValueError("a trajectory with numbers that are not finite; the policy begins anew")
        seconds = Seconds(start - received, decoded - start, time.monotonic() - decoded)
        return Answer(look.number, trajectory, seconds, dropped=0)


@dataclass(frozen=True)
class _Waiting:
    """A Look and when it came, monotonic s."""

    look: Look
    received: float


class Session:
    """What one client said last, and a task that works on it."""

    def __init__(self, connection: ServerConnection, seat: Seat) -> None:
        self._connection, self._seat = connection, seat
        self._changed = asyncio.Event()
        self._begin: Begin | None = None
        self._waiting: _Waiting | None = None
        self._current: Begin | None = None
        self._why_not = "no episode begun; send a Begin first"
        self._answered = self._dropped = self._refused = 0

    async def run(self) -> None:
        """Listen and work until the connection ends."""
        name = self._connection.remote_address
        _log.info("%s: begins", name)
        tasks = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._work())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            counts = self._answered, self._dropped, self._refused
            _log.info("%s: ends; %d answered, %d dropped for newer ones, %d refused", name, *counts)

    async def _listen(self) -> None:
        async for data in self._connection:
            try:
                self._on_message(unpack(data))
            except ProtocolError as error:
                await self._refuse(NO_NUMBER, str(error))

    def _on_message(self, message: Message) -> None:
        if isinstance(message, Begin):
            self._begin, self._waiting = message, None
        elif isinstance(message, Look):
            self._dropped += self._waiting is not None
            self._waiting = _Waiting(message, time.monotonic())
        else:
            raise ProtocolError(f"got a {type(message).__name__}; wanted a Begin or a Look")
        self._changed.set()

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._begin is not None:
                await self._start(self._begin)
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                await self._answer(waiting)

    async def _start(self, begin: Begin) -> None:
        self._begin, self._current = None, None
        try:
            await self._seat.begin(begin.instruction)
        except Exception as error:  # noqa: BLE001 - whatever a policy raises, the client is told and the server goes on
            self._why_not = f"{type(error).__name__}: {error}"
        else:
            self._current = begin

    async def _answer(self, waiting: _Waiting) -> None:
        look, current = waiting.look, self._current
        if current is None or current.episode != look.episode:
            await self._refuse(look.number, f"episode {look.episode} does not run: {self._why_not}")
            return
        try:
            answer = await self._seat.answer(look, waiting.received, current.instruction)
            data = pack(replace(answer, dropped=self._dropped))
        except Exception as error:  # noqa: BLE001 - as above
            await self._refuse(look.number, f"{type(error).__name__}: {error}")
            return
        self._answered += 1
        await self._connection.send(data)

    async def _refuse(self, number: int, reason: str) -> None:
        self._refused += 1
        if self._refused == 1:  # the summary counts the rest
            _log.warning("%s: refused: %s", self._connection.remote_address, reason)
        await _send(self._connection, Refusal(number, reason[:MAX_TEXT]))


def _hello(message: Message) -> Hello:
    if not isinstance(message, Hello):
        raise ProtocolError(f"got a {type(message).__name__}; wanted a Hello")
    if message.version != VERSION:
        raise ProtocolError(f"got protocol version {message.version}; this server speaks {VERSION}: install the same")
    return message


async def _send(connection: ServerConnection, message: Message) -> None:
    await connection.send(pack(message))


def _address(server: Server, config: ServerConfig) -> str:
    port = next(iter(server.sockets)).getsockname()[1]
    return f"{'wss' if config.certificate else 'ws'}://{config.host}:{port}"
