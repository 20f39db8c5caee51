"""How close the robot came to things: by the simulator's clearance, and by the nearest LiDAR return."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evt_bench.bag import decoding
from evt_bench.bag.recording import Recording
from track_common.types import Array

LOW, HIGH = 0.10, 1.20  # m above base_link's floor: what a GO2 can run into; below is the floor itself
FOOTPRINT = (0.35, 0.155)  # m, half length and half width of a standing GO2 (0.70 x 0.31, Unitree's data sheet)
BODY_MARGIN = 0.02  # m; a return this close to or inside the footprint is the robot's own body
TARGET_RADIUS = 0.6  # m around the planner's target_point: the followed person, not an obstacle
TARGET_AGE = 0.5  # s; an older target_point is no reason to leave returns out


def transform_to_base(recording: Recording, frame_id: str, base: str = "base_link") -> Array | None:
    """(4, 4) taking points of ``frame_id`` to ``base`` along tf_static; None where the chain is not in the bag."""
    parents: dict[str, tuple[str, Array]] = {}
    for sample in recording.tracks["tf_static"]:
        parents.update(sample.value)
    matrix, frame = np.eye(4), frame_id.lstrip("/")
    for _ in range(len(parents) + 1):
        if frame == base:
            return matrix
        if frame not in parents:
            return None
        frame, step = parents[frame]
        matrix = step @ matrix
    return None


def clouds_base(recording: Recording, period: float = 0.0) -> Iterator[tuple[float, Array]]:
    """Stamp and points (N, 3) in base_link of each cloud, at most one per ``period`` s; none without tf_static."""
    last = -np.inf
    for sample in recording.decoded("points"):
        if sample.stamp - last < period:
            continue
        T_base_lidar = transform_to_base(recording, sample.value.header.frame_id)
        if T_base_lidar is None:
            return
        try:
            points = decoding.points(sample.value)
        except ValueError:
            continue
        last = sample.stamp
        yield sample.stamp, points @ T_base_lidar[:3, :3].T + T_base_lidar[:3, 3]


def minimum_clearance(recording: Recording) -> float | None:
    """Smallest gap between footprint and furniture or walls, m, as the simulator published it; None without it."""
    values = np.array([sample.value for sample in recording.tracks["ground_truth/clearance"]])
    finite = values[np.isfinite(values)]
    return float(finite.min()) if len(finite) else None


def contact_count(recording: Recording) -> int | None:
    """How often the footprint came to touch furniture or a wall; None without the simulator's clearance."""
    track = recording.tracks["ground_truth/clearance"]
    if not track:
        return None
    touching = np.array([sample.value <= 0.0 for sample in track], int)
    return int(touching[0] + np.count_nonzero(np.diff(touching) > 0))


def minimum_lidar_distance(recording: Recording) -> float | None:
    """Smallest gap between footprint and a LiDAR return that is not the followed person, m; None without clouds."""
    stamps = recording.stamps("target_point")
    targets = [sample.value[:2] for sample in recording.tracks["target_point"]]
    nearest: list[float] = []
    for stamp, points in clouds_base(recording):
        gaps = footprint_gaps(points[(points[:, 2] > LOW) & (points[:, 2] < HIGH)], _target_at(stamp, stamps, targets))
        nearest += [float(gaps.min())] if len(gaps) else []
    return min(nearest) if nearest else None


def footprint_gaps(points_base: Array, target_base: Array | None = None) -> Array:
    """(M,) gaps of points (N, 3) to the footprint, without the robot's own body and the target (2,)."""
    outside = np.maximum(np.abs(points_base[:, :2]) - FOOTPRINT, 0.0)
    gaps = np.hypot(outside[:, 0], outside[:, 1])
    keep = gaps > BODY_MARGIN
    if target_base is not None:
        keep &= np.linalg.norm(points_base[:, :2] - target_base, axis=1) > TARGET_RADIUS
    return gaps[keep]


def _target_at(stamp: float, stamps: Array, targets: list[Array]) -> Array | None:
    place = int(np.searchsorted(stamps, stamp, side="right")) - 1
    return targets[place] if place >= 0 and stamp - stamps[place] < TARGET_AGE else None
