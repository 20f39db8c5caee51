"""How close the robot came to things: by the simulator's clearance, and by the nearest LiDAR return."""

from __future__ import annotations

import numpy as np

from evt_bench.bag.clouds import clouds_base, solid
from evt_bench.bag.paths import Paths
from evt_bench.bag.recording import Recording
from track_common.geometry import inverse, transform_points
from track_common.types import Array

FOOTPRINT = (0.35, 0.155)  # m, half length and half width of a standing GO2 (0.70 x 0.31, Unitree's data sheet)
BODY_MARGIN = 0.02  # m; a return this close to or inside the footprint is the robot's own body
TARGET_RADIUS = 0.6  # m around the middle of the followed person: their arms and legs, not an obstacle


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


def minimum_lidar_gap(recording: Recording, paths: Paths) -> float | None:
    """Smallest gap between footprint and a LiDAR return that is not the followed person, m; None without clouds.

    The person is where ``paths`` has it; while that is not known, its returns count like any other.
    """
    nearest: list[float] = []
    for stamp, points in clouds_base(recording):
        now = np.array([stamp])
        target = transform_points(inverse(paths.robot_at(now)[0]), paths.target_at(now)[0])
        gaps = footprint_gaps(solid(points), target if np.all(np.isfinite(target)) else None)
        nearest += [float(gaps.min())] if len(gaps) else []
    return min(nearest) if nearest else None


def footprint_gaps(points_base: Array, target_base: Array | None = None) -> Array:
    """(M,) gaps of points (N, 2) to the footprint, without the robot's own body and the target (2,)."""
    outside = np.maximum(np.abs(points_base) - FOOTPRINT, 0.0)
    gaps = np.hypot(outside[:, 0], outside[:, 1])
    keep = gaps > BODY_MARGIN
    if target_base is not None:
        keep &= np.linalg.norm(points_base - target_base, axis=1) > TARGET_RADIUS
    return gaps[keep]
