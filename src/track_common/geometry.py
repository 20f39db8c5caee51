"""Planar rigid motions and polylines; poses are arrays (..., 3) of x, y (m) and yaw (rad)."""

from __future__ import annotations

import numpy as np

from track_common.types import Array


def wrap_angle(angle: Array | float) -> Array:
    """Angle(s) brought into [-pi, pi)."""
    return (np.asarray(angle, float) + np.pi) % (2.0 * np.pi) - np.pi


def compose(first: Array, second: Array) -> Array:
    """Pose ``second``, given in the frame of ``first``, in the frame ``first`` is given in; shapes broadcast."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    xy = transform_points(first, second[..., :2])
    return np.concatenate([xy, wrap_angle(first[..., 2:] + second[..., 2:]) + np.zeros_like(xy[..., :1])], axis=-1)


def inverse(pose: Array) -> Array:
    """Pose whose composition with ``pose`` is the identity."""
    pose = np.asarray(pose, float)
    c, s = np.cos(pose[..., 2]), np.sin(pose[..., 2])
    x = -c * pose[..., 0] - s * pose[..., 1]
    y = s * pose[..., 0] - c * pose[..., 1]
    return np.stack([x, y, wrap_angle(-pose[..., 2])], axis=-1)


def relative(origin: Array, pose: Array) -> Array:
    """``pose`` seen from ``origin``, both given in one frame."""
    return compose(inverse(origin), pose)


def transform_points(pose: Array, points: Array) -> Array:
    """Points (..., 2) of the pose's own frame, in the frame the pose is given in."""
    pose, points = np.asarray(pose, float), np.asarray(points, float)
    c, s = np.cos(pose[..., 2]), np.sin(pose[..., 2])
    x = pose[..., 0] + c * points[..., 0] - s * points[..., 1]
    y = pose[..., 1] + s * points[..., 0] + c * points[..., 1]
    return np.stack([x, y], axis=-1)


def transform_cloud(pose: Array, points: Array) -> Array:
    """As ``transform_points`` for points (N, 3): turned about z, heights kept."""
    return np.concatenate([transform_points(pose, points[:, :2]), points[:, 2:]], axis=1)


def arc_lengths(points: Array) -> Array:
    """(H,) length of the polyline (H, 2) from its start to each point."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def point_at(points: Array, distance: float) -> Array:
    """(2,) point of the polyline (H, 2), H >= 1, at arc length ``distance``; its ends beyond them."""
    lengths = arc_lengths(points)
    return np.array([np.interp(distance, lengths, points[:, 0]), np.interp(distance, lengths, points[:, 1])])


def arc_of_nearest(points: Array, lengths: Array, position: Array) -> float:
    """Arc length of the place on a polyline (M, 2) nearest to ``position`` (2,), m; the first of equals.

    ``lengths`` are ``arc_lengths(points)``.

    Args:
        points: (M, 2) polyline, m.
        lengths: (M,) its arc lengths, m, as ``arc_lengths`` gives them.
        position: (2,) in the same frame, m.
    """
    if len(points) == 1:
        return 0.0
    legs = np.diff(points, axis=0)
    squared = np.maximum(np.sum(legs**2, axis=1), 1e-12)
    share = np.clip(np.sum((position - points[:-1]) * legs, axis=1) / squared, 0.0, 1.0)
    nearest = points[:-1] + share[:, None] * legs
    index = int(np.argmin(np.sum((nearest - position) ** 2, axis=1)))
    return float(lengths[index] + share[index] * np.sqrt(squared[index]))


def interpolate_pose(before: Array, after: Array, share: float) -> Array:
    """Pose between two poses (3,), share 0..1, turning the short way round.

    Args:
        before, after: (3,) x, y (m), yaw (rad) in one frame.
        share: 0 = before, 1 = after.
    """
    turn = float(wrap_angle(after[2] - before[2]))
    xy = before[:2] + share * (after[:2] - before[:2])
    return np.array([xy[0], xy[1], float(wrap_angle(before[2] + share * turn))])
