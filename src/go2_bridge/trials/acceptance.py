"""Staged acceptance on hardware: S0 only stops, S1 walks two seconds and stops, S2 falls silent and is stopped.

The stages and their bounds are those of point 13 of docs/what_is_tested.md. Judged is what was seen from outside:
requests on the robot's topic and poses of its odometry, both by the time they arrived.
"""

from __future__ import annotations

from dataclasses import dataclass

from go2_bridge.drivers.sport_api import Api
from go2_bridge.trials.trial import Bounds, Guard, Instant
from track_common.types import STOP, Odometry, VelocityCommand

WALK = VelocityCommand(vx=0.15)  # m/s; a GO2 walks this slowly without stumbling (a public staged test, 2026)
STANDING = 0.03  # m/s; a standing GO2's odometry drifts by less
STOP_TIME = 1.5  # s from the zero command to standing
DEADMAN_SLACK = 0.15  # s over the bridge's command_timeout
NO_MOTION, SOME_MOTION = 0.05, 0.10  # m; standing and drifting, and clearly walked


@dataclass(frozen=True)
class Phase:
    """A part of a stage: for ``seconds``, ``command`` (None: silence), with the bridge armed or not."""

    name: str
    seconds: float
    command: VelocityCommand | None
    is_armed: bool


@dataclass(frozen=True)
class Check:
    """One thing that was judged."""

    what: str
    measured: str
    wanted: str
    is_met: bool


DISARM = Phase("disarm", 0.5, STOP, False)
STAND = Phase("stand", 0.7, STOP, True)
STAGES = {
    "S0": (DISARM, Phase("walk", 1.0, WALK, False), STAND, DISARM),
    "S1": (STAND, Phase("walk", 2.0, WALK, True), Phase("stop", 2.0, STOP, True), DISARM),
    "S2": (STAND, Phase("walk", 1.5, WALK, True), Phase("silence", 2.0, None, True), DISARM),
}


class AcceptanceStage:
    """Implements ``trial.Trial``: one stage, and what it showed."""

    def __init__(self, stage: str, command_timeout: float) -> None:
        """``command_timeout``: the bridge's, s."""
        self.stage, self.failure = stage, ""
        self._phases, self._command_timeout = STAGES[stage], command_timeout
        self._guard = Guard(Bounds())
        self._index = 0
        self._phase_began: float | None = None
        self._began: dict[str, float] = {}
        self._requests: list[tuple[float, int]] = []
        self._speeds: list[tuple[float, float]] = []
        self._farthest = 0.0
        self._last_walk = 0.0

    @property
    def wants_armed(self) -> bool:
        """As the phase says."""
        return not self.is_over and self._phases[self._index].is_armed

    @property
    def is_over(self) -> bool:
        """After the last phase, or at once where a bound was left."""
        return bool(self.failure) or self._index == len(self._phases)

    def on_odometry(self, odometry: Odometry, at: Instant) -> None:
        """Keep the speed."""
        self._guard.on_odometry(odometry, at)
        self._farthest = max(self._farthest, self._guard.distance)
        if self._guard.speed is not None:
            self._speeds.append((at.steady, self._guard.speed))

    def on_request(self, api_id: int, at: Instant) -> None:
        """Keep a request that went to the robot."""
        self._requests.append((at.steady, api_id))

    def control(self, at: Instant) -> VelocityCommand | None:
        """The phase's command."""
        self.failure = self.failure or self._guard.check(at)
        if self._phase_began is not None and at.steady - self._phase_began >= self._phases[self._index].seconds:
            was_armed = self.wants_armed
            self._index, self._phase_began = self._index + 1, None
            if self.is_over or self.wants_armed != was_armed:
                return STOP
        if self.is_over:
            return STOP
        phase = self._phases[self._index]
        if self._phase_began is None:
            self._phase_began = self._began[phase.name] = at.steady
        if phase.command == WALK:
            self._last_walk = at.steady
        return phase.command

    def checks(self) -> list[Check]:
        """What the stage showed; all must be met. To be called when it is over."""
        if self.failure:
            return [Check("bounds", self.failure, "none left", False)]
        return {"S0": self._only_stops, "S1": self._walks_and_stops, "S2": self._silence_stops}[self.stage]()

    def _only_stops(self) -> list[Check]:
        others = sorted({api_id for _, api_id in self._requests if api_id != Api.STOP_MOVE})
        stops = sum(api_id == Api.STOP_MOVE for _, api_id in self._requests)
        return [
            Check("requests that are not StopMove", str(others or "none"), "none", not others),
            Check("StopMove requests", str(stops), "1 or more", stops > 0),
            Check("moved", f"{self._farthest:.3f} m", f"under {NO_MOTION} m", self._farthest < NO_MOTION),
        ]

    def _walks_and_stops(self) -> list[Check]:
        return [self._walked(), self._stood_after("the zero command", self._began["stop"], STOP_TIME)]

    def _silence_stops(self) -> list[Check]:
        bound = self._command_timeout + DEADMAN_SLACK
        after = [(time - self._last_walk, api_id) for time, api_id in self._requests if time > self._last_walk]
        stop = next((time for time, api_id in after if api_id == Api.STOP_MOVE), float("inf"))
        moves = [time for time, api_id in after if api_id == Api.MOVE and time > stop]
        return [
            self._walked(),
            Check("StopMove after the last command", f"{stop:.3f} s", f"within {bound:.2f} s", stop <= bound),
            Check("Moves after that StopMove", str(len(moves)), "none", not moves),
            self._stood_after("the last command", self._last_walk, self._command_timeout + STOP_TIME),
        ]

    def _walked(self) -> Check:
        fastest = max((speed for _, speed in self._speeds), default=0.0)
        measured = f"{self._farthest:.2f} m, fastest {fastest:.2f} m/s"
        return Check("walked", measured, f"{SOME_MOTION} m or more", self._farthest >= SOME_MOTION)

    def _stood_after(self, event: str, since: float, bound: float) -> Check:
        """Standing is counted from the last speed over ``STANDING``, so that a robot that starts again fails."""
        last = max((time - since for time, speed in self._speeds if speed >= STANDING), default=0.0)
        return Check(f"standing after {event}", f"{last:.2f} s", f"within {bound:.2f} s", last <= bound)
