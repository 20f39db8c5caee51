"""What an episode's commands say about a legged base: how they swing, and whether the robot stands without cause."""

from __future__ import annotations

import math

import numpy as np

from evt_bench.world.world import Truth
from track_common.types import VelocityCommand

STANDING = 0.1  # m/s commanded towards the target; a robot asked for less stands, or backs off
LEFT_BEHIND = 2.1  # m to the target; nearer than half a metre over the standoff there is a cause to stand
GOES_AWAY = 0.3  # m/s at which the target leaves
OPEN = 0.5  # m from the robot's outline to furniture and to people; nearer things are a cause to stand
PERCENTILE = 99.0


class CommandGauge:
    """Collects an episode's commands; ``after_command`` is called once a control cycle."""

    def __init__(self) -> None:
        self._commands: list[tuple[float, float, float, float]] = []
        self._is_idle: list[bool] = []

    def after_command(self, command: VelocityCommand, truth: Truth) -> None:
        """Note a command newly sent and the truth at that moment."""
        self._commands.append((truth.stamp, command.vx, command.vy, command.wz))
        self._is_idle.append(is_hesitating(command, truth))

    @property
    def yaw_swing(self) -> float:
        """99th percentile (rad/s^2) of the commanded yaw rate's change from cycle to cycle."""
        return self._percentile(np.abs(self._changes()[:, 2]))

    @property
    def linear_swing(self) -> float:
        """The same of the commanded velocity, m/s^2."""
        return self._percentile(np.hypot(*self._changes()[:, :2].T))

    @property
    def hesitation(self) -> float:
        """Share of cycles in which the robot stood in open space while the target walked away."""
        return float(np.mean(self._is_idle)) if self._is_idle else 0.0

    def _changes(self) -> np.ndarray:
        """(K, 3) change of vx, vy (m/s^2) and wz (rad/s^2) from each cycle to the next."""
        table = np.array(self._commands).reshape(-1, 4)
        steps = np.maximum(np.diff(table[:, 0]), 1e-3)
        return np.diff(table[:, 1:], axis=0) / steps[:, None]

    def _percentile(self, values: np.ndarray) -> float:
        return float(np.percentile(values, PERCENTILE)) if len(values) else 0.0


def is_hesitating(command: VelocityCommand, truth: Truth) -> bool:
    """True where a robot in open space is asked to stand although its target walks away from it."""
    target = truth.people[0]
    way = target.pose[:2] - truth.robot[:2]
    leaving = float(way @ target.velocity) / max(truth.target_distance, 1e-6)
    is_left = truth.target_distance > LEFT_BEHIND and leaving > GOES_AWAY
    is_open = truth.clearance > OPEN and truth.person_clearance > OPEN
    bearing = math.atan2(way[1], way[0]) - float(truth.robot[2])
    approach = command.vx * math.cos(bearing) + command.vy * math.sin(bearing)
    return is_left and is_open and approach < STANDING
