"""The values that travel along image -> box -> trajectory -> command; all frozen, all stamped.

Units are SI, frames follow REP 103/105 (x forward, y left, z up; optical frames z forward, x right, y down).
A stamp is seconds of the sensor's clock as a float; nodes that must keep it exact copy the message header instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Camera:
    """Pinhole camera and where it sits on the robot.

    Attributes:
        width, height: image size, pixels.
        fx, fy, cx, cy: intrinsics, pixels.
        T_base_camera: (4, 4) takes points of the optical frame to base_link, metres.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    T_base_camera: Array = field(default_factory=lambda: camera_mount(0.3, 0.0, 0.4))

    @classmethod
    def from_hfov(cls, width: int, height: int, hfov: float, T_base_camera: Array | None = None) -> Camera:
        """Camera with square pixels and the principal point in the middle; hfov in radians, 0 < hfov < pi.

        Args:
            width, height: size of the image, px.
            hfov: horizontal field of view, rad, 0 < hfov < pi.
            T_base_camera: (4, 4) optical frame in base_link, m; None = 0.3 m ahead, 0.4 m up, level.
        """
        if not 0.0 < hfov < math.pi:
            raise ValueError(f"hfov {hfov} rad is outside 0..pi")
        focal = 0.5 * width / math.tan(0.5 * hfov)
        mount = camera_mount(0.3, 0.0, 0.4) if T_base_camera is None else T_base_camera
        return cls(width, height, focal, focal, 0.5 * width, 0.5 * height, mount)

    @property
    def hfov(self) -> float:
        """Horizontal field of view, radians."""
        return math.atan2(self.cx, self.fx) + math.atan2(self.width - self.cx, self.fx)


def camera_mount(x: float, y: float, z: float, pitch: float = 0.0) -> Array:
    """(4, 4) optical frame in base_link: at x, y, z (m), looking along +x, tilted up by ``pitch`` (rad).

    Args:
        x, y, z: position in base_link, m.
        pitch: tilt of the optical axis, rad; positive looks up.
    """
    c, s = math.cos(pitch), math.sin(pitch)
    mount = np.eye(4)
    mount[:3, 0] = (0.0, -1.0, 0.0)  # image right is robot right
    mount[:3, 1] = (s, 0.0, -c)  # image down
    mount[:3, 2] = (c, 0.0, s)  # optical axis
    mount[:3, 3] = (x, y, z)
    return mount


@dataclass(frozen=True, eq=False)
class Frame:
    """One camera frame: rgb uint8 (H, W, 3), its stamp (s) and its camera (None where no camera_info is known)."""

    rgb: NDArray[np.uint8]
    stamp: float
    camera: Camera | None = None


@dataclass(frozen=True, eq=False)
class Box:
    """A box in pixels of its image: corners x0, y0, x1, y1; score in 0..1; label is a class or a track id."""

    xyxy: Array  # (4,)
    score: float = 1.0
    label: str = ""


@dataclass(frozen=True, eq=False)
class Sighting:
    """What a tracker saw in the image of ``stamp``: the target's box (None = lost) and the other candidates."""

    stamp: float
    box: Box | None
    others: tuple[Box, ...] = ()


@dataclass(frozen=True, eq=False)
class Cloud:
    """LiDAR returns: points_base (N, 3) in base_link at ``stamp``, metres; N = 0 means nothing was hit.

    ``times`` (N,) are seconds after ``stamp`` at which each was measured, in base_link as it was then
    (``track_common.deskew`` undoes that); None where the driver does not say. ``origin_base`` (3,) is where the LiDAR
    sits, metres.
    """

    points_base: Array
    stamp: float
    times: Array | None = None
    origin_base: Array = field(default_factory=lambda: np.zeros(3))


@dataclass(frozen=True)
class Odometry:
    """Pose of base_link in odom (x, y in m, yaw in rad) and body velocity (m/s, m/s, rad/s) at ``stamp``.

    ``z`` (m) is the height in odom, ``roll`` and ``pitch`` (rad, rotations about x and y in the order yaw, pitch, roll)
    the attitude against gravity; all 0 where the odometry is planar.
    """

    stamp: float
    x: float
    y: float
    yaw: float
    vx: float = 0.0
    vy: float = 0.0
    wz: float = 0.0
    z: float = 0.0
    roll: float = 0.0
    pitch: float = 0.0

    @property
    def pose(self) -> Array:
        """(3,) x, y, yaw."""
        return np.array([self.x, self.y, self.yaw])


class TargetStatus(str, Enum):
    """What a policy believes about its target; in the last three the robot stands."""

    TRACKED = "tracked"
    COASTING = "coasting"  # not seen now, prediction still trusted
    SEARCHING = "searching"  # turning to where it was last seen
    LOST = "lost"  # never seen, or out of sight for too long: the recovery may look for it
    STOPPED = "stopped"  # the policy wants to stand, or its answer cannot be used
    IDLE = "idle"  # no instruction: nobody is to be followed

    @property
    def may_move(self) -> bool:
        """True where the policy's trajectory is to be followed."""
        return self in (TargetStatus.TRACKED, TargetStatus.COASTING, TargetStatus.SEARCHING)


@dataclass(frozen=True, eq=False)
class TargetReport:
    """What a policy says of its target beside the trajectory made from the image of ``stamp``.

    Attributes:
        stamp: of the image, s.
        status: what the policy believes.
        reason: why, in words for the operator; "" where the status says it all.
        position_base: (3,) x, y, z of the target in base_link at ``stamp``, metres; None where it is not known.
    """

    stamp: float
    status: TargetStatus
    reason: str = ""
    position_base: Array | None = None


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where the robot shall be: poses_base (H, 3) x, y, yaw in base_link **at the image stamp**.

    Attributes:
        stamp: stamp of the image it was made from, s.
        times: (H,) seconds after ``stamp`` of each pose, rising.
        status: what the policy believes about the target.
        target_base: (3,) x, y, z of the target in base_link at ``stamp`` or None; the controller masks its points.
        reason: why the status is what it is, in words; "" where it says all.
        candidates_base: (K, H, 3) all anchors the policy weighed, scores (K,); both empty where it weighs none.
    """

    stamp: float
    poses_base: Array
    times: Array
    status: TargetStatus = TargetStatus.TRACKED
    target_base: Array | None = None
    candidates_base: Array = field(default_factory=lambda: np.zeros((0, 0, 3)))
    scores: Array = field(default_factory=lambda: np.zeros(0))
    reason: str = ""

    @property
    def target(self) -> TargetReport:
        """What it says of its target."""
        return TargetReport(self.stamp, self.status, self.reason, self.target_base)


@dataclass(frozen=True)
class VelocityCommand:
    """Body velocity asked of the robot: vx, vy m/s, wz rad/s."""

    vx: float = 0.0
    vy: float = 0.0
    wz: float = 0.0

    @property
    def is_stop(self) -> bool:
        """True where every component is exactly zero."""
        return self.vx == 0.0 and self.vy == 0.0 and self.wz == 0.0


STOP = VelocityCommand()
