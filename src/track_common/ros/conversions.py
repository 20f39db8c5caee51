"""Messages to ``track_common.types`` and back: the only place where the two meet.

Every number that leaves goes through float() or int(): rclpy sends wrong Python types as garbage, without an error.
"""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, PoseStamped, Quaternion, Twist, TwistStamped
from nav_msgs.msg import Odometry as OdometryMessage
from nav_msgs.msg import Path
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from track_common.boxes import from_xyxy, to_xyxy
from track_common.frame_ids import BASE_FRAME
from track_common.ros.cameras import (
    camera_from_info,
    check_image_size,
    fitted_camera,
    image_size_from_info,
    info_from_camera,
)
from track_common.ros.clouds import cloud_from_points, points_from_array
from track_common.ros.images import MessageError, image_from_pixels, rgb_from_compressed, rgb_from_image
from track_common.ros.markers import markers_from_candidates
from track_common.ros.stamps import NANO, seconds_from_stamp, stamp_from_seconds
from track_common.types import (
    Box,
    Camera,
    Frame,
    Odometry,
    Sighting,
    Trajectory,
    VelocityCommand,
)

__all__ = [
    "TARGET_ID",
    "MessageError",
    "box_from_detection",
    "camera_from_info",
    "check_image_size",
    "cloud_from_points",
    "command_from_twist",
    "detections_from_sighting",
    "frame_from_image",
    "image_from_rgb",
    "image_size_from_info",
    "info_from_camera",
    "lean_from_quaternion",
    "markers_from_candidates",
    "message_from_odometry",
    "odometry_from_message",
    "path_from_trajectory",
    "points_from_array",
    "quaternion_from_attitude",
    "quaternion_from_yaw",
    "seconds_from_stamp",
    "sighting_from_detections",
    "stamp_from_seconds",
    "trajectory_from_path",
    "twist_from_command",
    "twist_stamped_from_command",
    "yaw_from_quaternion",
]

MAX_PLACE, MAX_SPEED = 1e6, 100.0  # m; m/s and rad/s: beyond what any robot's odometry says
MAX_POSES, MAX_DETECTIONS = 500, 200  # of a trajectory, of a target_box; planners send 10, trackers under 50
TARGET_ID = "target"  # Detection2D.id of the followed one in target_box


def frame_from_image(message: Image | CompressedImage, camera: Camera | None = None) -> Frame:
    """Camera frame of a raw image, a JPEG or a PNG; its camera is scaled where the image has another size, same shape.

    Raises:
        MessageError: the image cannot be read, or has another shape than its camera's.
    """
    rgb = rgb_from_compressed(message) if isinstance(message, CompressedImage) else rgb_from_image(message)
    return _frame(rgb, message.header, camera)


def image_from_rgb(rgb: np.ndarray, header: Header) -> Image:
    """rgb8 message of an (H, W, 3) uint8 array."""
    return image_from_pixels(rgb, "rgb8", header)


def odometry_from_message(message: OdometryMessage) -> Odometry:
    """Odometry; raises MessageError where the orientation is no rotation, a value is not finite or huge."""
    position, velocity = message.pose.pose.position, message.twist.twist
    roll, pitch = lean_from_quaternion(message.pose.pose.orientation)
    odometry = Odometry(
        stamp=seconds_from_stamp(message.header.stamp),
        x=position.x,
        y=position.y,
        yaw=yaw_from_quaternion(message.pose.pose.orientation),
        vx=velocity.linear.x,
        vy=velocity.linear.y,
        wz=velocity.angular.z,
        z=position.z,
        roll=roll,
        pitch=pitch,
    )
    place, speeds = (odometry.x, odometry.y, odometry.z, odometry.yaw), (odometry.vx, odometry.vy, odometry.wz)
    if not (all(abs(v) < MAX_PLACE for v in place) and all(abs(v) < MAX_SPEED for v in speeds)):
        raise MessageError(
            f"odometry is at {place}, going {speeds}; wanted finite, under {MAX_PLACE:g} m and {MAX_SPEED:g} m/s, rad/s"
        )
    return odometry


