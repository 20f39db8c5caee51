"""Policy ``box_servo``: a box and the LiDAR returns in it -> Kalman filter -> trajectory that keeps a standoff.

Needs no pixels and no learning. Without LiDAR the range comes from the box alone (5-10 % at 2-4 m); without odometry
the robot's own motion is taken for the target's, so prediction lags: use it for a film, not for a robot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from track_common.config import ConfigError, setting, validate
from track_common.geometry import inverse, transform_points
from track_common.instruction import parse_instruction
from track_common.interfaces import Observation
from track_common.levelling import levelled
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, Cloud, Frame, TargetStatus, Trajectory
from trackvla_ros.closing_up import Sight, standoff_before_corners
from trackvla_ros.follow_trajectory import TIMES, Motion, follow, stand, turn
from trackvla_ros.searching import obstacles_beside, side_of, unclaimed_near
from trackvla_ros.target_filter import TargetState, predict, start, update
from trackvla_ros.target_range import ANIMALS, Measurement, Person, is_in_sight, measure
from trackvla_ros.target_watch import NEVER_SEEN, TargetWatchConfig, status_unseen
from trackvla_ros.trail import Trail, open_between

MAX_MISSES = 3  # looks in a row outside the gate before the filter believes them and starts anew
MAX_CLOUD_AGE = 0.3  # s between sweep and image; in that time a walker leaves its own box
THERE = 0.35  # m from where it should be; it is not, so the place is free
GLANCE = 1.0  # rad beside the way; half of a 90 degree view still covers the way
LOOK_AFTER = 3.0  # s on the way to where it should be; then the robot looks round from where it is
DISPROOF_TIME = 0.6  # s without a box in plain view; a tracker misses single frames
PLAIN_VIEW = 0.5  # rad off the middle of the image
WAY_ROOM = 0.3  # m from what stands there, of a line the robot can go straight; more than half its width and a margin
SIGHT_ROOM, PERSON_ROOM = 0.08, 0.25  # m from what stands there of a line of sight, and of one a person can walk
WATCH_TIME = 3.0  # s after coasting; somebody unclaimed near where the target should be is watched this long
CHEST = 1.0  # m above the floor: the height of Trajectory.target_base


@dataclass(frozen=True)
class BoxServoConfig(TargetWatchConfig):
    """How to follow, besides when a target counts as lost and what is known of people; all may change at run time."""

    standoff: float = setting(1.9, "distance kept from the target's axis to base_link", unit="m", low=0.8, high=4.0)
    hold_band: float = setting(
        0.15, "a robot on the move settles this near the standoff of a standing target", unit="m", low=0.0, high=1.0
    )
    rest_nearer: float = setting(
        0.2,
        "a robot at rest backs off where the target comes nearer than the standoff by this",
        unit="m",
        low=0.0,
        high=1.0,
    )
    rest_farther: float = setting(0.4, "and sets off where it stands farther by this", unit="m", low=0.0, high=1.0)
    gain: float = setting(1.2, "speed per metre of distance error", unit="1/s", low=0.1, high=4.0)
    max_speed: float = setting(1.8, "fastest the waypoints move", unit="m/s", low=0.0, high=3.0)
    max_reverse: float = setting(
        0.8, "fastest they back away from a target that comes near", unit="m/s", low=0.0, high=2.0
    )
    max_accel: float = setting(2.0, "how fast their pace changes", unit="m/s^2", low=0.1, high=10.0)
    max_decel: float = setting(4.0, "how fast their pace falls", unit="m/s^2", low=0.1, high=10.0)
    max_turn: float = setting(1.6, "how fast they turn", unit="rad/s", low=0.1, high=4.0)
    hidden_standoff: float = setting(
        1.0, "how near it goes to where a hidden target should be, to see round the corner", unit="m", low=0.5, high=4.0
    )
    near_standoff: float = setting(
        1.3,
        "distance kept where a corner is about to hide a slow target, more from a quick one",
        unit="m",
        low=0.8,
        high=4.0,
    )
    use_closing_up: bool = setting(True, "close up before corners and doorways, where there is a LiDAR")
    search_turn: float = setting(1.6, "how fast it then looks round", unit="rad/s", low=0.1, high=3.0)

    def check(self) -> None:
        """Standoff and band must leave the robot outside a person's reach."""
        if min(self.rest_nearer, self.rest_farther) < self.hold_band:
            raise ConfigError(
                f"rest_nearer {self.rest_nearer} m or rest_farther {self.rest_farther} m is under hold_band "
                f"{self.hold_band} m: the robot would set off again as soon as it has settled"
            )
        if self.standoff - self.rest_nearer < 0.7:
            raise ConfigError(
                f"standoff {self.standoff} m less rest_nearer {self.rest_nearer} m is under 0.7 m; people need room"
            )

    @property
    def motion(self) -> Motion:
        """The part the waypoint builder needs."""
        return Motion(
            standoff=self.standoff,
            hold_band=self.hold_band,
            rest_nearer=self.rest_nearer,
            rest_farther=self.rest_farther,
            gain=self.gain,
            max_speed=self.max_speed,
            max_reverse=self.max_reverse,
            max_accel=self.max_accel,
            max_decel=self.max_decel,
            max_turn=self.max_turn,
        )


