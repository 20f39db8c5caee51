"""One thread that runs the policy: the newest observation wins, the executor never waits for a network."""

from __future__ import annotations

import threading
from collections.abc import Callable

from track_common.interfaces import Observation, Policy
from track_common.types import Trajectory


class InferenceWorker:
    """Runs ``policy.infer`` on the newest observation put in; one that came meanwhile replaces the one waiting."""

    def __init__(
        self,
        policy: Policy,
        on_done: Callable[[Trajectory], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._policy, self._on_done, self._on_error = policy, on_done, on_error
        self._changed = threading.Condition()
        self._busy = threading.Lock()  # held while the policy works: swap and reset wait for it
        self._waiting: Observation | None = None
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="policy", daemon=True)
        self._thread.start()

    def put(self, observation: Observation) -> bool:
        """Hand over an observation; returns False where it replaced one not yet looked at."""
        with self._changed:
            is_kept_up = self._waiting is None
            self._waiting = observation
            self._changed.notify()
        return is_kept_up

    def reset(self, instruction: str) -> None:
        """Start the policy anew with a sentence."""
        with self._changed:
            self._waiting = None
        with self._busy:
            self._policy.reset(instruction)

    def swap(self, policy: Policy, instruction: str) -> None:
        """Go on with another policy."""
        policy.reset(instruction)
        with self._changed:
            self._waiting = None
        with self._busy:
            self._policy = policy

    def close(self, timeout: float = 2.0) -> None:
        """End the thread; a policy that does not return in ``timeout`` seconds is left behind."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or not self._is_open)
                if not self._is_open:
                    return
                observation, self._waiting = self._waiting, None
            assert observation is not None  # what was waited for
            self._infer(observation)

    def _infer(self, observation: Observation) -> None:
        try:
            with self._busy:
                trajectory = self._policy.infer(observation)
        except Exception as error:  # noqa: BLE001 - whatever a policy raises, the robot must be told to stop
            self._on_error(error)
            return
        self._on_done(trajectory)