def message_from_odometry(odometry: Odometry, frame_id: str, child_frame_id: str) -> OdometryMessage:
    """Message of odometry, height and attitude included.

    Args:
        odometry: pose (m, rad) and body velocity (m/s, rad/s).
        frame_id: frame of the pose, such as odom.
        child_frame_id: frame of the velocity, such as base_link.
    """
    message = OdometryMessage(child_frame_id=child_frame_id)
    message.header.stamp, message.header.frame_id = stamp_from_seconds(odometry.stamp), frame_id
    message.pose.pose = _pose(odometry.x, odometry.y, odometry.yaw)
    message.pose.pose.position.z = float(odometry.z)
    message.pose.pose.orientation = quaternion_from_attitude(odometry.yaw, odometry.pitch, odometry.roll)
    message.twist.twist = twist_from_command(VelocityCommand(odometry.vx, odometry.vy, odometry.wz))
    return message


def detections_from_sighting(sighting: Sighting, header: Header) -> Detection2DArray:
    """The target first, with id "target" (absent when lost), then the other candidates."""
    target = [] if sighting.box is None else [_detection(sighting.box, header, TARGET_ID)]
    others = [_detection(box, header, box.label) for box in sighting.others]
    return Detection2DArray(header=header, detections=[*target, *others])


def sighting_from_detections(message: Detection2DArray) -> Sighting:
    """The inverse; a candidate whose box is not finite or has no size is left out.

    Raises:
        MessageError: the target's own box is such a one, or there are more than ``MAX_DETECTIONS``.
    """
    if len(message.detections) > MAX_DETECTIONS:
        raise MessageError(f"{len(message.detections)} detections; wanted at most {MAX_DETECTIONS}")
    target = next((d for d in message.detections if d.id == TARGET_ID), None)
    others = (_candidate(d) for d in message.detections if d.id != TARGET_ID)
    return Sighting(
        seconds_from_stamp(message.header.stamp),
        None if target is None else box_from_detection(target),
        tuple(box for box in others if box is not None),
    )


def box_from_detection(message: Detection2D) -> Box:
    """Box of one detection; its label is the first hypothesis's class.

    Raises:
        MessageError: the box is not finite or has no size.
    """
    centre, size = message.bbox.center.position, (message.bbox.size_x, message.bbox.size_y)
    values = np.array([centre.x, centre.y, *size])
    if not np.all(np.isfinite(values)) or min(size) <= 0.0:
        raise MessageError(f"box is centre ({centre.x}, {centre.y}) size {size} px; wanted finite and larger than 0")
    hypothesis = next((result.hypothesis for result in message.results), None)
    if hypothesis is None:
        return Box(to_xyxy(values, "cxcywh"))
    return Box(to_xyxy(values, "cxcywh"), float(hypothesis.score), hypothesis.class_id)


