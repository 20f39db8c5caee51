"""From the open models' output to metres: undo their integration of commands, scale the commands, integrate again.

Their labels sum EVT-Bench *commands* in [-1, 1] over 0.1 s ticks, not displacements: a full-speed tick is 0.1 in every
axis of the label but 0.375 m, 0.25 m and 0.157 rad in the simulator (reference open_vlas.md section 2). Scaling x and
y alone would be wrong, because translation and yaw scale differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from track_common.config import ConfigError, setting
from track_common.types import Array

TICK = 0.1  # s; EVT-Bench's control step
WAYPOINT_TIMES = "0 0.1 0.2 0.3 0.5 0.6 0.7 0.8"  # s; the released label scripts skip 0.4


@dataclass(frozen=True)
class MetricConfig:
    """How label units become metres: as the simulator does (``evt``), not at all (``unit``, no clip), or by yours."""

    axis_scale: str = setting(
        "evt",
        "evt: full speeds of EVT-Bench; unit: labels taken as metres; custom: the three below",
        choices=("evt", "unit", "custom"),
    )
    full_speed_x: float = setting(
        3.75, "speed of command 1 forward; calibrate by driving behind a walker", unit="m/s", low=0.0
    )
    full_speed_y: float = setting(2.5, "speed of command 1 to the left", unit="m/s", low=0.0)
    full_speed_yaw: float = setting(1.57, "turn rate of command 1, left positive", unit="rad/s", low=0.0)
    waypoint_times: str = setting(
        WAYPOINT_TIMES, "time of each waypoint, spaces between; other trainings may differ", unit="s"
    )
    horizon: int = setting(10, "poses given out; past the last waypoint the last twist is held", unit="ticks", low=1)

    def check(self) -> None:
        """Raises ConfigError where the times do not rise from 0."""
        times = np.asarray(self.times)
        if len(times) < 2 or times[0] != 0.0 or np.any(np.diff(times) <= 0.0):
            raise ConfigError(
                f"waypoint_times '{self.waypoint_times}'; wanted rising times from 0, as {WAYPOINT_TIMES}"
            )

    @property
    def times(self) -> tuple[float, ...]:
        """``waypoint_times`` as numbers, seconds.

        Raises:
            ConfigError: one of them is no number.
        """
        try:
            return tuple(float(word) for word in self.waypoint_times.split())
        except ValueError as error:
            raise ConfigError(
                f"waypoint_times '{self.waypoint_times}': {error}; wanted seconds as {WAYPOINT_TIMES}"
            ) from None

    @property
    def scale(self) -> Array:
        """(3,) full speeds in use: m/s, m/s, rad/s."""
        if self.axis_scale == "evt":
            return np.array([3.75, 2.5, 1.57])
        if self.axis_scale == "unit":
            return np.ones(3)
        return np.array([self.full_speed_x, self.full_speed_y, self.full_speed_yaw])

    @property
    def clips(self) -> bool:
        """Whether commands are cut to [-1, 1], as the simulator does."""
        return self.axis_scale != "unit"


def metric_poses(waypoints: Array, config: MetricConfig) -> Array:
    """Waypoints (W, 3) in label units to poses (horizon + 1, 3) x, y (m), yaw (rad) at 0, 0.1, 0.2 … s.

    Frame: robot base at image time, x forward, y left, yaw counter-clockwise. The first pose is the origin; poses after
    the last waypoint continue its twist.

    Raises:
        ValueError: a number of waypoints other than the times', or a value that is not finite.
    """
    commands = recover_commands(waypoints, config.times)
    if config.clips:
        commands = np.clip(commands, -1.0, 1.0)
    held = np.repeat(commands[-1:], max(0, config.horizon - len(commands)), axis=0)
    return integrate(np.concatenate([commands, held])[: config.horizon] * config.scale)


def recover_commands(waypoints: Array, times: tuple[float, ...]) -> Array:
    """(T, 3) command of each tick, from waypoints (W, 3) that summed them with the heading of the tick before."""
    waypoints = np.array(waypoints, float)
    if waypoints.shape != (len(times), 3) or not np.all(np.isfinite(waypoints)):
        raise ValueError(
            f"waypoints {waypoints.shape}, finite {np.all(np.isfinite(waypoints))}; wanted ({len(times)}, 3)"
        )
    waypoints[0] = 0.0
    grid = TICK * np.arange(int(round(times[-1] / TICK)) + 1)
    poses = np.stack([np.interp(grid, times, column) for column in waypoints.T], axis=1)
    step = np.diff(poses, axis=0) / TICK
    c, s = np.cos(poses[:-1, 2]), np.sin(poses[:-1, 2])
    return np.stack([c * step[:, 0] + s * step[:, 1], c * step[:, 1] - s * step[:, 0], step[:, 2]], axis=1)


def integrate(twists: Array) -> Array:
    """Poses (T + 1, 3) from the origin under twists (T, 3) in m/s, m/s, rad/s, one tick each, by Euler's rule."""
    yaw = np.concatenate([[0.0], TICK * np.cumsum(twists[:, 2])])
    c, s = np.cos(yaw[:-1]), np.sin(yaw[:-1])
    x = np.cumsum(c * twists[:, 0] - s * twists[:, 1]) * TICK
    y = np.cumsum(s * twists[:, 0] + c * twists[:, 1]) * TICK
    return np.stack([np.concatenate([[0.0], x]), np.concatenate([[0.0], y]), yaw], axis=1)
