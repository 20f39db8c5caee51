"""ROS node ``robot_state``: publishes on tf_static where camera and LiDARs sit, once, latched. Needs no tf2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from tf2_msgs.msg import TFMessage

from go2_bridge.mounts import MOUNTS
from track_common.frame_ids import base_frame_setting
from track_common.ros import qos
from track_common.ros.frames import transform_from_matrix
from track_common.ros.parameters import declare
from track_common.ros.run import run_node


@dataclass(frozen=True)
class RobotStateConfig:
    """Settings of the node itself; each sensor's own come after its name (``camera.x``)."""

    base_frame: str = base_frame_setting()


class RobotStateNode(Node):
    """Says it and stays, for those who come late."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("robot_state", **kwargs)
        base_frame = declare(self, RobotStateConfig()).base_frame
        mounts = [declare(self, mount, prefix=f"{name}.") for name, mount in MOUNTS.items()]
        stamp = self.get_clock().now().to_msg()
        shown = [mount for mount in mounts if mount.enabled]
        transforms = [transform_from_matrix(mount.matrix, stamp, base_frame, mount.frame_id) for mount in shown]
        self._publisher = self.create_publisher(TFMessage, "tf_static", qos.TF_STATIC)
        self._publisher.publish(TFMessage(transforms=transforms))
        self.get_logger().info(f"{base_frame} has {', '.join(mount.frame_id for mount in shown) or 'no sensors'}")


def main() -> None:
    """Entry point ``robot_state_node``."""
    run_node(RobotStateNode)
