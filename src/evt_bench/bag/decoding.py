"""Messages of a bag, as the reader decodes them, into the project's values; works by field names, needs no ROS.

The nodes convert with ``track_common.ros.conversions``; this is its reading half for files, where ROS may be absent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from track_common.types import Array, Box, Odometry, Sighting, Trajectory, VelocityCommand

TARGET_ID = "target"  # id of the target's detection on target_box (docs/architecture.md)
PIXELS_ID = "pixels"  # class of the result on ground_truth/target_box whose score is the visible pixel count
FLOAT_TYPES = {7: "f4", 8: "f8"}  # sensor_msgs/PointField FLOAT32, FLOAT64


@dataclass(frozen=True, eq=False)
class Person:
    """Where one person truly is: position (3,) in the frame map, metres; whether it is the one to follow."""

    position: Array
    is_target: bool


@dataclass(frozen=True, eq=False)
class TrueView:
    """How the camera saw the target at ``stamp``: visible box or None, and its pixels (None where not recorded)."""

    stamp: float
    box: Box | None
    pixels: float | None


@dataclass(frozen=True, eq=False)
class Candidate:
    """A trajectory a network weighed: points_base (H, 2) m, its colour (RGB, 0..255) by score, the score or None."""

    points_base: Array
    colour: tuple[int, int, int]
    score: float | None


def stamp_of(message: Any) -> float | None:
    """Header stamp in seconds; None for a message without header, or a list whose first entry has none."""
    markers = getattr(message, "markers", None)
    header = getattr(markers[0] if markers else message, "header", None)
    return None if header is None else seconds(header.stamp)


def seconds(stamp: Any) -> float:
    """builtin_interfaces/Time in seconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def odometry(message: Any) -> Odometry:
    """nav_msgs/Odometry."""
    pose, twist = message.pose.pose, message.twist.twist
    yaw = yaw_of(pose.orientation)
    stamp = seconds(message.header.stamp)
    return Odometry(stamp, pose.position.x, pose.position.y, yaw, twist.linear.x, twist.linear.y, twist.angular.z)


def sighting(message: Any) -> Sighting:
    """vision_msgs/Detection2DArray of the tracker: the detection with the id "target" is the target."""
    boxes = [(detection.id == TARGET_ID, _box(detection)) for detection in message.detections]
    target = next((box for is_target, box in boxes if is_target), None)
    return Sighting(seconds(message.header.stamp), target, tuple(box for is_target, box in boxes if not is_target))


def truth(message: Any) -> TrueView:
    """vision_msgs/Detection2DArray of the simulator: at most one detection; none, or an empty box = not in view."""
    stamp = seconds(message.header.stamp)
    for detection in message.detections:
        box = _box(detection)
        if box.xyxy[2] > box.xyxy[0] and box.xyxy[3] > box.xyxy[1]:
            scores = {r.hypothesis.class_id: r.hypothesis.score for r in detection.results}
            return TrueView(stamp, box, scores.get(PIXELS_ID))
    return TrueView(stamp, None, 0)


def people(message: Any) -> dict[str, Person]:
    """vision_msgs/Detection3DArray of the simulator: everybody by name."""
    found = {}
    for detection in message.detections:
        position = detection.bbox.center.position
        kinds = {result.hypothesis.class_id for result in detection.results}
        found[detection.id] = Person(np.array([position.x, position.y, position.z]), TARGET_ID in kinds)
    return found


def trajectory(message: Any) -> Trajectory:
    """nav_msgs/Path of the planner; no poses = stop."""
    start = seconds(message.header.stamp)
    poses = [(p.pose.position.x, p.pose.position.y, yaw_of(p.pose.orientation)) for p in message.poses]
    times = np.array([seconds(p.header.stamp) - start for p in message.poses])
    return Trajectory(start, np.array(poses, float).reshape(-1, 3), times)


def candidates(message: Any) -> list[Candidate]:
    """visualization_msgs/MarkerArray of the planner: its line strips, worst first."""
    lines = [m for m in message.markers if m.action == 0 and len(m.points)]
    found = [
        Candidate(
            np.array([(p.x, p.y) for p in line.points]),
            (int(255 * line.color.r), int(255 * line.color.g), int(255 * line.color.b)),
            _number(line.text),
        )
        for line in lines
    ]
    return sorted(found, key=lambda c: c.colour)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def command(message: Any) -> VelocityCommand:
    """geometry_msgs/Twist or TwistStamped."""
    twist = getattr(message, "twist", message)
    return VelocityCommand(twist.linear.x, twist.linear.y, twist.angular.z)


def point(message: Any) -> Array:
    """(3,) of a geometry_msgs/PointStamped."""
    return np.array([message.point.x, message.point.y, message.point.z])


def transforms(message: Any) -> dict[str, tuple[str, Array]]:
    """tf2_msgs/TFMessage: parent frame and T_parent_child (4, 4) by child frame."""
    return {t.child_frame_id: (t.header.frame_id, _matrix(t.transform)) for t in message.transforms}


def points(message: Any) -> Array:
    """(N, 3) finite points of a sensor_msgs/PointCloud2, in its own frame.

    Raises:
        ValueError: no float fields x, y, z, or fewer bytes than its size says.
    """
    fields = {f.name: f for f in message.fields}
    if not all(name in fields and fields[name].datatype in FLOAT_TYPES for name in "xyz"):
        raise ValueError(f"a cloud has the fields {sorted(fields)}; wanted x, y, z as float32 or float64")
    order = ">" if message.is_bigendian else "<"
    layout = np.dtype(
        {
            "names": list("xyz"),
            "formats": [order + FLOAT_TYPES[fields[name].datatype] for name in "xyz"],
            "offsets": [fields[name].offset for name in "xyz"],
            "itemsize": message.point_step,
        }
    )
    height, width, step = int(message.height), int(message.width), int(message.point_step)
    row = int(message.row_step) or width * step  # some drivers leave it out
    data = np.ascontiguousarray(message.data, np.uint8)
    if row < width * step or len(data) < max(height - 1, 0) * row + width * step:
        raise ValueError(f"a cloud of {height} rows of {width} points, {step} bytes each, has {len(data)} bytes")
    packed = np.ndarray((height, width), layout, data.tobytes(), strides=(row, step)).ravel()
    xyz = np.column_stack([packed[name].astype(float) for name in "xyz"])
    return xyz[np.all(np.isfinite(xyz), axis=1)]


def yaw_of(q: Any) -> float:
    """Turn about z, rad, of a geometry_msgs/Quaternion."""
    return math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))


def _box(detection: Any) -> Box:
    center, width, height = detection.bbox.center, detection.bbox.size_x, detection.bbox.size_y
    center = getattr(center, "position", center)  # until ROS 2 Galactic a box's centre was a Pose2D
    half = np.array([width, height]) / 2.0
    middle = np.array([center.x, center.y])
    best = detection.results[0].hypothesis if detection.results else None
    score, label = (best.score, best.class_id) if best is not None else (math.nan, "")
    return Box(np.concatenate([middle - half, middle + half]), score, detection.id or label)


def _matrix(transform: Any) -> Array:
    t, q = transform.translation, transform.rotation
    norm = math.sqrt(q.x**2 + q.y**2 + q.z**2 + q.w**2) or 1.0
    x, y, z, w = q.x / norm, q.y / norm, q.z / norm, q.w / norm
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = (t.x, t.y, t.z)
    return matrix
