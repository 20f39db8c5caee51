"""A message that is too long is refused by its bytes, before it becomes Python objects; a short one arrives."""

import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.node import Node
from std_msgs.msg import Header

from track_common.ros import qos
from track_common.ros.bounded import subscribe_bounded

pytestmark = pytest.mark.ros


def path(poses):
    return Path(header=Header(frame_id="base_link"), poses=[PoseStamped()] * poses)


def test_only_short_messages_are_handed_over_and_long_ones_are_said(ros_context, peer):
    node, taken, refused = Node("bounded", context=ros_context), [], []
    subscribe_bounded(node, Path, "trajectory", taken.append, qos.LATEST, 10_000, refused.append)
    peer.add(node)
    publisher = peer.publisher(Path, "trajectory", qos.LATEST)
    publisher.publish(path(500))
    peer.wait_until(lambda: bool(refused), "the refusal")
    assert not taken and "bytes; wanted at most 10000" in str(refused[0])
    publisher.publish(path(10))
    peer.wait_until(lambda: bool(taken), "the short one")
    assert taken == [path(10)] and len(refused) == 1
    node.destroy_node()
