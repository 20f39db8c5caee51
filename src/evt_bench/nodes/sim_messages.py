"""The simulator's truth as messages; what sensors say goes through ``track_common.ros.conversions``."""

from __future__ import annotations

import numpy as np
from nav_msgs.msg import Odometry as OdometryMessage
from std_msgs.msg import Float32, Header
from vision_msgs.msg import Detection2DArray, Detection3D, Detection3DArray, ObjectHypothesisWithPose

from evt_bench.world.sensors import TargetView
from evt_bench.world.world import PersonState, Truth
from track_common.ros.conversions import (
    detections_from_sighting,
    message_from_odometry,
    quaternion_from_yaw,
    stamp_from_seconds,
)
from track_common.types import Array, Box, Odometry, Sighting

MAP, ODOM, BASE, CAMERA, LIDAR = "map", "odom", "base_link", "camera_color_optical_frame", "lidar"
PIXELS = "pixels"  # class of the second result on ground_truth/target_box


def header(seconds: float, frame_id: str) -> Header:
    """Header of a sensor's message."""
    return Header(stamp=stamp_from_seconds(seconds), frame_id=frame_id)


def robot(truth: Truth) -> OdometryMessage:
    """True pose in map and body velocity."""
    x, y, yaw = (float(v) for v in truth.robot)
    return message_from_odometry(Odometry(truth.stamp, x, y, yaw, *truth.robot_velocity), MAP, BASE)


def people(truth: Truth) -> Detection3DArray:
    """Everybody in map; the first is the target."""
    at = header(truth.stamp, MAP)
    roles = ("target", *("distractor" for _ in truth.people[1:]))
    found = [_person(person, role, at) for person, role in zip(truth.people, roles, strict=True)]
    return Detection3DArray(header=at, detections=found)


def target_box(view: TargetView, seconds: float) -> Detection2DArray:
    """The target's visible box with its visible share, then how many of its pixels are seen; empty where none are."""
    box = None if view.box_xyxy is None else Box(view.box_xyxy, view.share, "target")
    message = detections_from_sighting(Sighting(seconds, box), header(seconds, CAMERA))
    for detection in message.detections:
        detection.results = [*detection.results, _hypothesis(PIXELS, float(view.pixels))]
    return message


def clearance(truth: Truth) -> Float32:
    """Gap between the robot's outline and furniture or walls, m."""
    return Float32(data=float(truth.clearance))


def yawed(pose: Array) -> Array:
    """(4, 4) of a planar pose (3,)."""
    matrix = np.eye(4)
    c, s = np.cos(pose[2]), np.sin(pose[2])
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:2, 3] = pose[:2]
    return matrix


def _person(person: PersonState, role: str, at: Header) -> Detection3D:
    detection = Detection3D(header=at, id=person.name)
    centre, size = detection.bbox.center, detection.bbox.size
    centre.position.x, centre.position.y = float(person.pose[0]), float(person.pose[1])
    centre.position.z = 0.5 * float(person.height)
    centre.orientation = quaternion_from_yaw(float(person.pose[2]))
    size.x, size.y, size.z = 0.5, 0.5, float(person.height)
    detection.results = [_hypothesis(role, 1.0)]
    return detection


def _hypothesis(name: str, score: float) -> ObjectHypothesisWithPose:
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id, result.hypothesis.score = name, score
    return result
