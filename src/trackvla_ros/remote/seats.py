"""Policies that are lent, each with a thread of its own; one whose thread is still at work is not lent."""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from track_common.interfaces import Policy
from track_common.types import Frame, Trajectory
from track_common.worker import Worker
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.images import decode_jpeg
from trackvla_ros.remote.messages import Look

FREE_TIMEOUT = 2.0  # s for a policy's thread to finish what its former session asked
Result = TypeVar("Result")


class Seat:
    """A policy and the thread that it runs in: calls queue up there, whoever makes them. Used by one event loop."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._free = asyncio.Event()
        self._free.set()
        self._running = 0
        self._thread = Worker("policy", self._run)  # a daemon: a policy that never returns must not keep the server

    @property
    def is_free(self) -> bool:
        """Whether its thread has nothing to do."""
        return self._free.is_set()

    async def wait_until_free(self) -> None:
        """Returns when its thread has nothing to do."""
        await self._free.wait()

    async def begin(self, instruction: str) -> None:
        """Start an episode; raises what the policy raises."""
        await self._call(lambda: self._policy.reset(instruction))

    async def decode(self, look: Look) -> Frame:
        """The frame with its pixels; raises ProtocolError where the image is none."""
        return await self._call(lambda: replace(look.observation.frame, rgb=decode_jpeg(look.jpeg)))

    async def infer(self, look: Look, frame: Frame, instruction: str) -> Trajectory:
        """The policy's trajectory; raises what the policy raises, and ValueError where it is not finite."""
        return await self._call(lambda: self._infer(look, frame, instruction))

    def _infer(self, look: Look, frame: Frame, instruction: str) -> Trajectory:
        trajectory = self._policy.infer(replace(look.observation, frame=frame))
        if not np.isfinite(trajectory.poses_base).all():
            self._policy.reset(instruction)
            raise ValueError("a trajectory with numbers that are not finite; the policy begins anew")
        return trajectory

    async def _call(self, function: Callable[[], Result]) -> Result:
        loop, future = asyncio.get_running_loop(), Future[Result]()
        self._running += 1
        self._free.clear()
        future.add_done_callback(lambda _: _tell(loop, self._finished))
        self._calls.put((future, function))
        return await asyncio.wrap_future(future)

    def _finished(self) -> None:
        self._running -= 1
        if not self._running:
            self._free.set()

    def _run(self) -> None:
        while True:
            future, function = self._calls.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                future.set_exception(error)
            else:
                future.set_result(result)


@dataclass(eq=False)
class Lease:
    """A seat lent to ``owner``: ``end`` ends its session, with a reason for the robot."""

    seat: Seat
    owner: str
    end: Callable[[str], None]
    used: float = field(default_factory=time.monotonic)  # s, monotonic: when it was lent or last answered
    is_ended: bool = False  # the seat is another session's

    def is_idle(self, seconds: float) -> bool:
        """Whether another robot may have its seat: nothing under way, and no answer for so long."""
        return self.seat.is_free and time.monotonic() - self.used > seconds


class Seats:
    """Lends seats: a free one, the owner's former one, or one whose session is idle."""

    def __init__(self, policies: Sequence[Policy], idle: float) -> None:
        """``idle``: s without an answer after which a session's policy goes to another robot that asks for one."""
        self._idle = idle
        self._leases: dict[Seat, Lease | None] = {Seat(policy): None for policy in policies}

    def lend(self, owner: str, end: Callable[[str], None]) -> Lease:
        """A lease, decided at once; ``wait_until_free`` of its seat before use.

        Args:
            owner: the robot: who comes back gets the former seat, and its former session is ended.
            end: called with a reason when the seat goes to another session.

        Raises:
            ProtocolError: every seat is in use, or its thread is.
        """
        held = [lease for lease in self._leases.values() if lease is not None]
        former = next((lease for lease in held if lease.owner == owner), None)
        idle = next((lease for lease in sorted(held, key=lambda one: one.used) if lease.is_idle(self._idle)), None)
        free = next((seat for seat, lease in self._leases.items() if lease is None and seat.is_free), None)
        if former is not None:
            self._end(former, "another connection of this robot took its session over")
            return self._take(former.seat, owner, end)
        if free is not None:
            return self._take(free, owner, end)
        if idle is not None:
            self._end(idle, f"no answer was asked for in {self._idle:g} s and another robot waited")
            return self._take(idle.seat, owner, end)
        raise ProtocolError(self._why_full())

    def give_back(self, lease: Lease) -> None:
        """The lease's session has ended; does nothing where the seat is another's by now."""
        if self._leases[lease.seat] is lease:
            self._leases[lease.seat] = None

    @staticmethod
    def _end(lease: Lease, reason: str) -> None:
        lease.is_ended = True
        lease.end(reason)

    def _take(self, seat: Seat, owner: str, end: Callable[[str], None]) -> Lease:
        lease = self._leases[seat] = Lease(seat, owner, end)
        return lease

    def _why_full(self) -> str:
        busy = sum(lease is None for lease in self._leases.values())
        still = f"; {busy} still at work for a session that has ended" if busy else ""
        return f"all {len(self._leases)} policies are in use{still}; start the server with more --sessions"


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)
