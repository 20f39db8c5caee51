"""One fault done to a walking robot, and what was seen at the robot's end of the line."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from evt_bench.faults.cases import Action, Fault, Proof
from evt_bench.faults.fleet import Fleet
from evt_bench.faults.ros.receiver import Receiver

WALK_TIME = 1.0  # s of Moves without a pause before anything is done
MIN_MOVES = 30  # in that time; the bridge sends 50
WALK_TIMEOUT = 90.0  # s for a restarted node to be up and the robot to walk
PHASE = 0.2  # s; faults come at any moment of an input's period
WATCH_PAST = 1.0  # s past the limit before a stop is given up
AFTER = 0.4  # s watched after the stop: a Move in it means that the stop did not last
FROZEN = 1.5  # s
TELLINGS, TELLING_PERIOD = 5, 0.01  # s; our lie beside a truth on the same topic may be overwritten unread: depth is 1


@dataclass(frozen=True)
class Trial:
    """Seconds after the fault; None for what never came.

    Attributes:
        command: first zero on cmd_vel.
        robot: first StopMove at the robot.
        from_input: StopMove after the last message of the watched topic, by arrival.
        last_move: last Move at the robot before it stood; 0 where none came after the fault.
        moved_again: a Move came after the StopMove.
        reason: what controller or bridge said.
    """

    command: float | None
    robot: float | None
    from_input: float | None
    last_move: float
    moved_again: bool
    reason: str


class WalkError(RuntimeError):
    """The robot could not be made to walk: no fault can be done to it."""


class Stage:
    """A fleet and the robot's end of the line; ``run`` does one fault after another to them."""

    def __init__(self, fleet: Fleet, receiver: Receiver, *, has_tracker: bool = True, seed: int = 0) -> None:
        self._fleet, self._receiver, self._has_tracker = fleet, receiver, has_tracker
        self._random = random.Random(seed)

    def run(self, fault: Fault) -> Trial:
        """Walk, do it, watch; the graph is left as it is: the next walk repairs it.

        Raises:
            WalkError: the robot does not walk with everything in order.
        """
        self.walk()
        time.sleep(self._random.uniform(0.0, PHASE))
        since = self._strike(fault)
        self._watch(since, since + fault.limit + WATCH_PAST)
        if fault.proof is not Proof.SILENCE:
            time.sleep(AFTER)
        return self._trial(fault, since)

    def walk(self) -> None:
        """Repair, arm and wait until Moves have reached the robot for a while."""
        end = time.monotonic() + WALK_TIMEOUT
        while not self._is_walking(time.monotonic()):
            if time.monotonic() > end:
                raise WalkError(f"the robot does not walk within {WALK_TIMEOUT:.0f} s: {self._last_reasons()}")
            self._fleet.repair()
            self._receiver.prepare(self._has_tracker)
            self._wait(lambda: self._is_walking(time.monotonic()), 1.5)

    def _strike(self, fault: Fault) -> float:
        """Do it; the moment it was done."""
        if fault.action is Action.THAW:
            self._fleet.freeze(fault.part)
            time.sleep(FROZEN)
        since = time.monotonic()
        if fault.action is Action.LIE:
            self._lie(fault)
        else:
            {
                Action.KILL: self._fleet.kill,
                Action.FREEZE: self._fleet.freeze,
                Action.THAW: self._fleet.thaw,
                Action.TERMINATE: self._fleet.terminate,
                Action.INTERRUPT: self._fleet.interrupt,
            }[fault.action](fault.part)
        return since

    def _lie(self, fault: Fault) -> None:
        ours = {
            "trajectory": self._receiver.send_unsound_trajectory,
            "cmd_vel": self._receiver.send_second_command,
            "e_stop": self._receiver.press,
        }
        if fault.part in ours:
            for _ in range(TELLINGS):
                ours[fault.part]()
                time.sleep(TELLING_PERIOD)
        else:
            self._fleet.lie(fault.part, fault.lie)

    def _watch(self, since: float, end: float) -> None:
        self._wait(lambda: any(not m and t > since for t, m in list(self._receiver.requests)[-100:]), end - since)

    def _trial(self, fault: Fault, since: float) -> Trial:
        requests = [(t, moves) for t, moves in list(self._receiver.requests) if t > since]
        stop = next((t for t, moves in requests if not moves), None)
        moves = [t for t, is_move in requests if is_move]
        command = next((t for t, is_motion in list(self._receiver.commands) if t > since and not is_motion), None)
        inputs = [t for t in list(self._receiver.inputs.get(fault.watched, ())) if stop is None or t < stop]
        return Trial(
            command=None if command is None else command - since,
            robot=None if stop is None else stop - since,
            from_input=stop - inputs[-1] if inputs and stop is not None else None,
            last_move=max((t for t in moves if stop is None or t < stop), default=since) - since,
            moved_again=stop is not None and any(t > stop for t in moves),
            reason=self._reason(fault, since),
        )

    def _reason(self, fault: Fault, since: float) -> str:
        """The first reason of each since then; the expected one where it is among them, none where none is."""
        if not fault.reasons:
            return ""
        said = []
        for reasons in (self._receiver.reasons, self._receiver.holds):
            said += [text for t, text in list(reasons) if t > since and text][:1]
        wanted = [reason.value for reason in fault.reasons]
        return next((text for text in said if text in wanted), " / ".join(said))

    def _is_walking(self, now: float) -> bool:
        recent = [moves for t, moves in list(self._receiver.requests)[-200:] if t > now - WALK_TIME]
        return len(recent) >= MIN_MOVES and all(recent)

    def _last_reasons(self) -> str:
        said = [list(reasons)[-1][1] for reasons in (self._receiver.reasons, self._receiver.holds) if reasons]
        return " / ".join(said) or "neither controller nor bridge said why"

    @staticmethod
    def _wait(condition: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.005)
