"""One robot's session on the server: what the robot said last, and a task that works on it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection

from track_common.types import Frame
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.messages import (
    MAX_TEXT,
    NO_NUMBER,
    Answer,
    Begin,
    Look,
    Message,
    Refusal,
    Seconds,
    pack,
    unpack,
)
from trackvla_ros.remote.seats import Lease

DECODE_TIMEOUT = 2.0  # s; a 4K JPEG of ten scans takes 0.5
REFUSAL_PAUSE = 0.001  # s until the next message of a client whose last one was none: the others' turn
_log = logging.getLogger(__name__)


class _BlockedError(RuntimeError):
    """The policy's thread does not come back; its seat is lent again when it does."""


@dataclass(frozen=True)
class _Waiting:
    """A Look and when it came, monotonic s."""

    look: Look
    received: float


class Session:
    """Frames that come faster than the policy answers give way to the newest."""

    def __init__(self, connection: ServerConnection, lease: Lease) -> None:
        self._connection, self._lease, self._seat = connection, lease, lease.seat
        self._changed = asyncio.Event()
        self._begin: Begin | None = None
        self._waiting: _Waiting | None = None
        self._current: Begin | None = None
        self._why_not = "no episode begun; send a Begin first"
        self._answered = self._dropped = self._refused = 0

    async def run(self) -> None:
        """Listen and work until the connection ends.

        Raises:
            ProtocolError: an image took longer than ``DECODE_TIMEOUT`` to decode.
        """
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
                await asyncio.sleep(REFUSAL_PAUSE)

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
            if self._lease.is_ended:  # the farewell is under way
                return
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
            data = pack(await self._answer_to(waiting, current))
        except _BlockedError as error:
            raise ProtocolError(str(error)) from error  # ends the session
        except Exception as error:  # noqa: BLE001 - as above
            await self._refuse(look.number, f"{type(error).__name__}: {error}")
            return
        self._answered += 1
        self._lease.used = time.monotonic()
        await self._connection.send(data)

    async def _answer_to(self, waiting: _Waiting, current: Begin) -> Answer:
        look, start = waiting.look, time.monotonic()
        frame = await self._decode(look)
        decoded = time.monotonic()
        trajectory = await self._seat.infer(look, frame, current.instruction)
        seconds = Seconds(start - waiting.received, decoded - start, time.monotonic() - decoded)
        return Answer(look.number, trajectory, seconds, self._dropped)

    async def _decode(self, look: Look) -> Frame:
        try:
            return await asyncio.wait_for(self._seat.decode(look), DECODE_TIMEOUT)
        except asyncio.TimeoutError:
            raise _BlockedError(f"the image takes more than {DECODE_TIMEOUT:.0f} s to decode") from None

    async def _refuse(self, number: int, reason: str) -> None:
        self._refused += 1
        if self._refused == 1:  # the summary counts the rest
            _log.warning("%s: refused: %s", self._connection.remote_address, reason)
        await self._connection.send(pack(Refusal(number, reason[:MAX_TEXT])))
