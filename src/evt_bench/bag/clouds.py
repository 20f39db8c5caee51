"""LiDAR clouds of a bag in base_link, by the mounts on tf_static."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evt_bench.bag import decoding
from evt_bench.bag.recording import Recording
from track_common.types import Array

LOW, HIGH = 0.10, 1.20  # m above base_link's floor: what a GO2 can run into; below is the floor itself


def solid(points_base: Array) -> Array:
    """(M, 2) the points (N, 3) between ``LOW`` and ``HIGH``, on the ground."""
    return points_base[(points_base[:, 2] > LOW) & (points_base[:, 2] < HIGH), :2]


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
