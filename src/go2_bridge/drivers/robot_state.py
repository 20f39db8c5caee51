"""What the robot says of itself, and whether that means it may walk."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from go2_bridge.drivers.config import BridgeConfig, numbers
from track_common.pose_buffer import is_jump
from track_common.types import Odometry

SPEED_SPAN = 0.1  # s over which poses are differenced; the vendor does not say in which frame its velocity is


@dataclass(frozen=True)
class RobotState:
    """Of a SportModeState: stamp (s, robot's clock), state machine, pose in the robot's odom (m, rad)."""

    stamp: float
    error_code: int
    mode: int
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0


@dataclass(frozen=True)
class Health:
    """Of a LowState: charge (%) and the hottest motor (degC)."""

    battery: float
    motor_temperature: float


def is_ready(state: RobotState, config: BridgeConfig) -> bool:
    """True where the robot stands and would obey a Move.

    Since firmware 1.1.6 ``error_code`` holds the state machine; before it is 0 and ``mode`` tells. A sport service that
    is off sends zeros, which are not ready either way.
    """
    if state.error_code == 0:
        return state.mode in numbers(config.ready_modes, "ready_modes")
    return state.error_code in numbers(config.ready_states, "ready_states")


class PoseOdometry:
    """Odometry from the robot's poses, its velocity by their difference over ``SPEED_SPAN``.

    So for the sport state and for the robot's odometry topic: of neither does the vendor say in which frame its
    velocity is, and a controller that takes one of odom for one of base_link turns the wrong way. A pose that jumped
    has no velocity: its readers see the jump by the pose, and a difference across it would be no robot's.
    """

    def __init__(self) -> None:
        self._past: deque[Odometry] = deque()

    def update(self, stamp: float, x: float, y: float, yaw: float) -> Odometry | None:
        """Odometry at ``stamp`` (s, our clock) of a pose in odom (m, rad); None where the pose is not finite."""
        if not all(math.isfinite(v) for v in (x, y, yaw)):
            return None
        now = Odometry(stamp, x, y, yaw)
        if self._past and (stamp <= self._past[-1].stamp or is_jump(self._past[-1], now)):
            self._past.clear()
        self._past.append(now)
        while len(self._past) > 2 and stamp - self._past[1].stamp >= SPEED_SPAN:
            self._past.popleft()
        return Odometry(stamp, x, y, yaw, *self._velocity(self._past[0], now))

    @staticmethod
    def _velocity(before: Odometry, after: Odometry) -> tuple[float, float, float]:
        """In the body frame at ``after``."""
        span = after.stamp - before.stamp
        if span <= 0.0:
            return 0.0, 0.0, 0.0
        vx, vy = (after.x - before.x) / span, (after.y - before.y) / span
        turn = math.remainder(after.yaw - before.yaw, math.tau)
        c, s = math.cos(after.yaw), math.sin(after.yaw)
        return c * vx + s * vy, c * vy - s * vx, turn / span
