"""Watchdogs: every input must be there, fresh and sound, or the robot stops and says why."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

from go2_bridge.config import ControllerConfig
from track_common.interfaces import Decision
from track_common.types import STOP, Cloud, Odometry, TargetStatus, Trajectory, VelocityCommand


class ControlStatus(str, Enum):
    """What the controller does; the value is what operators read. Only ``STOPPED`` goes with a ``StopReason``."""

    FOLLOWING = "following"
    DOUBTING = "following slowly: the attitude of the odometry is not believed"
    RECOVERING = "the target is lost: the recovery drives"
    BRAKING = "an obstacle is in the way: braking"
    ESCAPING = "too near an obstacle: moving away from it"
    NO_WAY = "no way past the obstacles: turning only"
    STOPPED = "stopped"


class StopReason(str, Enum):
    """Why the robot must stand; the value is what operators read."""

    NOT_ARMED = "not armed: call the service enable"
    CLOCK = "the clock jumped or stands still"
    NO_ODOMETRY = "no odometry yet"
    STALE_ODOMETRY = "odometry is stale"
    FUTURE_ODOMETRY = "odometry is from the future"
    ODOMETRY_JUMP = "odometry jumped"
    BAD_ODOMETRY = "odometry is not finite"
    BAD_ATTITUDE = "the attitude says that the robot lies: check it and how its IMU is mounted"
    CONTRADICTION = "the odometry's velocity contradicts its poses"
    NO_CLOUD = "no LiDAR sweep yet"
    STALE_CLOUD = "the LiDAR sweep is stale"
    FUTURE_CLOUD = "the LiDAR sweep is from the future"
    BLIND_CLOUD = "the LiDAR sees nothing"
    NO_TRAJECTORY = "no trajectory yet"
    BAD_TRAJECTORY = "the trajectory is unsound"
    STALE_TRAJECTORY = "the planner is silent"
    OLD_IMAGE = "the trajectory's image is too old"
    FUTURE_IMAGE = "the trajectory is from the future"
    UNPLACED = "the odometry does not cover the image stamp"
    PLANNER_STOP = "the planner asks to stop"
    TARGET_LOST = "the target is lost"
    NO_INSTRUCTION = "nobody is to be followed: give an instruction"
    OBSTACLE = "an obstacle is in the way"
    BAND_BROKEN = "no way past the obstacles"
    BAD_COMMAND = "the command was not finite"
    SHUTDOWN = "shutting down"


STANDING_STATUS = {  # the planner's word on its target -> why the robot stands
    TargetStatus.LOST: StopReason.TARGET_LOST,
    TargetStatus.IDLE: StopReason.NO_INSTRUCTION,
}
STANDING = {  # status of a robot that may only turn or move away: why it stands where it can do neither
    ControlStatus.NO_WAY.value: StopReason.BAND_BROKEN,
    ControlStatus.ESCAPING.value: StopReason.OBSTACLE,
}


def stopped(reason: StopReason) -> Decision:
    """The stop for ``reason``."""
    return Decision(STOP, reason.value, ControlStatus.STOPPED.value)


def explained(command: VelocityCommand, decision: Decision) -> Decision:
    """``decision`` with the command that is really sent: it has a reason exactly where the robot must stand."""
    if command != STOP and decision.reason:
        return Decision(command, status=ControlStatus.BRAKING.value)
    if command == STOP and decision.status in STANDING:
        return stopped(STANDING[decision.status])
    return replace(decision, command=command)


@dataclass(frozen=True)
class Inputs:
    """Stamps (s) of the newest inputs, None where there was none; ``arrived`` = when the trajectory was first seen."""

    odometry: float | None = None
    cloud: float | None = None
    cloud_points: int = 0
    image: float | None = None
    arrived: float | None = None

    @classmethod
    def of(
        cls, odometry: Odometry | None, cloud: Cloud | None, trajectory: Trajectory | None, arrived: float | None
    ) -> Inputs:
        """Those of the newest messages."""
        return cls(
            odometry=None if odometry is None else odometry.stamp,
            cloud=None if cloud is None else cloud.stamp,
            cloud_points=0 if cloud is None else len(cloud.points_base),
            image=None if trajectory is None else trajectory.stamp,
            arrived=arrived,
        )


def check_inputs(inputs: Inputs, now: float, config: ControllerConfig) -> StopReason | None:
    """The first thing wrong with the inputs at ``now`` (s), None where the robot may move."""
    return (
        _check_odometry(inputs, now, config) or _check_cloud(inputs, now, config) or _check_image(inputs, now, config)
    )


def planner_stop(trajectory: Trajectory) -> StopReason | None:
    """Why the planner itself wants the robot to stand; None where its trajectory is to be followed."""
    if len(trajectory.poses_base) and trajectory.status.may_move:
        return None
    return STANDING_STATUS.get(trajectory.status, StopReason.PLANNER_STOP)


def _check_odometry(inputs: Inputs, now: float, config: ControllerConfig) -> StopReason | None:
    if inputs.odometry is None:
        return StopReason.NO_ODOMETRY
    if _is_future(inputs.odometry, now, config):
        return StopReason.FUTURE_ODOMETRY
    if now - inputs.odometry > config.odometry_timeout:
        return StopReason.STALE_ODOMETRY
    return None


def _check_cloud(inputs: Inputs, now: float, config: ControllerConfig) -> StopReason | None:
    if not config.require_cloud:
        return None
    if inputs.cloud is None:
        return StopReason.NO_CLOUD
    if _is_future(inputs.cloud, now, config):
        return StopReason.FUTURE_CLOUD
    if now - inputs.cloud > config.cloud_timeout:
        return StopReason.STALE_CLOUD
    if inputs.cloud_points < config.min_cloud_points:
        return StopReason.BLIND_CLOUD
    return None


def _check_image(inputs: Inputs, now: float, config: ControllerConfig) -> StopReason | None:
    if inputs.image is None or inputs.arrived is None:
        return StopReason.NO_TRAJECTORY
    if _is_future(inputs.image, now, config):
        return StopReason.FUTURE_IMAGE
    if now - inputs.image > config.max_age:
        return StopReason.OLD_IMAGE
    if now - inputs.arrived > config.trajectory_timeout:
        return StopReason.STALE_TRAJECTORY
    return None


def _is_future(stamp: float, now: float, config: ControllerConfig) -> bool:
    return not math.isfinite(stamp) or stamp - now > config.future_slack


class SilenceWatch:
    """Notices by a clock that cannot stop (monotonic) that messages stopped coming.

    Simulated time stands still when the simulator dies: no stamp ages, no timer fires; so arrivals are watched too.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._last: float | None = None

    def heard(self, monotonic: float) -> None:
        """A message came in."""
        self._last = monotonic

    def is_silent(self, monotonic: float) -> bool:
        """True where one came once and none for ``timeout`` seconds."""
        return self._last is not None and monotonic - self._last > self._timeout
