"""A trajectory in odom and what is left of it now: from the planner's image time to the robot's present."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from track_common.geometry import arc_lengths, arc_of_nearest, compose, wrap_angle
from track_common.types import Array, Trajectory

MAX_WAYPOINT = 20.0  # m; a waypoint farther off than any horizon reaches is a broken planner
MAX_HORIZON = 30.0  # s
REVERSE_SLACK = 0.02  # m; the trajectory must lead back by more than this before the robot walks backwards


@dataclass(frozen=True, eq=False)
class TimedPath:
    """poses_odom (H, 3) at times (H,), s of the sensors' clock, rising; the first is where the image was taken."""

    poses_odom: Array
    times: Array


def fault_of(trajectory: Trajectory) -> str:
    """What is wrong with a trajectory, "" where it can be followed; one with no poses asks for a stop and is sound."""
    poses, times = np.asarray(trajectory.poses_base), np.asarray(trajectory.times)
    if not np.isfinite(trajectory.stamp):
        return f"stamp is {trajectory.stamp}"
    if len(poses) == 0:
        return ""
    if poses.ndim != 2 or poses.shape[1] != 3 or times.shape != poses.shape[:1]:
        return f"poses are {poses.shape} with times {times.shape}; wanted (H, 3) and (H,)"
    if not (np.all(np.isfinite(poses)) and np.all(np.isfinite(times))):
        return "a waypoint is not finite"
    if np.any(np.abs(poses[:, :2]) > MAX_WAYPOINT) or times[-1] > MAX_HORIZON:
        return f"a waypoint lies beyond {MAX_WAYPOINT:.0f} m or {MAX_HORIZON:.0f} s"
    if times[0] < 0.0 or np.any(np.diff(times) <= 0.0):
        return "times do not rise from 0"
    return ""


def asks_for_stop(trajectory: Trajectory) -> bool:
    """True where there is nothing in it to follow: unsound, without poses, or its status is one that stands."""
    return not trajectory.status.may_move or not len(trajectory.poses_base) or bool(fault_of(trajectory))


def anchor(trajectory: Trajectory, pose_odom: Array) -> TimedPath:
    """The trajectory in odom, given the pose (3,) of base_link at its image stamp, which becomes its first waypoint."""
    poses = compose(pose_odom, np.asarray(trajectory.poses_base, float))
    times = trajectory.stamp + np.asarray(trajectory.times, float)
    if trajectory.times[0] > 0.0:
        poses, times = np.vstack([pose_odom, poses]), np.concatenate([[trajectory.stamp], times])
    return TimedPath(poses, times)


def pose_at(path: TimedPath, time: float) -> Array:
    """(3,) pose the trajectory has at ``time``; its ends beyond them."""
    x, y = (np.interp(time, path.times, path.poses_odom[:, i]) for i in (0, 1))
    yaw = np.interp(time, path.times, np.unwrap(path.poses_odom[:, 2]))
    return np.array([x, y, float(wrap_angle(yaw))])


def extended(path: TimedPath, duration: float) -> TimedPath:
    """The path with its last pace kept for ``duration`` seconds more; unchanged for a single pose or 0 s."""
    if duration <= 0.0 or len(path.times) < 2:
        return path
    step = path.times[-1] - path.times[-2]
    velocity = (path.poses_odom[-1, :2] - path.poses_odom[-2, :2]) / step
    last = np.append(path.poses_odom[-1, :2] + velocity * duration, path.poses_odom[-1, 2])
    return TimedPath(np.vstack([path.poses_odom, last]), np.append(path.times, path.times[-1] + duration))


def remaining(path: TimedPath, position: Array, time: float) -> tuple[Array, float]:
    """What of the path is still ahead of the robot, and how far along it the trajectory will be at ``time``.

    Args:
        path: in odom.
        position: (2,) m in odom where the robot is, or will be once its dead time is over.
        time: s, when the carrot is to be reached.

    Returns:
        (M, 2) polyline from ``position`` through the waypoints not yet passed, M >= 2, and the distance (m, >= 0) along
        it to where the trajectory is at ``time``; 0 where the robot is there already.
    """
    points = path.poses_odom[:, :2]
    lengths = arc_lengths(points)
    here = arc_of_nearest(points, lengths, position)
    there = float(np.interp(time, path.times, lengths))
    ahead = points[lengths > here + 1e-6]
    line = np.vstack([position, ahead if len(ahead) else points[-1:]])
    return line, max(there - here, 0.0)


def leads_back(path: TimedPath, pose: Array) -> bool:
    """True where the path itself leads back from a pose (3,) in odom; falling short of its pace is no reason to."""
    way = path.poses_odom[-1, :2] - path.poses_odom[0, :2]
    return float(way @ [np.cos(pose[2]), np.sin(pose[2])]) < -REVERSE_SLACK