def path_from_trajectory(trajectory: Trajectory, header: Header, base_frame: str = BASE_FRAME) -> Path:
    """Path in ``base_frame`` at the image stamp; ``header`` is the image's, its frame_id is replaced."""
    poses = []
    start = header.stamp.sec * NANO + header.stamp.nanosec
    for pose, time in zip(trajectory.poses_base, trajectory.times, strict=True):
        nanoseconds = start + round(float(time) * NANO)
        stamped = PoseStamped(pose=_pose(*pose))
        stamped.header.frame_id = base_frame
        stamped.header.stamp = Time(sec=int(nanoseconds // NANO), nanosec=int(nanoseconds % NANO))
        poses.append(stamped)
    return Path(header=Header(stamp=header.stamp, frame_id=base_frame), poses=poses)


def trajectory_from_path(message: Path, base_frame: str = BASE_FRAME) -> Trajectory:
    """The inverse; what it says of the target comes on ``target_state``.

    Raises:
        MessageError: another frame than ``base_frame``, more than ``MAX_POSES`` poses, values that are not finite,
            times that do not rise.
    """
    if len(message.poses) > MAX_POSES:
        raise MessageError(f"trajectory has {len(message.poses)} poses; wanted at most {MAX_POSES}")
    if message.header.frame_id != base_frame:
        got = message.header.frame_id
        raise MessageError(f"trajectory is in frame '{got}'; wanted {base_frame} at the image stamp")
    stamp = seconds_from_stamp(message.header.stamp)
    poses = np.array([_planar(p.pose) for p in message.poses]).reshape(-1, 3)
    times = np.array([seconds_from_stamp(p.header.stamp) - stamp for p in message.poses])
    if not np.all(np.isfinite(poses)):
        raise MessageError("trajectory holds a pose that is not finite")
    if np.any(np.diff(times) <= 0.0):
        raise MessageError("trajectory's stamps do not rise from pose to pose")
    return Trajectory(stamp, poses, times)


def twist_from_command(command: VelocityCommand) -> Twist:
    """Body velocity as a message."""
    message = Twist()
    message.linear.x, message.linear.y = float(command.vx), float(command.vy)
    message.angular.z = float(command.wz)
    return message


def twist_stamped_from_command(command: VelocityCommand, header: Header) -> TwistStamped:
    """Body velocity with a header."""
    return TwistStamped(header=header, twist=twist_from_command(command))


def command_from_twist(message: Twist) -> VelocityCommand:
    """Body velocity of a message; raises MessageError where a value is not finite."""
    values = (message.linear.x, message.linear.y, message.angular.z)
    if not all(math.isfinite(v) for v in values):
        raise MessageError(f"velocity command {values} is not finite")
    return VelocityCommand(*values)


def quaternion_from_yaw(yaw: float) -> Quaternion:
    """Rotation about z, rad."""
    return Quaternion(x=0.0, y=0.0, z=math.sin(0.5 * float(yaw)), w=math.cos(0.5 * float(yaw)))


def yaw_from_quaternion(q: Quaternion) -> float:
    """Heading (rad) of a rotation; NaN where the quaternion has no length (a message that was never filled)."""
    length = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w
    if not 0.25 < length < 4.0:
        return math.nan
    return math.atan2(2.0 * (q.w * q.z + q.x * q.y), length - 2.0 * (q.y * q.y + q.z * q.z))


def quaternion_from_attitude(yaw: float, pitch: float, roll: float) -> Quaternion:
    """Rotation by yaw, then pitch, then roll (rad), as in URDF."""
    cy, sy = math.cos(0.5 * float(yaw)), math.sin(0.5 * float(yaw))
    cp, sp = math.cos(0.5 * float(pitch)), math.sin(0.5 * float(pitch))
    cr, sr = math.cos(0.5 * float(roll)), math.sin(0.5 * float(roll))
    return Quaternion(
        x=sr * cp * cy - cr * sp * sy,
        y=cr * sp * cy + sr * cp * sy,
        z=cr * cp * sy - sr * sp * cy,
        w=cr * cp * cy + sr * sp * sy,
    )


def lean_from_quaternion(q: Quaternion) -> tuple[float, float]:
    """Roll and pitch (rad) of a rotation of any length; NaN where it has none."""
    length = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w
    if not 0.25 < length < 4.0:
        return math.nan, math.nan
    roll = math.atan2(2.0 * (q.w * q.x + q.y * q.z), length - 2.0 * (q.x * q.x + q.y * q.y))
    return roll, math.asin(min(max(2.0 * (q.w * q.y - q.z * q.x) / length, -1.0), 1.0))


def _frame(rgb: np.ndarray, header: Header, camera: Camera | None) -> Frame:
    height, width = rgb.shape[:2]
    fitting = None if camera is None else fitted_camera(camera, width, height)
    return Frame(rgb, seconds_from_stamp(header.stamp), fitting)


def _candidate(message: Detection2D) -> Box | None:
    try:
        return box_from_detection(message)
    except MessageError:
        return None


def _pose(x: float, y: float, yaw: float) -> Pose:
    pose = Pose(orientation=quaternion_from_yaw(yaw))
    pose.position.x, pose.position.y = float(x), float(y)
    return pose


def _planar(pose: Pose) -> tuple[float, float, float]:
    return pose.position.x, pose.position.y, yaw_from_quaternion(pose.orientation)


def _detection(box: Box, header: Header, name: str) -> Detection2D:
    message = Detection2D(header=header, id=name)
    cx, cy, width, height = (float(v) for v in from_xyxy(box.xyxy, "cxcywh"))
    message.bbox.center.position.x, message.bbox.center.position.y = cx, cy
    message.bbox.size_x, message.bbox.size_y = width, height
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id, result.hypothesis.score = box.label or "person", float(box.score)
    message.results = [result]
    return message
