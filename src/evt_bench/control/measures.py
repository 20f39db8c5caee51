"""What an episode says about the robot side: contacts, clearance, view and smoothness, and their table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evt_bench.metrics import mean, proportion, ratio
from evt_bench.world.config import StepConfig
from evt_bench.world.world import Truth
from track_common.geometry import inverse, transform_points
from track_common.types import Array, Camera

PERCENTILES = (0.0, 1.0, 5.0, 50.0)


@dataclass(frozen=True)
class ControlRecord:
    """What one episode left.

    Attributes:
        setup: the row it belongs to.
        furniture_contact, person_contact: the outlines met at least once (looked at 60 times a second).
        clearance, person_clearance: smallest gap between the outlines, m; negative = overlap.
        push_speed: m/s, the robot's own towards whoever it touched when they touched, the most of an episode; 0 where
            nobody was touched, or a robot that stood or went away was walked into.
        top_speed: m/s over the floor.
        view_loss: share of steps in which the target's axis lay outside the camera's field of view.
        jerk: root mean square over steps of 0.1 s, m/s^3.
        halted: share of control steps refused because the trajectory's image was too old.
        seconds: CPU time of the episode.
        has_fallen: the robot fell.
        yaw_swing, linear_swing: 99th percentile of the commands' change, rad/s^2 and m/s^2.
        hesitation: share of time at a stand in open space while the target walks away.
        has_doorway: the target's path leads through a doorway.
    """

    setup: str
    task: str
    seed: int
    success: bool
    status: str
    following_steps: int
    total_steps: int
    reference_steps: int
    furniture_contact: bool
    person_contact: bool
    clearance: float
    person_clearance: float
    push_speed: float
    top_speed: float
    view_loss: float
    jerk: float
    halted: float
    seconds: float
    has_fallen: bool = False
    yaw_swing: float = 0.0
    linear_swing: float = 0.0
    hesitation: float = 0.0
    has_doorway: bool = False


@dataclass(frozen=True)
class ControlRow:
    """One line of the table; ``*_se`` standard errors; clearances (m) at ``PERCENTILES`` of the episodes' smallest.

    ``doorway_n`` and ``doorway_sr``: the episodes in which the target walks through a doorway.
    """

    setup: str
    n: int
    sr: float
    sr_se: float
    tr: float
    tr_se: float
    furniture_contacts: int
    person_contacts: int
    clearance: tuple[float, ...]
    person_clearance: tuple[float, ...]
    push_speed: float
    top_speed: float
    view_loss: float
    view_loss_se: float
    jerk: float
    jerk_se: float
    halted: float
    falls: int = 0
    yaw_swing: float = 0.0
    linear_swing: float = 0.0
    hesitation: float = 0.0
    doorway_n: int = 0
    doorway_sr: float | None = None


class Gauge:
    """Collects over an episode; ``after_step`` at every step of the world, ``after_look`` at every step of 0.1 s."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self.clearance = self.person_clearance = math.inf
        self.push_speed = self.top_speed = 0.0
        self.is_touching = False
        self._room = math.inf  # to people, at the last step
        self._velocities: list[Array] = []
        self._out_of_view: list[bool] = []

    def after_step(self, truth: Truth) -> None:
        """Gaps and speed."""
        self.clearance = min(self.clearance, truth.clearance)
        if truth.person_clearance <= 0.0 < self._room:
            self.push_speed = max(self.push_speed, speed_towards_nearest(truth))
        self._room = truth.person_clearance
        self.person_clearance = min(self.person_clearance, truth.person_clearance)
        self.top_speed = max(self.top_speed, math.hypot(*truth.robot_velocity[:2]))
        self.is_touching = self.is_touching or truth.is_touching

    def after_look(self, truth: Truth) -> None:
        """View and velocity over the floor."""
        turn = np.array([0.0, 0.0, truth.robot[2]])
        self._velocities.append(transform_points(turn, np.array(truth.robot_velocity[:2])))
        self._out_of_view.append(is_out_of_view(truth, self._camera))

    @property
    def view_loss(self) -> float:
        """Share of steps so far."""
        return float(np.mean(self._out_of_view)) if self._out_of_view else math.nan

    def jerk(self, step: float) -> float:
        """Root mean square (m/s^3) of the change of acceleration between steps of ``step`` s; 0 before the third."""
        changes = np.diff(np.array(self._velocities), n=2, axis=0) if len(self._velocities) > 2 else np.zeros((1, 2))
        return float(np.sqrt(np.mean(np.sum((changes / step**2) ** 2, axis=1))))


def speed_towards_nearest(truth: Truth) -> float:
    """Speed (m/s) at which the robot's outline itself moves towards the person nearest to it; negative: away."""
    people = transform_points(inverse(truth.robot), np.array([person.pose[:2] for person in truth.people]))
    half = StepConfig().robot_half_length
    touched = np.column_stack([np.clip(people[:, 0], -half, half), np.zeros(len(people))])
    gaps = np.hypot(*(people - touched).T)
    nearest = int(gaps.argmin())
    vx, vy, wz = truth.robot_velocity
    own = np.array([vx, vy + wz * touched[nearest, 0]])
    return float(own @ (people[nearest] - touched[nearest])) / max(float(gaps[nearest]), 1e-6)


def is_out_of_view(truth: Truth, camera: Camera) -> bool:
    """True where the target's axis is beside the image; what stands in between does not matter."""
    ahead, left = transform_points(inverse(truth.robot), truth.people[0].pose[:2]) - camera.T_base_camera[:2, 3]
    bearing = math.atan2(left, ahead)
    return not -math.atan2(camera.width - camera.cx, camera.fx) < bearing < math.atan2(camera.cx, camera.fx)


def tabulate(records: Sequence[ControlRecord]) -> list[ControlRow]:
    """One row per setup, in the order they come."""
    groups: dict[str, list[ControlRecord]] = {}
    for record in records:
        groups.setdefault(record.setup, []).append(record)
    return [_row(name, group) for name, group in groups.items()]


def _row(name: str, records: list[ControlRecord]) -> ControlRow:
    followed = [float(r.following_steps) for r in records]
    doorways = [float(r.success) for r in records if r.has_doorway]
    possible = [float(max(r.total_steps, r.reference_steps)) for r in records]
    return ControlRow(
        name,
        len(records),
        *proportion([float(r.success) for r in records]),
        *ratio(followed, possible),
        sum(r.furniture_contact for r in records),
        sum(r.person_contact for r in records),
        _distribution([r.clearance for r in records]),
        _distribution([r.person_clearance for r in records]),
        max(r.push_speed for r in records),
        max(r.top_speed for r in records),
        *mean([r.view_loss for r in records]),
        *mean([r.jerk for r in records]),
        mean([r.halted for r in records])[0],
        sum(r.has_fallen for r in records),
        *(mean([getattr(r, name) for r in records])[0] for name in ("yaw_swing", "linear_swing", "hesitation")),
        doorway_n=len(doorways),
        doorway_sr=mean(doorways)[0] if doorways else None,
    )


def _distribution(values: list[float]) -> tuple[float, ...]:
    return tuple(float(v) for v in np.percentile(values, PERCENTILES, method="lower"))
