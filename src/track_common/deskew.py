"""Sweeps of a moving LiDAR made straight: every return where it would have been measured at the sweep's stamp.

A sweep takes 0.07-0.1 s (L1, Mid-360), in which a robot that turns at 1 rad/s sets the ends of a wall 4 m away off by
0.4 m, and a trotting trunk that pitches by 0.05 rad at 2.5 Hz lifts or sinks the floor 3 m away by up to 0.2 m.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from track_common.geometry import relative
from track_common.levelling import MAX_LEAN
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, Cloud

KNOT = 0.01  # s between poses; linear in between, which at 3 rad/s and 10 m is wrong by 1 mm


def deskewed(cloud: Cloud, poses: PoseBuffer, slack: float = 0.1, use_attitude: bool = True) -> Cloud:
    """The cloud as if measured all at once at its stamp.

    Args:
        cloud: one without times comes back as it is.
        poses: odometry; where it does not cover the sweep the returns stay where they are.
        slack: s past the newest odometry over which its velocity may be trusted; roll and pitch are held.
        use_attitude: False takes the robot to be level all the time; so is a robot that leans by over ``MAX_LEAN``.

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
    tilts = _tilts(steps[:, 2], poses.leans(cloud.stamp + np.append(knots, 0.0), slack)) if use_attitude else None
    columns = steps if tilts is None else np.column_stack([steps, tilts])
    x, y, yaw, *tilt = _between(columns, (times - np.float32(low)) / np.float32(max(high - low, 1e-9)))
    points = _tilted(cloud.points_base, *tilt) if tilt else cloud.points_base
    c, s = np.cos(yaw), np.sin(yaw)
    straight = np.array(points, order="K")
    straight[:, 0] = x + c * points[:, 0] - s * points[:, 1]
    straight[:, 1] = y + s * points[:, 0] + c * points[:, 1]
    return replace(cloud, points_base=straight, times=None)


def _tilts(yaw: Array, leans: Array | None) -> Array | None:
    """(K, 2) rad about x and y by which base_link at each knot leans against base_link at the stamp.

    Besides the trunk's own roll and pitch a turn about the vertical tilts a frame that leans.

    Args:
        yaw: (K,) rad turned since the stamp.
        leans: (K + 1, 2) rad of roll and pitch at the knots and at the stamp; None where they are not known.

    Returns:
        None where the robot is level, or leans as no gait does.
    """
    if leans is None or not np.any(leans) or np.any(np.abs(leans) > MAX_LEAN):
        return None
    roll, pitch = leans[-1]
    turned = np.column_stack([-pitch * yaw, roll * yaw])
    return (leans[:-1] - leans[-1] + turned).astype(np.float32)


def _tilted(points: Array, about_x: Array, about_y: Array) -> Array:
    """Points (N, 3) turned by small angles (N,) rad; of 0.1 rad the second order leaves 0.005."""
    tilted = np.array(points, order="K")
    tilted[:, 0] += about_y * points[:, 2]
    tilted[:, 1] -= about_x * points[:, 2]
    tilted[:, 2] += about_x * points[:, 1] - about_y * points[:, 0]
    return tilted


def _between(knots: Array, share: Array) -> list[Array]:
    """Columns (N,) of evenly spaced knots (K, C), K >= 2, at ``share`` (N,) 0..1 of the way along, linear between."""
    at = share * np.float32(len(knots) - 1)
    index = np.clip(at.astype(np.intp), 0, len(knots) - 2)
    at -= index
    columns = zip(knots.T.copy(), np.diff(knots, axis=0).T.copy(), strict=True)
    return [begin[index] + at * step[index] for begin, step in columns]
