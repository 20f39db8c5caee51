"""Settings of the simulated place and of the robot's sensors; the defaults are a GO2 indoors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from track_common.config import setting
from track_common.types import Array, Camera, camera_mount


@dataclass(frozen=True)
class CameraConfig:
    """Colour camera: EVT-Bench's 640x480 at 90 degrees (reference/trackvla.md §2.1), at a GO2's height."""

    width: int = setting(640, "image width", unit="px", low=32, high=1920, runtime=False)
    height: int = setting(480, "image height", unit="px", low=32, high=1080, runtime=False)
    hfov_deg: float = setting(90.0, "horizontal field of view", unit="deg", low=30.0, high=120.0, runtime=False)
    x: float = setting(0.30, "lens ahead of base_link", unit="m", low=-0.5, high=1.0, runtime=False)
    z: float = setting(0.45, "lens above the floor", unit="m", low=0.1, high=2.0, runtime=False)
    pitch_deg: float = setting(10.0, "tilt upwards", unit="deg", low=-30.0, high=45.0, runtime=False)
    noise: float = setting(2.0, "standard deviation of pixel noise, of 255", low=0.0, high=50.0)
    exposure: float = setting(
        0.0, "shutter time: what turns meanwhile is blurred; 0 = sharp, indoors 0.01-0.03", unit="s", low=0.0, high=0.1
    )

    def camera(self) -> Camera:
        """Intrinsics and mount."""
        mount = camera_mount(self.x, 0.0, self.z, math.radians(self.pitch_deg))
        return Camera.from_hfov(self.width, self.height, math.radians(self.hfov_deg), mount)


@dataclass(frozen=True)
class LidarConfig:
    """A GO2's own L1: a dome under the chin, looking down and ahead (reference/go2.md §1.1 and §1.4)."""

    points: int = setting(4200, "rays a sweep; a GO2 sends about 4170 points", low=1, high=50000, runtime=False)
    x: float = setting(0.289, "ahead of base_link", unit="m", low=-1.0, high=1.0, runtime=False)
    z: float = setting(0.263, "above the floor (0.31 - 0.047)", unit="m", low=0.0, high=2.0, runtime=False)
    tilt: float = setting(2.8782, "pitch of the dome's axis from straight up", unit="rad", runtime=False)
    min_elevation: float = setting(0.0, "lowest ray over the dome's rim", unit="rad", low=-1.6, high=1.6, runtime=False)
    max_elevation: float = setting(
        0.5 * math.pi, "highest ray over the dome's rim", unit="rad", low=-1.6, high=1.6, runtime=False
    )
    min_range: float = setting(0.05, "blind zone", unit="m", low=0.0, high=1.0)
    max_range: float = setting(20.0, "no return beyond", unit="m", low=1.0, high=100.0)
    noise: float = setting(0.02, "standard deviation of a range", unit="m", low=0.0, high=0.5)
    dropout: float = setting(0.03, "share of returns lost", low=0.0, high=1.0)

    def mount(self) -> Array:
        """(4, 4) lidar frame in base_link."""
        c, s = math.cos(self.tilt), math.sin(self.tilt)
        mount = np.eye(4)
        mount[:3, :3] = [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]
        mount[:3, 3] = (self.x, 0.0, self.z)
        return mount


# A Mid-360 upright on a GO2's back, where go2_bridge's mounts put it: -7 to 52 degrees, 200,000 points a second
# (reference/go2.md §1.4), at 15 sweeps a second. It sees the floor from 3.5 m on.
MID360 = LidarConfig(
    points=13_300,
    x=0.20,
    z=0.43,
    tilt=0.0,
    min_elevation=math.radians(-7.0),
    max_elevation=math.radians(52.0),
    min_range=0.1,
    max_range=40.0,
)
LIDARS = {"l1": LidarConfig(), "mid360": MID360}


@dataclass(frozen=True)
class OdometryConfig:
    """Leg odometry and its drift; all zero is the truth."""

    drift: float = setting(0.0, "position drift per metre walked", low=0.0, high=0.5)
    yaw_drift: float = setting(0.0, "heading drift per metre walked", unit="rad/m", low=0.0, high=0.5)


@dataclass(frozen=True)
class StepConfig:
    """Time steps and the sizes that count as contact."""

    dt: float = setting(
        1.0 / 60.0,
        "step of robot, people and odometry: 2 to an image at 30 Hz, 4 to a sweep at 15 Hz, 6 to a step of the rules",
        unit="s",
        low=0.001,
        high=0.1,
        runtime=False,
    )
    robot_half_length: float = setting(0.20, "middle of the trunk to the end circles", unit="m", low=0.0, high=1.0)
    robot_radius: float = setting(0.16, "half width; GO2 is 0.70 x 0.31 m", unit="m", low=0.05, high=1.0)
    person_radius: float = setting(0.25, "of a person's trunk and swinging arms", unit="m", low=0.1, high=1.0)
