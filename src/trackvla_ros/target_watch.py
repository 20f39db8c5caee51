"""Where the target is and whether it is in view, for policies that say only where to go: the tracker's box and LiDAR.

A network answers images with waypoints. Without the target's position the controller takes the followed person for an
obstacle, and without a word of a target out of sight the recovery never begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from track_common.config import setting, validate
from track_common.frame_ids import base_height_setting
from track_common.geometry import inverse, transform_points
from track_common.instruction import parse_instruction
from track_common.interfaces import Observation
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, TargetStatus, Trajectory
from trackvla_ros.target_filter import TargetState, predict, start, update
from trackvla_ros.target_range import ANIMALS, Person, measure

MAX_CLOUD_AGE = 0.3  # s between scan and image; in that time a walker leaves its own box
MAX_SIGHTING_AGE = 0.5  # s; an older box says nothing of this image
MAX_MISSES = 3  # measurements in a row outside the gate, after which the filter starts anew
NEVER_SEEN = "not seen yet"  # reason of a lost target that the tracker has not found since the instruction
CHEST = 1.0  # m above the floor: the height of ``Trajectory.target_base``


@dataclass(frozen=True)
class TargetWatchConfig:
    """When a target that the tracker does not see counts as lost, and what is known of people."""

    coast_time: float = setting(
        1.2, "without a box the last motion is continued this long", unit="s", low=0.0, high=5.0
    )
    search_time: float = setting(
        9.0, "then the policy may look for the target this long before it counts as lost", unit="s", low=0.0, high=60.0
    )
    person_height: float = setting(1.70, "expected height of the target", unit="m", low=0.5, high=2.3)
    person_width: float = setting(0.50, "expected width of the target", unit="m", low=0.2, high=1.0)
    base_height: float = base_height_setting()


def status_unseen(unseen: float, coast_time: float, search_time: float) -> tuple[TargetStatus, str]:
    """Status and reason of a target not seen for ``unseen`` s; times in s."""
    if unseen <= 1e-6:
        return TargetStatus.TRACKED, ""
    reason = f"out of sight for {unseen:.1f} s"
    if unseen <= coast_time:
        return TargetStatus.COASTING, reason
    return (TargetStatus.SEARCHING if unseen <= coast_time + search_time else TargetStatus.LOST), reason


class TargetWatch:
    """Follows the target's position in odom from box to box; needs odometry where the robot moves."""

    def __init__(self, config: TargetWatchConfig | None = None) -> None:
        self.config = config or TargetWatchConfig()
        validate(self.config)
        self.reset()

    def reset(self, instruction: str = "") -> None:
        """Another target; of the sentence only its kind counts here, for its size."""
        self._category = parse_instruction(instruction).target.category
        self._poses = PoseBuffer()
        self._target: TargetState | None = None
        self._seen = -math.inf  # stamp (s) of the last image with a box
        self._looked = -math.inf  # stamp (s) of the newest box message taken in

    def completed(self, trajectory: Trajectory, observation: Observation) -> Trajectory:
        """The trajectory with target and status filled in where the policy leaves them open.

        A policy that gives the target's position knows its status too. Of another, "tracked" means only that it wants
        to move: it becomes coasting, searching or lost by the time since the tracker's last box, once there was one.
        Without a tracker, or before the first box, the policy's word holds.
        """
        pose, stamp = self._look(observation), observation.frame.stamp
        if trajectory.target_base is not None:
            self._seen = stamp
            return trajectory
        if not math.isfinite(self._seen):
            return trajectory
        status, reason = trajectory.status, trajectory.reason
        by_time, since = status_unseen(stamp - self._seen, self.config.coast_time, self.config.search_time)
        if status is TargetStatus.TRACKED or (status.may_move and by_time is TargetStatus.LOST):
            status, reason = by_time, since
        if not status.may_move:
            return replace(trajectory, status=status, reason=reason)
        return replace(trajectory, status=status, reason=reason, target_base=self._position_base(pose, stamp))

    def _position_base(self, pose: Array, stamp: float) -> Array | None:
        """(3,) target in base_link at ``stamp``; None where it was last seen too long ago to be predicted."""
        if self._target is None or stamp - self._seen > self.config.coast_time:
            return None
        x, y = transform_points(inverse(pose), predict(self._target, stamp).position)
        return np.array([x, y, CHEST - self.config.base_height])

    def _look(self, observation: Observation) -> Array:
        """Take odometry and box in; the pose (3,) in odom at the image stamp, the origin where there is no odometry."""
        stamp, odometry, sighting = observation.frame.stamp, observation.odometry, observation.sighting
        if odometry is not None and not self._poses.push(odometry):
            self._target = None  # odom itself moved, so what was estimated in it is void
        pose = np.zeros(3) if odometry is None else odometry.pose
        if sighting is None or abs(stamp - sighting.stamp) > MAX_SIGHTING_AGE:
            return pose
        if sighting.box is not None and sighting.stamp != self._looked:
            self._take(observation, sighting.box.xyxy, self._pose_at(sighting.stamp, observation))
        self._looked = sighting.stamp
        if sighting.box is not None:
            self._seen = stamp
        return pose

    def _pose_at(self, stamp: float, observation: Observation) -> Array | None:
        """(3,) pose at a box's stamp, which may be an earlier image's; None where it is not known."""
        if observation.odometry is None:
            return np.zeros(3)
        if stamp == observation.frame.stamp:
            return observation.odometry.pose
        return self._poses.pose_at(stamp)

    def _take(self, observation: Observation, box_xyxy: Array, pose: Array | None) -> None:
        """Measure the person in the box at its stamp and correct the estimate."""
        camera, sighting, cloud = observation.frame.camera, observation.sighting, observation.cloud
        if camera is None or sighting is None or pose is None:
            return
        person = Person(height=self.config.person_height, width=self.config.person_width)
        points = None
        if cloud is not None and abs(cloud.stamp - sighting.stamp) <= MAX_CLOUD_AGE:
            points = self._poses.carried(cloud.points_base, cloud.stamp, sighting.stamp)
        size = ANIMALS.get(self._category, person)
        measurement = measure(box_xyxy, camera, points, size, -self.config.base_height)
        if measurement is None:
            return
        c, s = math.cos(pose[2]), math.sin(pose[2])
        rotation = np.array([[c, -s], [s, c]])
        position = transform_points(pose, measurement.position_base)
        covariance = rotation @ measurement.covariance @ rotation.T
        if self._target is None or self._target.misses >= MAX_MISSES:
            self._target = start(position, covariance, sighting.stamp)
        else:
            self._target = update(predict(self._target, sighting.stamp), position, covariance)
