"""Sweeps of a moving LiDAR made straight: every return where it would have been measured at the sweep's stamp.

A sweep takes 0.07-0.1 s (L1, Mid-360), in which a robot that turns at 1 rad/s sets the ends of a wall 4 m away off by
0.4 m. Odometry is planar, so pitch and roll of the gait stay in.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from track_common.geometry import relative
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, Cloud

KNOT = 0.01  # s between poses; linear in between, which at 3 rad/s and 10 m is wrong by 1 mm


def deskewed(cloud: Cloud, poses: PoseBuffer, slack: float = 0.1) -> Cloud:
    """The cloud as if measured all at once at its stamp.

    Args:
        cloud: one without times comes back as it is.
        poses: odometry; where it does not cover the sweep the returns stay where they are.
        slack: s past the newest odometry over which its velocity may be trusted.

    Returns:
        Cloud without times.
    """
    times = cloud.times
    if times is None or not len(times):
        return cloud
    low, high = min(float(times.min()), 0.0), max(float(times.max()), 0.0)
    knots = np.linspace(low, high, max(math.ceil((high - low) / KNOT), 1) + 1)
    course = poses.course(cloud.stamp + knots, slack)
    place = poses.course(np.array([cloud.stamp]), slack)
    if course is None or place is None:
        return replace(cloud, times=None)
    steps = relative(place[0], course).astype(np.float32)
    x, y, yaw = _between(steps, (times - np.float32(low)) / np.float32(max(high - low, 1e-9)))
    c, s = np.cos(yaw), np.sin(yaw)
    points = np.array(cloud.points_base, order="K")
    points[:, 0] = x + c * cloud.points_base[:, 0] - s * cloud.points_base[:, 1]
    points[:, 1] = y + s * cloud.points_base[:, 0] + c * cloud.points_base[:, 1]
    return replace(cloud, points_base=points, times=None)


def _between(knots: Array, share: Array) -> list[Array]:
    """Columns (N,) of evenly spaced knots (K, 3), K >= 2, at ``share`` (N,) 0..1 of the way along, linear between."""
    at = share * np.float32(len(knots) - 1)
    index = np.clip(at.astype(np.intp), 0, len(knots) - 2)
    at -= index
    columns = zip(knots.T.copy(), np.diff(knots, axis=0).T.copy(), strict=True)
    return [begin[index] + at * step[index] for begin, step in columns]
