"""The base's mean body velocity: the one place that says how fast the robot goes.

A trotting trunk's twist ripples at the gait's frequency (0.3 rad/s about the mean yaw rate), and a filter that takes
the ripple out is late by the time in which the base answers. So the velocity is predicted by the plant model from the
commands that were sent, and corrected slowly by the poses of the odometry; what the model misses (a slope, a base that
is slower than configured) is estimated as an error of the gain. A Luenberger observer (K. J. Aastroem, R. M. Murray,
Feedback Systems, 2nd ed., section 8.3) with the gain adapted by the gradient of the innovation.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from go2_bridge.control.plant import CommandHistory, Plant
from go2_bridge.safety.watchdog import StopReason
from track_common.geometry import relative
from track_common.types import Array, Odometry

VELOCITY_GAIN = 2.0  # 1/s; a gait's ripple of 0.3 rad/s at 2.5 Hz leaves 0.04 rad/s of itself
ADAPTATION_GAIN = 1.5  # 1/s; a base that is half as quick as configured is known for one after about two seconds
REFERENCE = np.array([0.3, 0.3, 0.5])  # m/s, m/s, rad/s; slower commands say less about the gain
MAX_GAIN_ERROR = 0.7  # of the configured gain; more is not the same robot any more
MAX_INNOVATION = np.array([1.0, 1.0, 2.0])  # m/s, m/s, rad/s; one pose that is off must not throw it
QUIET = np.array([0.01, 0.01, 0.015])  # m, m, rad within QUIET_TIME: the base stands, whatever the model says
QUIET_TIME = 0.3  # s; a gait never rests so long
MAX_GAP = 0.5  # s between two messages; beyond it the past says nothing
MIN_GAP = 1e-3  # s; nearer messages are taken together
SOURCES = ("observer", "poses", "twist")
CONTRADICTION_TIME, MEAN_TIME = 0.5, 0.7  # s
CONTRADICTION = np.array([0.45, 0.45, 0.8])  # m/s, m/s, rad/s between the means of twist and of poses, and
CONTRADICTION_SHARE = 0.5  # of the greater of the two: a filtered twist is late, a slipping foot sees less
POSES_TIME = 0.4  # s over which poses are differenced: about one stride


class VelocityEstimator:
    """Takes every odometry message in order; ``of`` gives the newest with its velocity replaced.

    Args:
        source: observer; poses (their difference over a stride); twist (as the odometry says).
    """

    def __init__(self, source: str = "observer") -> None:
        self.source = source
        self.forget()

    def forget(self) -> None:
        """The odometry jumped or its clock did."""
        self._past: list[Odometry] = []
        self._velocity, self._gain_error = np.zeros(3), np.zeros(3)
        self._twist = self._moved = np.zeros(3)  # mean twist and mean velocity over the floor, by the poses
        self._contradicted_for = self.longest_contradiction = 0.0  # s

    @property
    def fault(self) -> StopReason | None:
        """A twist that says something else than the poses do for a second and more; None where both agree."""
        return StopReason.CONTRADICTION if self._contradicted_for > CONTRADICTION_TIME else None

    @property
    def gain_error(self) -> tuple[float, float, float]:
        """Estimated gain of vx, vy and wz relative to the configured one, less 1; zero but for the observer."""
        vx, vy, wz = (float(v) for v in self._gain_error)
        return vx, vy, wz

    def on_odometry(self, odometry: Odometry, history: CommandHistory, plant: Plant) -> None:
        """Take one message in.

        Args:
            odometry: newer than the last one.
            history: what was sent.
            plant: the model.
        """
        if not self._past:
            self._past = [odometry]
            return
        last = self._past[-1]
        elapsed = odometry.stamp - last.stamp
        if elapsed < MIN_GAP:
            return
        if elapsed > MAX_GAP:
            self.forget()
        elif self.source == "observer":
            self._observe(last, odometry, history, plant)
        self._compare(last, odometry)
        self._past = [o for o in self._past if odometry.stamp - o.stamp < POSES_TIME] + [odometry]
        if self.source == "observer" and self._is_quiet():
            self._velocity = np.zeros(3)
        if self.source == "poses" and len(self._past) > 1:
            first = self._past[0]
            self._velocity = relative(first.pose, odometry.pose) / (odometry.stamp - first.stamp)
        elif self.source == "twist":
            self._velocity = np.array([odometry.vx, odometry.vy, odometry.wz])

    def of(self, odometry: Odometry) -> Odometry:
        """``odometry`` with the estimated velocity."""
        vx, vy, wz = (float(v) for v in self._velocity)
        return replace(odometry, vx=vx, vy=vy, wz=wz)

    def _observe(self, last: Odometry, odometry: Odometry, history: CommandHistory, plant: Plant) -> None:
        before = self._velocity
        expected, aim = self._predicted(last.stamp, odometry.stamp, history, plant)
        elapsed = odometry.stamp - last.stamp
        moved = relative(last.pose, odometry.pose) / elapsed
        innovation = np.clip(moved - 0.5 * (before + expected), -MAX_INNOVATION, MAX_INNOVATION)
        self._velocity = expected + VELOCITY_GAIN * elapsed * innovation
        error = self._gain_error + ADAPTATION_GAIN * elapsed * innovation * aim / (aim**2 + REFERENCE**2)
        self._gain_error = np.clip(error, -MAX_GAIN_ERROR, MAX_GAIN_ERROR)

    def _is_quiet(self) -> bool:
        """True where the base has stood for a while."""
        newest = self._past[-1]
        late = [o for o in self._past if newest.stamp - o.stamp <= QUIET_TIME]
        is_long = newest.stamp - self._past[0].stamp >= QUIET_TIME
        return is_long and all(bool(np.all(np.abs(relative(o.pose, newest.pose)) < QUIET)) for o in late[::5])

    def _compare(self, last: Odometry, odometry: Odometry) -> None:
        """Follow the means of what the twist and what the poses say, and for how long they have disagreed."""
        elapsed = odometry.stamp - last.stamp
        if elapsed > MAX_GAP:
            return
        share = min(elapsed / MEAN_TIME, 1.0)
        moved = relative(last.pose, odometry.pose) / elapsed
        self._moved = self._moved + share * (moved - self._moved)
        self._twist = self._twist + share * (np.array([odometry.vx, odometry.vy, odometry.wz]) - self._twist)
        allowed = CONTRADICTION + CONTRADICTION_SHARE * np.minimum(np.abs(self._moved), np.abs(self._twist))
        is_contradicted = bool(np.any(np.abs(self._moved - self._twist) > allowed))
        self._contradicted_for = self._contradicted_for + elapsed if is_contradicted else 0.0
        self.longest_contradiction = max(self.longest_contradiction, self._contradicted_for)

    def _predicted(self, begin: float, end: float, history: CommandHistory, plant: Plant) -> tuple[Array, Array]:
        """(3,) velocity at ``end`` (s) under what was sent, from the present one at ``begin``, and what it tends to."""
        velocity, aim = self._velocity, np.zeros(3)
        pieces = history.between(begin - plant.dead_time, end - plant.dead_time)
        ends = [time + plant.dead_time for time, _ in pieces[1:]] + [end]
        for (_, command), until in zip(pieces, ends, strict=True):
            asked = plant.velocity_under(command)
            aim = np.array([asked.vx, asked.vy, asked.wz]) * (1.0 + self._gain_error)
            keep = math.exp(-max(until - begin, 0.0) / plant.time_constant)
            velocity, begin = aim + keep * (velocity - aim), max(until, begin)
        return velocity, aim
