"""What the LiDAR shows around the robot: the newest sweep for the stop layer, and who walks there for both layers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.control.movers import BODY, Mover, MoverTracker
from go2_bridge.control.obstacles import thinned
from go2_bridge.control.unseen import Unseen
from go2_bridge.safety.attitude import AttitudeMonitor
from go2_bridge.safety.returns import Returns, sound_points, told_apart
from go2_bridge.safety.stop_zone import Around, gap_to_footprint, with_bodies, with_target
from go2_bridge.safety.watchdog import StopReason
from track_common.deskew import deskewed
from track_common.geometry import inverse, relative, transform_points
from track_common.levelling import levelled_cloud
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, Cloud, Trajectory

STOP_VOXEL = 0.02  # m; the stop layer loses no more than the LiDAR's own noise


@dataclass(frozen=True, eq=False)
class Target:
    """Where the planner saw the target: place (2,) m in odom, at ``stamp`` (s)."""

    place: Array
    stamp: float


class Surroundings:
    """Sweeps in, obstacles out; ``poses`` is the odometry that places them."""

    def __init__(self, config: ControllerConfig, poses: PoseBuffer) -> None:
        self.config = config
        self._poses = poses
        self.cloud: Cloud | None = None
        self.attitude = AttitudeMonitor()
        self._returns = Returns(*(np.zeros((0, 2)) for _ in range(3)))  # of the newest sweep, in base_link
        self._tracker, self._unseen = MoverTracker(), Unseen()
        self._tracked: float | None = None  # stamp (s) of the sweep last searched for who walks
        self._movers: list[Mover] = []  # in that sweep

    @property
    def fault(self) -> StopReason | None:
        """Why what the LiDAR shows cannot be relied on, None where it can."""
        return StopReason.BAD_ATTITUDE if self.attitude.is_lying else None

    def on_cloud(self, cloud: Cloud) -> None:
        """Newest sweep in base_link, made straight by odometry; returns not finite or zero do not count.

        The stop layer sees it at once; who walks in it is known after ``track``.
        """
        is_believed = self.config.use_attitude and self.attitude.is_trusted
        cloud = deskewed(cloud, self._poses, use_attitude=is_believed)
        self.cloud = self._levelled(replace(cloud, points_base=sound_points(cloud.points_base)))
        returns = told_apart(self.cloud.points_base, self.attitude.floor_config(self.config))
        self._returns = replace(returns, solid=thinned(returns.solid, STOP_VOXEL))

    def _levelled(self, cloud: Cloud) -> Cloud:
        """The cloud with z up, where the odometry says how the trunk leans and can be believed."""
        lean, newest = self._poses.lean_at(cloud.stamp, slack=self.config.odometry_timeout), self._poses.newest
        if lean is None or newest is None:
            return cloud
        speed = float(np.hypot(newest.vx, newest.vy))
        return levelled_cloud(cloud, *self.attitude.lean(cloud.points_base, lean, speed, cloud.stamp, self.config))

    def target_of(self, trajectory: Trajectory | None) -> Target | None:
        """The target as the planner saw it; None where it did not say, or odometry does not cover its image."""
        position = None if trajectory is None else trajectory.target_base
        if trajectory is None or position is None or not np.all(np.isfinite(position)):
            return None
        pose = self._poses.pose_at(trajectory.stamp, slack=self.config.odometry_timeout)
        if pose is None:
            return None
        return Target(transform_points(pose, np.asarray(position, float)[:2]), trajectory.stamp)

    def track(self) -> None:
        """Find who walks in the newest sweep, unless that is done already or odometry does not cover it."""
        if self.cloud is None or self._tracked == self.cloud.stamp:
            return
        place = self._place()
        if place is None:
            return
        lidar = transform_points(place, self.cloud.origin_base[:2])
        self._tracker.on_sweep(self._returns.placed(place), lidar, self.cloud.stamp)
        self._unseen.on_sweep(self._tracker.standing, place[:2], self.cloud.stamp)
        self._tracked, self._movers = self.cloud.stamp, self._tracker.movers(self.cloud.stamp)

    def forget_movers(self) -> None:
        """Odom itself moved."""
        self._tracker, self._unseen, self._movers = MoverTracker(), Unseen(), []

    def obstacles(self, target: Target | None) -> Array | None:
        """(N, 2) m, newest sweep in odom without the returns of ``target``; None where it cannot be placed."""
        place = self._place()
        if self.cloud is None or place is None:
            return None
        points = transform_points(place, self._returns.solid)
        if target is None:
            return points
        return points[np.hypot(*(points - self._motion_of(target)[0]).T) > self.config.target_radius]

    def seen_from(self, pose: Array, stamp: float, target: Target | None, room: float) -> Around | None:
        """What is around a robot at a pose (3,) in odom at ``stamp`` (s), for the stop layer.

        All returns of the newest sweep and what stood behind the robot a moment ago, the target's among them with
        ``room`` (m) besides the usual margin and its own pace, and the bodies of those who walk, moved on to ``stamp``.
        None where odometry does not cover the sweep.
        """
        if self.cloud is None or not len(self._returns.solid):
            return Around.standing(np.zeros((0, 2)), np.zeros(0))
        place = self._place()
        if place is None:
            return None
        points = np.vstack([transform_points(relative(pose, place), self._returns.solid), self._unseen_from(pose)])
        around = Around.standing(points, np.full(len(points), self.config.stop_margin))
        if target is not None:
            now, velocity = self._motion_of(target)
            gaps = np.hypot(*(points - transform_points(inverse(pose), now)).T)
            is_target = gaps < self.config.target_radius
            around = with_target(around, is_target, room, _turned_into(pose, velocity), self.config)
        middles, velocities = self.bodies_from(pose, stamp, target)
        if not len(middles):
            return around
        return with_bodies(around, middles, velocities, BODY + self.config.body_margin, self.config)

    def _unseen_from(self, pose: Array) -> Array:
        """(N, 2) m from a pose (3,) in odom, what stood behind it a moment ago; nothing is where it is itself."""
        points = transform_points(inverse(pose), self._unseen.points)
        return points[(points[:, 0] < 0.0) & (gap_to_footprint(points, self.config) > 0.0)]

    def bodies_from(self, pose: Array, stamp: float, target: Target | None) -> tuple[Array, Array]:
        """Those who walk but the target: middles (K, 2) m at ``stamp`` and velocities (K, 2) m/s, from a pose (3,).

        Of steady and late velocity the one that brings them nearer.
        """
        walkers = self.walkers(target)
        if not walkers:
            return np.zeros((0, 2)), np.zeros((0, 2))
        middles = transform_points(inverse(pose), np.array([walker.at(stamp) for walker in walkers]))
        steady, late = (
            _turned_into(pose, np.array(velocities))
            for velocities in ([w.velocity for w in walkers], [w.late_velocity for w in walkers])
        )
        comes_nearer = np.sum((late - steady) * middles, axis=1) < 0.0
        return middles, np.where(comes_nearer[:, None], late, steady)

    def walkers(self, target: Target | None) -> list[Mover]:
        """Those who walk but the target, in the sweep last tracked."""
        theirs = None if target is None else self._mover_of(target)
        return [mover for mover in self._movers if mover is not theirs]

    def _mover_of(self, target: Target) -> Mover | None:
        """Whoever was nearest to where the target was seen, when it was seen there."""
        gaps = [float(np.hypot(*(mover.at(target.stamp) - target.place))) for mover in self._movers]
        if not gaps or min(gaps) > self.config.target_radius:
            return None
        return self._movers[int(np.argmin(gaps))]

    def _motion_of(self, target: Target) -> tuple[Array, Array]:
        """Place (2,) m and velocity (2,) m/s of the target in the sweep, in odom; who is not seen to walk stands."""
        mover = self._mover_of(target)
        return (target.place, np.zeros(2)) if mover is None else (mover.position, mover.velocity)

    def _place(self) -> Array | None:
        """(3,) pose in odom at the sweep's stamp."""
        if self.cloud is None:
            return None
        return self._poses.pose_at(self.cloud.stamp, slack=self.config.odometry_timeout)


def _turned_into(pose: Array, velocities: Array) -> Array:
    """Velocities (..., 2) in odom as seen in the frame of a pose (3,)."""
    return transform_points(np.array([0.0, 0.0, -pose[2]]), velocities)
