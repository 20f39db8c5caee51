"""Whether the odometry's attitude can be believed, so that clouds may be levelled by it.

An IMU that is mounted another way than it says, or stands still, tilts the floor into the obstacles. The floor itself
tells: the plane seen by the LiDAR must be no less level after levelling than before.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.safety.floor import floor_plane
from track_common.levelling import MAX_LEAN, rotation_from_lean
from track_common.types import Array, VelocityCommand

TRUNK_HEIGHT = 0.1  # m; a base_link higher than this lies on the body, which leans
FROZEN_TIME = 1.5  # s for which the attitude of a robot that walks may stay the same to the last bit
MOVING = 0.15  # m/s; a robot that stands keeps its attitude
CHECK_TILT = 0.2  # rad of lean a floor plane is looked for
WORSE, SLACK = 1.1, 0.003  # a floor this much less level after levelling, plus rad, contradicts the attitude
MEMORY = 1.5  # s over which the floor is judged
JUDGED = 1.0  # s of floor planes before anything is said
MAX_SHIFT = 0.15  # m by which base_link may be higher or lower than configured: a robot that crouches, a wrong setting
SHIFTED = 0.05  # m; a gait's own heave is 0.02
TOLERANCE = 0.1  # rad of lean allowed where the attitude is not believed


class AttitudeMonitor:
    """Sees each cloud with the lean the odometry gives for it; ``lean`` is what to level by."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None
        self._stamp: float | None = None
        self._same_for = self._without_for = 0.0  # s of walking with the same attitude, without any
        self._slopes = np.zeros(2)  # rad, mean slope of the floor before and after levelling
        self._shift = 0.0  # m, mean height of the floor over where base_height says it is
        self._judged_for = 0.0
        self.is_lying = self.is_contradicted = False

    @property
    def is_frozen(self) -> bool:
        """True where the attitude has not changed while the robot walked."""
        return self._same_for > FROZEN_TIME

    @property
    def is_missing(self) -> bool:
        """True where the odometry of a robot that has walked a while gives no attitude: it is planar."""
        return self._without_for > FROZEN_TIME

    @property
    def is_trusted(self) -> bool:
        """True where clouds may be levelled."""
        return not (self.is_lying or self.is_frozen or self.is_contradicted)

    @property
    def shift(self) -> float:
        """Height (m) of the floor over where ``base_height`` says it is; 0 where both agree, or nothing is sure."""
        return self._shift if self._judged_for > JUDGED and abs(self._shift) > SHIFTED else 0.0

    def floor_config(self, config: ControllerConfig) -> ControllerConfig:
        """The settings to find the floor by.

        ``base_height`` is the one that was seen, and a floor may lean by ``TOLERANCE`` where clouds are not levelled.
        """
        if self.shift != 0.0:
            config = replace(config, base_height=max(config.base_height - self.shift, 0.0))
        if self.is_trusted or config.max_floor_tilt >= TOLERANCE:
            return config
        return replace(config, max_floor_tilt=TOLERANCE)

    def slowed(self, velocity: VelocityCommand, config: ControllerConfig) -> VelocityCommand:
        """A true body velocity at no more than ``doubt_speed`` where the attitude is not believed: the floor may be
        taken for an obstacle, or an obstacle for the floor, until the robot is near."""
        speed = math.hypot(velocity.vx, velocity.vy)
        if self.is_trusted or speed <= config.doubt_speed:
            return velocity
        share = config.doubt_speed / speed
        return replace(velocity, vx=share * velocity.vx, vy=share * velocity.vy)

    def warning(self, config: ControllerConfig) -> str:
        """What to tell the operator, empty where all is well."""
        if self.is_frozen:
            return "the odometry's attitude stands still: check the IMU; the floor is tolerated, not levelled"
        if self.is_contradicted:
            return "the odometry's attitude contradicts the floor: check how the IMU is mounted"
        if self.shift != 0.0:
            return (
                f"base_link is {config.base_height - self.shift:.2f} m above the floor, base_height says "
                f"{config.base_height} m: the floor that the LiDAR shows counts; set base_height"
            )
        if self.is_missing and config.base_height > TRUNK_HEIGHT and config.max_floor_tilt == 0.0:
            return (
                f"base_link is {config.base_height} m above the floor, the odometry gives no attitude and "
                f"max_floor_tilt is 0: the floor may count as an obstacle; set max_floor_tilt to {TOLERANCE}"
            )
        return ""

    def lean(
        self, points_base: Array, lean: tuple[float, float], speed: float, stamp: float, config: ControllerConfig
    ) -> tuple[float, float]:
        """Roll and pitch (rad) to level a cloud by, 0 where the odometry's are not believed.

        Args:
            points_base: (N, 3) m, finite, before levelling.
            lean: roll and pitch at the cloud's stamp as the odometry says.
            speed: m/s of the robot.
            stamp: s.
            config: base_height; ``use_attitude`` False answers 0.
        """
        if not config.use_attitude:
            return (0.0, 0.0)
        elapsed = 0.0 if self._stamp is None else min(max(stamp - self._stamp, 0.0), 0.5)
        self._stamp = stamp
        self._count_time(lean, speed, elapsed)
        self.is_lying = max(abs(lean[0]), abs(lean[1])) > MAX_LEAN
        if lean != (0.0, 0.0) and not self.is_lying:
            self._judge(points_base, lean, elapsed, config)
        return lean if self.is_trusted else (0.0, 0.0)

    def _count_time(self, lean: tuple[float, float], speed: float, elapsed: float) -> None:
        is_given, is_same = lean != (0.0, 0.0), lean == self._last
        self._last = lean
        if speed > MOVING:
            self._same_for = self._same_for + elapsed if is_given and is_same else 0.0
            self._without_for = 0.0 if is_given else self._without_for + elapsed

    def _judge(self, points: Array, lean: tuple[float, float], elapsed: float, config: ControllerConfig) -> None:
        """Compare the floor's slope before and after levelling; a floor that cannot be seen says nothing."""
        rotation = rotation_from_lean(*lean)
        plane = floor_plane(points @ rotation.T.astype(points.dtype), config.base_height, CHECK_TILT, MAX_SHIFT)
        if plane is None:
            return
        normal = np.array([-plane[1], -plane[2], 1.0])
        before = rotation.T @ normal
        slopes = [math.atan2(math.hypot(n[0], n[1]), n[2]) for n in (before, normal)]
        share = elapsed / MEMORY if self._judged_for > 0.0 else 1.0
        self._slopes = self._slopes + min(share, 1.0) * (slopes - self._slopes)
        self._shift += min(share, 1.0) * (float(plane[0]) - self._shift)
        self._judged_for += elapsed
        is_worse = float(self._slopes[1]) > WORSE * float(self._slopes[0]) + SLACK
        self.is_contradicted = is_worse if self._judged_for > JUDGED else self.is_contradicted
