"""Transforms without tf2, which PyPI's ROS lacks: enough for where sensors are mounted."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

from track_common.ros import qos
from track_common.types import Array


class StaticFrames:
    """Listens to tf_static and answers look-ups between any two connected frames."""

    def __init__(self, node: Node) -> None:
        self._parents: dict[str, tuple[str, Array]] = {}
        node.create_subscription(TFMessage, "tf_static", self._on_transforms, qos.TF_STATIC)

    def lookup(self, target_frame: str, source_frame: str) -> Array | None:
        """(4, 4) taking points of ``source_frame`` to ``target_frame``; None where they are not connected (yet)."""
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
    """Message that places ``child`` in ``parent``."""
    message = TransformStamped(child_frame_id=child)
    message.header.stamp, message.header.frame_id = stamp, parent
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = (float(v) for v in matrix[:3, 3])
    rotation.x, rotation.y, rotation.z, rotation.w = (float(v) for v in Rotation.from_matrix(matrix[:3, :3]).as_quat())
    return message
