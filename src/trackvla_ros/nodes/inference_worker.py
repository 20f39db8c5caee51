"""One thread that runs the policy: the newest observation wins, the executor never waits for a network."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from std_msgs.msg import Header

from track_common.interfaces import Observation, Policy, Timed
from track_common.types import Trajectory
from track_common.worker import Worker


@dataclass(frozen=True, eq=False)
class Request:
    """How to make the observation, the header its answer is to carry, when it was handed over (monotonic, s)."""

    observe: Callable[[], Observation]
    header: Header
    since: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, eq=False)
class _Start:
    """A policy that is to begin with a sentence."""

    policy: Policy
    instruction: str


class InferenceWorker:
    """Runs ``policy.infer`` on the newest observation put in; one that came meanwhile replaces the one waiting.

    Nothing here waits for the policy: the thread itself resets and swaps it between two inferences, and what was under
    way for the old sentence is thrown away. A policy that refuses its sentence is shown nothing until the next one.
    An exception of ``on_done`` is given to ``on_error``, and the thread goes on with the next observation.
    """

    def __init__(
        self,
        policy: Policy,
        instruction: str,
        on_done: Callable[[Trajectory, Request], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._policy, self._on_done, self._on_error = policy, on_done, on_error
        self._changed = threading.Condition()
        self._start: _Start | None = _Start(policy, instruction)
        self._waiting: Request | None = None
        self._running: _Start | None = None  # the last start, where the policy took its sentence
        self._is_open = True
        self._thread = Worker("policy", self._run, on_error)

    @property
    def policy(self) -> Policy:
        """The policy that runs, or is to run next."""
        return self._policy

    def put(self, request: Request) -> bool:
        """Hand over an observation; returns False where it replaced one not yet looked at."""
        with self._changed:
            is_kept_up = self._waiting is None
            self._waiting = request
            self._changed.notify()
        return is_kept_up

    def reset(self, instruction: str) -> None:
        """Start the policy anew with a sentence."""
        self.swap(self._policy, instruction)

    def swap(self, policy: Policy, instruction: str) -> None:
        """Go on with another policy."""
        with self._changed:
            self._policy = policy
            self._start, self._waiting = _Start(policy, instruction), None
            self._changed.notify()

    def timings(self) -> Mapping[str, float]:
        """Where the time of the policy's last answer went, s by stage; empty where it does not know."""
        return self._policy.timings() if isinstance(self._policy, Timed) else {}

    def close(self, timeout: float = 2.0) -> None:
        """End the thread; a policy that does not return in ``timeout`` seconds is left behind."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            if isinstance(work, _Start):
                self._running = None
                self._running = self._begin(work)
            elif self._running is not None and not self._infer(self._running.policy, work):
                self._running = self._begin(self._running)

    def _next(self) -> _Start | Request | None:
        """What to do next, a start before a request; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._start or self._waiting or not self._is_open)
            if not self._is_open:
                return None
            if self._start is not None:
                work, self._start = self._start, None
            else:
                work, self._waiting = self._waiting, None
            return work

    def _begin(self, start: _Start) -> _Start | None:
        try:
            start.policy.reset(start.instruction)
        except Exception as error:  # noqa: BLE001 - as below
            self._on_error(error)
            return None
        return start

    def _infer(self, policy: Policy, request: Request) -> bool:
        """False where the policy's state is spoilt: it must begin anew."""
        try:
            trajectory = policy.infer(request.observe())
        except Exception as error:  # noqa: BLE001 - whatever a policy raises, the robot must be told to stop
            self._on_error(error)
            return True
        if not np.isfinite(trajectory.poses_base).all():
            self._on_error(ValueError("a trajectory with numbers that are not finite; the policy begins anew"))
            return False
        if self._start is None:  # else it answers a sentence no longer meant
            self._on_done(trajectory, request)
        return True
