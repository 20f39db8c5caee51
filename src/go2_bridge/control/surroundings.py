"""What the LiDAR shows around the robot: the newest sweep for the stop layer, and who walks there for both layers."""

from __future__ import annotations

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.control.movers import BODY, Mover, MoverTracker
from go2_bridge.control.obstacles import thinned
from go2_bridge.safety.stop_zone import Around, solid_points, sound_points, with_bodies
from track_common.deskew import deskewed
from track_common.geometry import inverse, relative, transform_points
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, Cloud

STOP_VOXEL = 0.02  # m; the stop layer loses no more than the LiDAR's own noise


class Surroundings:
    """Sweeps in, obstacles out; ``poses`` is the odometry that places them."""

    def __init__(self, config: ControllerConfig, poses: PoseBuffer) -> None:
        self.config = config
        self._poses = poses
        self.cloud: Cloud | None = None
        self._solid = np.zeros((0, 2))
        self._tracker = MoverTracker()
        self._tracked: float | None = None
        self._movers: list[Mover] = []  # in the sweep of ``_tracked``

    def on_cloud(self, cloud: Cloud) -> None:
        """Newest sweep in base_link, made straight by odometry; returns not finite or zero do not count."""
        cloud = deskewed(cloud, self._poses)
        self.cloud = Cloud(sound_points(cloud.points_base), cloud.stamp)
        self._solid = thinned(solid_points(self.cloud.points_base, self.config)[:, :2], STOP_VOXEL)

    def forget_movers(self) -> None:
        """Odom itself moved."""
        self._tracker, self._movers = MoverTracker(), []

    def obstacles(self, target: Array | None) -> Array | None:
        """(N, 2) newest sweep in odom without the returns of ``target`` (2,), m; None where it cannot be placed."""
        place = self._place()
        if self.cloud is None or place is None:
            return None
        points = transform_points(place, self._solid)
        if target is None:
            return points
        return points[np.hypot(points[:, 0] - target[0], points[:, 1] - target[1]) > self.config.target_radius]

    def seen_from(self, pose: Array, stamp: float, target: Array | None, room: float) -> Around | None:
        """What is around a robot at a pose (3,) in odom at ``stamp`` (s), for the stop layer.

        All returns of the newest sweep, the target's among them with ``room`` (m) besides the usual margin, and the
        bodies of those who walk, moved on to ``stamp``. None where odometry does not cover the sweep.
        """
        if self.cloud is None or not len(self._solid):
            return Around.standing(np.zeros((0, 2)), np.zeros(0))
        place = self._place()
        if place is None:
            return None
        points = transform_points(relative(pose, place), self._solid)
        margins = np.full(len(points), self.config.stop_margin)
        if target is not None:
            x, y = transform_points(inverse(pose), target)
            margins[np.hypot(points[:, 0] - x, points[:, 1] - y) < self.config.target_radius] += room
        around = Around.standing(points, margins)
        middles, velocities = self.bodies_from(pose, stamp, target)
        if not len(middles):
            return around
        return with_bodies(around, middles, velocities, BODY + self.config.body_margin, self.config)

    def bodies_from(self, pose: Array, stamp: float, target: Array | None) -> tuple[Array, Array]:
        """Those who walk but the target: middles (K, 2) m at ``stamp`` and velocities (K, 2) m/s, from a pose (3,)."""
        walkers = self.walkers(target)
        if not walkers:
            return np.zeros((0, 2)), np.zeros((0, 2))
        middles = transform_points(inverse(pose), np.array([walker.at(stamp) for walker in walkers]))
        turn = np.array([0.0, 0.0, -pose[2]])
        return middles, transform_points(turn, np.array([walker.velocity for walker in walkers]))

    def walkers(self, target: Array | None) -> list[Mover]:
        """Those who walk but the target, (2,) in odom; each sweep is looked at once."""
        place = self._place()
        if self.cloud is None or place is None:
            return []
        if self._tracked != self.cloud.stamp:
            self._tracker.on_sweep(transform_points(place, self._solid), place[:2], self.cloud.stamp)
            self._tracked, self._movers = self.cloud.stamp, self._tracker.movers(self.cloud.stamp)
        if target is None:
            return self._movers
        return [mover for mover in self._movers if np.hypot(*(mover.position - target)) > self.config.target_radius]

    def _place(self) -> Array | None:
        """(3,) pose in odom at the sweep's stamp."""
        if self.cloud is None:
            return None
        return self._poses.pose_at(self.cloud.stamp, slack=self.config.odometry_timeout)
