"""How the target was followed: distance at the benchmark's steps, and how the robot moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evt_bench.bag.paths import Paths
from evt_bench.bag.recording import Recording
from track_common.types import Array

STEP = 0.1  # s, one step of EVT-Bench (reference/trackvla.md 2.1)
NEAR, FAR = 1.0, 3.0  # m, the band in which the target counts as followed (2.2)


@dataclass(frozen=True)
class Distance:
    """Distance from robot to target over all steps at which both are known, m, and where it is known from."""

    source: str
    n: int
    mean: float
    std: float
    p5: float
    median: float
    p95: float
    minimum: float
    maximum: float
    in_band_share: float


@dataclass(frozen=True)
class Motion:
    """How the robot moved: metres gone, m/s; share of the commands that were zero (None without cmd_vel)."""

    path_length: float
    mean_speed: float
    max_speed: float
    stopped_share: float | None


def step_stamps(paths: Paths) -> Array:
    """(S,) stamps every ``STEP`` seconds over the time the robot's path covers."""
    start, end = paths.robot[0, 0], paths.robot[-1, 0]
    return start + STEP * np.arange(int((end - start) / STEP + 1e-6) + 1)


def distances(paths: Paths, stamps: Array) -> Array:
    """(S,) distance on the ground from robot to target, m; NaN where either is not known."""
    return np.linalg.norm(paths.target_at(stamps) - paths.robot_at(stamps)[:, :2], axis=1)


def distance_statistics(paths: Paths) -> Distance | None:
    """None where robot and target are never known together."""
    values = distances(paths, step_stamps(paths))
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    p5, median, p95 = (float(v) for v in np.percentile(values, (5, 50, 95)))
    inside = float(np.mean((values >= NEAR) & (values <= FAR)))
    mean, std, low, high = float(values.mean()), float(values.std()), float(values.min()), float(values.max())
    return Distance(paths.source, len(values), mean, std, p5, median, p95, low, high, inside)


def motion(paths: Paths, recording: Recording) -> Motion:
    """From the robot's path at the benchmark's steps."""
    xy = paths.robot_at(step_stamps(paths))[:, :2]
    lengths = np.linalg.norm(np.diff(xy[np.all(np.isfinite(xy), axis=1)], axis=0), axis=1)
    commands = [sample.value.is_stop for sample in recording.tracks["cmd_vel"]]
    speeds = lengths / STEP if len(lengths) else np.zeros(1)
    stopped = float(np.mean(commands)) if commands else None
    return Motion(float(lengths.sum()), float(speeds.mean()), float(speeds.max()), stopped)
