"""Mutated messages against ``trackvla serve`` beside a sound robot, and against a robot that a lying server answers."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, WebSocketException

from evt_bench.hostile.mutations import Message, Mutator, sound_to_client, sound_to_server
from evt_bench.hostile.robot import Notes, Robot, resident_mb, robot, threads
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.messages import Look, unpack

RATE, DEADLINE = 10.0, 2.0  # Hz, s: of the sound robot
LIAR_RATE, LIAR_DEADLINE = 200.0, 0.05  # Hz, s: of the robot that a lying server answers
BATCH = 500  # messages a session; then the attacker calls again
ANSWERS = 20  # mutated messages to each Look
TAKEN = 60.0  # s for a batch to be looked at
START = 60.0  # s for a robot's process to be up and answered
TROUBLE = (OSError, WebSocketException, asyncio.TimeoutError)


@dataclass(frozen=True)
class Side:
    """What one end shows after its mutated messages.

    Attributes:
        messages: mutated ones sent.
        seconds: the attack's duration, s.
        growth_mb: resident memory after minus before, 2^20 bytes.
        threads_lost: threads before minus after.
        alone_ms, during_ms: 99th percentile of a sound robot's round trips, NaN where there is none to measure.
        is_sound_after: whether sound questions are answered afterwards.
        failures: exceptions of the robot's that its planner does not expect.
        replies: how often each kind of reply came.
    """

    messages: int
    seconds: float
    growth_mb: float
    threads_lost: int
    alone_ms: float
    during_ms: float
    is_sound_after: bool
    failures: tuple[str, ...]
    replies: dict[str, int]


def attack_server(messages: int, seed: int, alone: float, on_progress: Callable[[int], None]) -> Side:
    """Send ``messages`` mutated messages to a server of two sessions; a sound robot keeps the other one.

    Args:
        seed: of the mutations.
        alone: s for which the robot is measured alone.
        on_progress: told the number of messages sent.
    """
    with _serving() as (process, url), robot(url, RATE, DEADLINE) as sound:
        _first_answer(sound)
        time.sleep(alone)
        before = sound.take()
        memory, count = resident_mb(process.pid), threads(process.pid)
        start = time.monotonic()
        replies = asyncio.run(_fuzz_server(url, messages, seed, on_progress))
        seconds, during = time.monotonic() - start, sound.take()
        time.sleep(2.0)
        after, is_alive = sound.take(), process.poll() is None
        return Side(
            messages,
            seconds,
            resident_mb(process.pid) - memory if is_alive else np.nan,
            count - threads(process.pid) if is_alive else count,
            _p99_ms(before),
            _p99_ms(during),
            is_alive and bool(after.seconds) and not after.unanswered,
            tuple(during.failures),
            dict(replies) | {"robot unanswered": len(during.unanswered)},
        )


def attack_client(messages: int, seed: int, on_progress: Callable[[int], None]) -> Side:
    """Answer a robot's Looks with ``messages`` mutated messages, then soundly; arguments as ``attack_server``."""
    return asyncio.run(_attack_client(messages, seed, on_progress))


async def _attack_client(messages: int, seed: int, on_progress: Callable[[int], None]) -> Side:
    liar = _Liar(seed)
    async with serve(liar.talk, "127.0.0.1", 0, compression=None, max_size=None) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        with robot(url, LIAR_RATE, LIAR_DEADLINE) as victim:
            await asyncio.to_thread(_first_answer, victim)
            memory, count = resident_mb(victim.pid), threads(victim.pid)
            start, end = time.monotonic(), liar.sent + messages
            liar.until = end
            while liar.sent < end:
                await asyncio.sleep(0.1)
                on_progress(messages - (end - liar.sent))
            seconds, during = time.monotonic() - start, await asyncio.to_thread(victim.take)
            await asyncio.sleep(2.0)
            after = await asyncio.to_thread(victim.take)
            growth, lost = resident_mb(victim.pid) - memory, count - threads(victim.pid)
    replies = {"answered": len(during.seconds), "unanswered": len(during.unanswered)}
    is_sound, failures = bool(after.seconds), tuple(during.failures)
    return Side(messages, seconds, growth, lost, np.nan, np.nan, is_sound, failures, replies)


class _Liar:
    """A server whose answers are mutated until it has sent ``until`` of them, and sound from then on."""

    def __init__(self, seed: int) -> None:
        self.sent, self.until = 0, 0
        self._seed = seed
        self._mutated = iter(Mutator(seed, sound_to_client()))

    async def talk(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # the robot hangs up when it likes
            await self._answer(connection)

    async def _answer(self, connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(sound_to_client()[0])
        async for data in connection:
            message = unpack(data)
            if not isinstance(message, Look):
                continue
            if self.sent >= self.until:
                await connection.send(sound_to_client(message.number)[-1])
                continue
            for spoilt in islice(self._mutated, min(ANSWERS, self.until - self.sent)):
                self.sent += 1  # also where the robot has hung up: it took those before
                await connection.send(spoilt)


async def _fuzz_server(url: str, messages: int, seed: int, on_progress: Callable[[int], None]) -> Counter[str]:
    mutated, sent, replies = iter(Mutator(seed, sound_to_server())), 0, Counter[str]()
    while sent < messages:
        batch = list(islice(mutated, min(BATCH, messages - sent)))
        sent += await _session(url, batch, replies)
        on_progress(sent)
    return replies


async def _session(url: str, batch: list[Message], replies: Counter[str]) -> int:
    """Greet, send the batch, count the replies; how many messages were sent before the server hung up."""
    sent, hello, begin = 0, *sound_to_server()[:2]
    try:
        async with connect(
            url, compression=None, max_size=None, proxy=None, close_timeout=0.2, ping_interval=None
        ) as connection:
            await connection.send(hello)
            welcome = unpack(await asyncio.wait_for(connection.recv(), TAKEN))  # before it only a Hello is taken
            replies[type(welcome).__name__] += 1
            reader = asyncio.ensure_future(_count(connection, replies))
            await connection.send(begin)
            for message in batch:
                await connection.send(message)
                sent += 1
            await asyncio.wait_for(await connection.ping(), TAKEN)  # what was sent before has been taken in
            await asyncio.sleep(0.05)
            reader.cancel()
    except TROUBLE as error:
        replies[type(error).__name__] += 1
        await asyncio.sleep(0.05)
    return sent


async def _count(connection: object, replies: Counter[str]) -> None:
    async for data in connection:  # pyright: ignore[reportGeneralTypeIssues]
        try:
            replies[type(unpack(data)).__name__] += 1
        except ProtocolError:  # an answer to nonsense, which a robot would refuse
            replies["unsound"] += 1


@contextmanager
def _serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    words = ["-m", "trackvla_cli.main", "serve", "--policy", "box_servo", "--port", "0", "--sessions", "2"]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process, process.stdout.readline().split()[3].rstrip(";") if process.stdout else ""
        finally:
            process.kill()


def _first_answer(sound: Robot) -> None:
    """Raises TimeoutError where the robot is never answered."""
    end = time.monotonic() + START
    while not sound.take().seconds:
        if time.monotonic() > end:
            raise TimeoutError(f"a sound robot is not answered in {START:.0f} s")
        time.sleep(0.2)


def _p99_ms(notes: Notes) -> float:
    return float(np.percentile(1e3 * np.array(notes.seconds), 99)) if notes.seconds else np.nan