class BoxServoPolicy:
    """Implements ``track_common.interfaces.Policy``; one target, state forgotten at ``reset``."""

    needs_image = False

    def __init__(self, config: BoxServoConfig | None = None) -> None:
        self.config = config or BoxServoConfig()
        validate(self.config)
        self.reset("")
        self._is_asked = True  # until a sentence says otherwise: whoever uses it as a part may have none

    def configure(self, config: BoxServoConfig) -> None:
        """Take new settings, or raise ConfigError; the target in view is kept."""
        validate(config)
        self.config = config

    def reset(self, instruction: str) -> None:
        """Forget the target; of the sentence only the target's kind counts here, for its size."""
        self._category = parse_instruction(instruction).target.category
        self._is_asked = bool(instruction.strip())
        self._poses = PoseBuffer()
        self._target: TargetState | None = None
        self._trail = Trail()
        self._seen = self._seen_whole = -math.inf
        self._is_hidden = self._is_gone = False
        self._side = 1.0  # where it went: +1 left, -1 right
        self._arrived: float | None = None

    def infer(self, observation: Observation, looked: Measurement | None = None) -> Trajectory:
        """Trajectory in base_link at the image stamp; stands still where the target was never seen or is given up.

        ``looked`` is a measurement of the target by somebody else, in place of the box's.
        """
        frame = observation.frame
        pose = self._pose(observation)
        observation = levelled(observation, self._poses)
        if self._target is not None:
            self._target = predict(self._target, min(frame.stamp, self._seen + self.config.coast_time))
        if (looked := looked or self._measure(observation)) is not None:
            self._update(looked, pose, frame.stamp)
        elif not self._is_gone:
            self._is_gone = self._is_disproved(observation, pose)
        return self._answer(observation, pose)

    def _is_disproved(self, observation: Observation, pose: Array) -> bool:
        """True where the target should stand in plain view but has not been seen for a while: it went elsewhere."""
        if self._target is None or observation.frame.stamp - self._seen < DISPROOF_TIME:
            return False
        points = self._points_at(observation.frame, observation.cloud)
        target = transform_points(inverse(pose), self._target.position)
        is_ahead = target[0] > 1.0 and abs(math.atan2(target[1], target[0])) < PLAIN_VIEW
        return points is not None and is_ahead and is_in_sight(points, target, -self.config.base_height)

    def _pose(self, observation: Observation) -> Array:
        """(3,) pose of base_link in odom at the image stamp, the origin where there is no odometry."""
        odometry = observation.odometry
        if odometry is None:
            return np.zeros(3)
        if not self._poses.push(odometry):
            self._target, self._trail = None, Trail()  # odom itself moved, so what was estimated in it is void
        pose = self._poses.pose_at(observation.frame.stamp)
        return odometry.pose if pose is None else pose

    def _measure(self, observation: Observation) -> Measurement | None:
        sighting = observation.sighting
        return None if sighting is None or sighting.box is None else self._measured(observation, sighting.box.xyxy)

    def _measured(self, observation: Observation, box_xyxy: Array) -> Measurement | None:
        """Where the person of a box (4,) stands; None where the camera is unknown or the box of no use."""
        frame = observation.frame
        if frame.camera is None:
            return None
        points = self._points_at(frame, observation.cloud)
        size = ANIMALS.get(self._category, Person(height=self.config.person_height, width=self.config.person_width))
        return measure(box_xyxy, frame.camera, points, size, -self.config.base_height)

    def _points_at(self, frame: Frame, cloud: Cloud | None) -> Array | None:
        """The sweep carried to base_link at the image stamp; None where it is too old or its place unknown."""
        if cloud is None or abs(cloud.stamp - frame.stamp) > MAX_CLOUD_AGE:
            return None
        if self._poses.newest is None:
            return cloud.points_base  # without any odometry the robot counts as standing
        return self._poses.carried(cloud.points_base, cloud.stamp, frame.stamp)

    def _update(self, looked: Measurement, pose: Array, stamp: float) -> None:
        """Correct the estimate; a sliver pulls it to the corner, so for a while prediction is trusted more."""
        self._seen, self._arrived, self._is_gone = stamp, None, False
        self._is_hidden = looked.is_hidden
        if not looked.is_doubtful:
            self._seen_whole = stamp
        elif self._target is not None and stamp - self._seen_whole < self.config.coast_time:
            return
        c, s = math.cos(pose[2]), math.sin(pose[2])
        rotation, position = np.array([[c, -s], [s, c]]), transform_points(pose, looked.position_base)
        covariance = rotation @ looked.covariance @ rotation.T
        if self._target is None or self._target.misses >= MAX_MISSES:
            self._target = start(position, covariance, stamp)
        else:
            self._target = update(self._target, position, covariance)

    def _answer(self, observation: Observation, pose: Array) -> Trajectory:
        stamp = observation.frame.stamp
        status, reason = self._status(stamp)
        if self._target is None or not status.may_move:
            return Trajectory(stamp, stand(), TIMES, status, reason=reason)
        target = transform_points(inverse(pose), self._target.position)
        velocity = transform_points(np.array([0.0, 0.0, -pose[2]]), self._target.velocity)
        if status is TargetStatus.TRACKED and not self._is_hidden:
            self._side = side_of(target, velocity)
        odometry = observation.odometry
        own = np.zeros(2) if odometry is None else np.array([odometry.vx, odometry.vy])
        others = self._others(observation, pose, self._target.position)
        way = self._way(others, pose, self._target.position)
        poses = self._poses_for(status, target, velocity, own, stamp, way, self._standoff(others, pose))
        if status is TargetStatus.SEARCHING and (person := self._unclaimed(observation, target)) is not None:
            poses = turn(math.atan2(person[1], person[0]), self.config.motion)
        place = np.array([*target, CHEST - self.config.base_height])
        return Trajectory(stamp, poses, TIMES, status, place, reason=reason)

    def _unclaimed(self, observation: Observation, target: Array) -> Array | None:
        """(2,) m in base_link, a person near where the target should be, whom it may be; None after ``WATCH_TIME``."""
        sighting, unseen = observation.sighting, observation.frame.stamp - self._seen
        if sighting is None or unseen > self.config.coast_time + WATCH_TIME:
            return None
        found = [self._measured(observation, box.xyxy) for box in sighting.others]
        return unclaimed_near([person.position_base for person in found if person is not None], target)

    def _others(self, observation: Observation, pose: Array, target: Array) -> Array | None:
        """(N, 2) m in odom, what stands there without the target's own points; None without a LiDAR."""
        points = self._points_at(observation.frame, observation.cloud)
        return None if points is None else obstacles_beside(target, points, pose, self.config.base_height)

    def _standoff(self, others: Array | None, pose: Array) -> float:
        """m to keep from a target in sight, less before corners and doorways."""
        keep, target = self.config.standoff, self._target
        if others is None or target is None or not self.config.use_closing_up:
            return keep
        sight = Sight(open_between(others, SIGHT_ROOM), open_between(others, PERSON_ROOM))
        nearest = min(self.config.near_standoff, keep)
        return standoff_before_corners(pose[:2], target.position, target.velocity, sight, keep, nearest)

    def _way(self, others: Array | None, pose: Array, target: Array) -> Array | None:
        """(M, 2) way in base_link over the target's footsteps; None where the straight line is open, or no LiDAR is."""
        if others is None:
            return None
        way = self._trail.way(pose[:2], target, open_between(others, WAY_ROOM))
        return transform_points(inverse(pose), way) if len(way) > 2 else None

    def _poses_for(
        self,
        status: TargetStatus,
        target: Array,
        velocity: Array,
        own: Array,
        stamp: float,
        way: Array | None,
        standoff: float,
    ) -> Array:
        """(H, 3) waypoints: follow what is seen; go and look where what is hidden should be; there, look round."""
        motion = self.config.motion
        if status is TargetStatus.TRACKED and not self._is_hidden:
            return follow(target, velocity, own, replace(motion, standoff=standoff), way)
        motion = replace(motion, standoff=min(self.config.hidden_standoff, motion.standoff), max_reverse=0.0)
        if status is not TargetStatus.SEARCHING:
            return follow(target, velocity, own, motion, way)
        return self._search(target, own, replace(motion, standoff=THERE), stamp, way)

    def _search(self, target: Array, own: Array, motion: Motion, stamp: float, way: Array | None) -> Array:
        """(H, 3) waypoints to where it should be, turning to the side it went; once there, all the way round."""
        look = replace(motion, max_turn=self.config.search_turn)
        is_late = stamp - self._seen > self.config.coast_time + LOOK_AFTER
        if self._arrived is None and (float(np.linalg.norm(target)) < THERE + 0.2 or is_late):
            self._arrived = stamp
        if self._arrived is not None:
            return turn(self._side * math.pi / 2, look)
        poses = follow(target, np.zeros(2), own, motion, way)
        poses[:, 2] = turn(math.atan2(target[1], target[0]) + self._side * GLANCE, look)[:, 2]
        return poses

    def _status(self, stamp: float) -> tuple[TargetStatus, str]:
        """What it believes about its target at ``stamp`` (s), and why."""
        if self._target is None:
            return (TargetStatus.LOST, NEVER_SEEN) if self._is_asked else (TargetStatus.IDLE, "no instruction")
        status, reason = status_unseen(stamp - self._seen, self.config.coast_time, self.config.search_time)
        if status is TargetStatus.COASTING and self._is_gone:
            return TargetStatus.SEARCHING, f"{reason}, and not where it should be"
        return status, reason
