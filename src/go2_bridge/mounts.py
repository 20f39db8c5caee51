"""Where sensors sit on the robot, as settings: one block a sensor in config/robots/*.yaml under ``robot_state``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from track_common.config import setting
from track_common.types import Array


@dataclass(frozen=True)
class MountConfig:
    """A sensor's frame in base_link: first yaw, then pitch, then roll, as in URDF and static_transform_publisher."""

    enabled: bool = setting(True, "publish it", runtime=False)
    frame_id: str = setting("", "the sensor's own frame", runtime=False)
    x: float = setting(0.0, "ahead of base_link", unit="m", low=-2.0, high=2.0, runtime=False)
    y: float = setting(0.0, "left of it", unit="m", low=-2.0, high=2.0, runtime=False)
    z: float = setting(0.0, "above it", unit="m", low=-2.0, high=2.0, runtime=False)
    roll: float = setting(0.0, "about x", unit="rad", low=-3.15, high=3.15, runtime=False)
    pitch: float = setting(0.0, "about y; negative looks up", unit="rad", low=-3.15, high=3.15, runtime=False)
    yaw: float = setting(0.0, "about z", unit="rad", low=-3.15, high=3.15, runtime=False)

    @property
    def matrix(self) -> Array:
        """(4, 4) takes points of the sensor's frame to base_link, m."""
        mount = np.eye(4)
        mount[:3, :3] = Rotation.from_euler("ZYX", (self.yaw, self.pitch, self.roll)).as_matrix()
        mount[:3, 3] = (self.x, self.y, self.z)
        return mount


# A GO2: base_link 0.31 m above the floor (its own odometry). L1: its URDF, as several public stacks use it (read 2026).
# Camera: a D455 on the head, tilted up by 11 degrees so that a face is in view from 1.3 m; its driver publishes what is
# below camera_link. Mid-360: no two are mounted alike, so it is off until it has been measured.
MOUNTS = {
    "camera": MountConfig(frame_id="camera_link", x=0.33, z=0.15, pitch=-0.20),
    "l1": MountConfig(frame_id="utlidar_lidar", x=0.28945, z=-0.046825, pitch=2.8782),
    "mid360": MountConfig(enabled=False, frame_id="livox_frame", x=0.20, z=0.12),
}
