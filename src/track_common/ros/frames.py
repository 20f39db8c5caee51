"""Where sensors are mounted: by tf2 where it is installed, else by a reader of tf_static of our own.

PyPI's ROS lacks tf2, which also follows joints that move; what moved is forgotten where simulated time jumps back. Both
listen to the relative topics ``tf`` and ``tf_static``, for a robot is a namespace.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time as RosTime
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

from track_common.ros import qos
from track_common.types import Array

MAX_LAG = 100_000_000  # ns; a joint's newest transform stands for a stamp this much later


class Frames(Protocol):
    """Answers look-ups between any two connected frames."""

    def lookup(self, target_frame: str, source_frame: str, stamp: Time | None = None) -> Array | None:
        """(4, 4) taking points of ``source_frame`` at ``stamp`` (None: the newest) to ``target_frame``, or None."""
        ...


def listen_to_frames(node: Node) -> Frames:
    """tf2 where it is installed, else what stands still."""
    try:
        from tf2_py import BufferCore
    except ImportError:
        return StaticFrames(node)
    return MovingFrames(node, BufferCore())


class MovingFrames:
    """tf2's buffer, fed from the relative topics; its own listener looks at the absolute ones."""

    def __init__(self, node: Node, buffer: Any) -> None:
        """``buffer`` is a ``tf2_py.BufferCore``."""
        self._buffer = buffer
        backwards = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1))
        self._jump = node.get_clock().create_jump_callback(backwards, post_callback=lambda _jump: buffer.clear())
        node.create_subscription(TFMessage, "tf", self._on_moving, qos.TF)
        node.create_subscription(TFMessage, "tf_static", self._on_static, qos.TF_STATIC)

    def lookup(self, target_frame: str, source_frame: str, stamp: Time | None = None) -> Array | None:
        """(4, 4) taking points of ``source_frame`` at ``stamp`` (None: the newest) to ``target_frame``.

        Where the transform of ``stamp`` has not come yet, the newest stands for it if it is at most ``MAX_LAG`` older.
        None where it is older, and where the frames are not connected.
        """
        newest = RosTime()
        wanted = newest if stamp is None else RosTime.from_msg(stamp)
        found = self._at(target_frame, source_frame, wanted)
        if found is None and stamp is not None:
            found = self._at(target_frame, source_frame, newest)
            lag = wanted.nanoseconds if found is None else (wanted - RosTime.from_msg(found.header.stamp)).nanoseconds
            if not 0 <= lag <= MAX_LAG:
                return None
        matrix = None if found is None else matrix_from_transform(found)
        return None if matrix is None or not np.all(np.isfinite(matrix)) else matrix

    def _at(self, target_frame: str, source_frame: str, time: RosTime) -> TransformStamped | None:
        from tf2_py import TransformException

        try:
            return self._buffer.lookup_transform_core(target_frame, source_frame, time)
        except TransformException:
            return None

    def _on_moving(self, message: TFMessage) -> None:
        for transform in message.transforms:
            self._buffer.set_transform(transform, "tf")

    def _on_static(self, message: TFMessage) -> None:
        for transform in message.transforms:
            self._buffer.set_transform_static(transform, "tf_static")


class StaticFrames:
    """Listens to tf_static and answers look-ups between any two connected frames."""

    def __init__(self, node: Node) -> None:
        self._parents: dict[str, tuple[str, Array]] = {}
        node.create_subscription(TFMessage, "tf_static", self._on_transforms, qos.TF_STATIC)

    def lookup(self, target_frame: str, source_frame: str, stamp: Time | None = None) -> Array | None:
        """(4, 4) taking points of ``source_frame`` to ``target_frame``; None where they are not connected (yet)."""
        del stamp  # what stands still is the same at any time
        source, target = self._to_root(source_frame), self._to_root(target_frame)
        if source[0] != target[0]:
            return None
        return np.linalg.inv(target[1]) @ source[1]

    def _to_root(self, frame_id: str) -> tuple[str, Array]:
        transform, seen = np.eye(4), set()
        while frame_id in self._parents and frame_id not in seen:
            seen.add(frame_id)
            frame_id, step = self._parents[frame_id]
            transform = step @ transform
        return frame_id, transform

    def _on_transforms(self, message: TFMessage) -> None:
        for transform in message.transforms:
            matrix = matrix_from_transform(transform)
            if np.all(np.isfinite(matrix)):
                self._parents[transform.child_frame_id] = (transform.header.frame_id, matrix)


def matrix_from_transform(message: TransformStamped) -> Array:
    """(4, 4) of a message; NaN where its quaternion has no length."""
    t, q = message.transform.translation, message.transform.rotation
    quaternion = np.array([q.x, q.y, q.z, q.w])
    matrix = np.eye(4)
    usable = np.all(np.isfinite(quaternion)) and np.linalg.norm(quaternion) > 1e-6
    matrix[:3, :3] = Rotation.from_quat(quaternion).as_matrix() if usable else np.nan
    matrix[:3, 3] = (t.x, t.y, t.z)
    return matrix


def transform_from_matrix(matrix: Array, stamp: Time, parent: str, child: str) -> TransformStamped:
    """Message that places ``child`` in ``parent``.

    Args:
        matrix: (4, 4) takes points of ``child`` to ``parent``, m.
        stamp: of the transform.
        parent, child: frame_ids.
    """
    message = TransformStamped(child_frame_id=child)
    message.header.stamp, message.header.frame_id = stamp, parent
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = (float(v) for v in matrix[:3, 3])
    rotation.x, rotation.y, rotation.z, rotation.w = (float(v) for v in Rotation.from_matrix(matrix[:3, :3]).as_quat())
    return message
