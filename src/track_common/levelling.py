"""A trunk that leans, made level: clouds and cameras turned by the roll and pitch of the odometry.

Afterwards z is up and the floor is level; x stays the robot's heading (REP 120 calls such a frame base_footprint where
its origin lies on the floor; here the origin stays base_link's).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from track_common.interfaces import Observation
from track_common.pose_buffer import PoseBuffer
from track_common.types import Array, Camera, Cloud

MAX_LEAN = 0.5  # rad; no gait leans more: the robot lies, or its IMU is mounted another way than it says


def rotation_from_lean(roll: float, pitch: float) -> Array:
    """(3, 3) that takes vectors of base_link to the level frame with the same heading."""
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    return np.array([[cp, sp * sr, sp * cr], [0.0, cr, -sr], [-sp, cp * sr, cp * cr]])


def levelled(observation: Observation, poses: PoseBuffer) -> Observation:
    """The observation with camera and cloud on the level frame, each by the attitude at its own stamp.

    Args:
        observation: what lies outside the odometry's time stays as it is, as does all where the robot seems to lie.
        poses: odometry with attitude.
    """
    frame, cloud = observation.frame, observation.cloud
    lean = _gait_lean(poses, frame.stamp)
    if lean is not None and frame.camera is not None:
        frame = replace(frame, camera=levelled_camera(frame.camera, *lean))
    lean = None if cloud is None else _gait_lean(poses, cloud.stamp)
    if lean is not None and cloud is not None:
        cloud = levelled_cloud(cloud, *lean)
    return replace(observation, frame=frame, cloud=cloud)


def levelled_cloud(cloud: Cloud, roll: float, pitch: float) -> Cloud:
    """The cloud in the level frame; ``roll`` and ``pitch`` (rad) at its stamp. Unchanged where both are 0.

    Args:
        cloud: in base_link.
        roll, pitch: of base_link against gravity at the stamp of the cloud, rad.
    """
    if roll == 0.0 and pitch == 0.0:
        return cloud
    rotation = rotation_from_lean(roll, pitch)
    points = np.asarray(cloud.points_base)
    turned = points @ rotation.T.astype(points.dtype)
    return replace(cloud, points_base=turned, origin_base=rotation @ np.asarray(cloud.origin_base, float))


def levelled_camera(camera: Camera, roll: float, pitch: float) -> Camera:
    """The camera as mounted on the level frame; ``roll`` and ``pitch`` (rad) at the image stamp.

    Args:
        camera: as mounted on base_link.
        roll, pitch: of base_link against gravity at the stamp of the image, rad.
    """
    if roll == 0.0 and pitch == 0.0:
        return camera
    lean = np.eye(4)
    lean[:3, :3] = rotation_from_lean(roll, pitch)
    return replace(camera, T_base_camera=lean @ camera.T_base_camera)


def _gait_lean(poses: PoseBuffer, stamp: float) -> tuple[float, float] | None:
    """Roll and pitch (rad) at a stamp, None where they are not known or no gait's."""
    lean = poses.lean_at(stamp)
    return None if lean is None or max(abs(lean[0]), abs(lean[1])) > MAX_LEAN else lean
