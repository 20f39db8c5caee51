"""A publisher that nobody can hear is named: topic, publisher and types, in the diagnostics and by the doctor."""

import os
import subprocess
import sys

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from track_common.ros import qos
from track_common.ros.diagnostics import WARN, Diagnostics
from track_common.ros.topic_check import mismatches_in_graph, unheard_publishers

pytestmark = pytest.mark.ros
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.fixture
def listener(ros_domain):
    """A node that takes velocities; in a context of its own, since one DDS participant takes one type a topic."""
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    node = Node("bridge", context=context)
    node.create_subscription(Twist, "cmd_vel", lambda _: None, qos.COMMAND)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_another_type_is_named_with_topic_publisher_and_both_types(peer, listener):
    peer.node.create_publisher(TwistStamped, "cmd_vel", 1)
    said = "/cmd_vel: /peer publishes geometry_msgs/msg/TwistStamped; wanted geometry_msgs/msg/Twist, for /bridge"
    peer.wait_until(lambda: unheard_publishers(listener) == [said], said)
    peer.wait_until(lambda: said in mismatches_in_graph(peer.node), "the same by another node's look")


def test_too_little_on_offer_is_named(peer, listener):
    peer.node.create_publisher(Twist, "cmd_vel", BEST_EFFORT)
    peer.wait_until(lambda: "/peer" in "".join(unheard_publishers(listener)), "the publisher and its node's name")
    (said,) = unheard_publishers(listener)
    assert said.startswith("/cmd_vel: /peer offers too little (") and "reliab" in said.lower()


def test_what_one_of_the_nodes_readers_hears_is_no_fault(peer, listener):
    listener.create_subscription(Twist, "cmd_vel", lambda _: None, qos.SENSOR)
    peer.node.create_publisher(Twist, "cmd_vel", BEST_EFFORT)
    peer.node.create_publisher(Image, "image_raw", 1)
    peer.wait_until(lambda: listener.count_publishers("cmd_vel") == 1, "the publisher")
    assert unheard_publishers(listener) == []


def test_the_diagnostics_warn_while_it_lasts(peer, listener):
    diagnostics = Diagnostics(listener)
    arrays = peer.collect(DiagnosticArray, "diagnostics", qos.RELIABLE)
    publisher = peer.node.create_publisher(TwistStamped, "cmd_vel", 1)
    peer.wait_until(lambda: bool(unheard_publishers(listener)), "the publisher")
    diagnostics.check_topics()
    diagnostics.publish()
    peer.wait_until(lambda: bool(arrays) and "TwistStamped" in arrays[-1].status[0].message, "the warning")
    assert arrays[-1].status[0].level == WARN
    peer.node.destroy_publisher(publisher)
    peer.wait_until(lambda: not unheard_publishers(listener), "its end")
    diagnostics.check_topics()
    diagnostics.publish()
    peer.wait_until(lambda: "TwistStamped" not in arrays[-1].status[0].message, "the all-clear")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ROS_DOMAIN_ID", "go2", "ROS_DOMAIN_ID is 'go2'; wanted a number 0..232; type `unset ROS_DOMAIN_ID`"),
        ("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp", "which is not installed; there is rmw_fastrtps_cpp"),
    ],
)
def test_a_node_refuses_variables_it_cannot_start_with_in_one_line(ros_environment, variable, value, said):
    code = "from trackvla_cli.executables import controller_node; controller_node()"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, **ros_environment, variable: value}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
