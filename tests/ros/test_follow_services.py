"""start, stop, status and set_distance as any ROS user calls them, with nodes over real DDS."""

import math

import pytest
from std_msgs.msg import Float32, String
from std_srvs.srv import Trigger

from go2_bridge.nodes.controller_node import ControllerNode
from trackvla_ros.nodes.planner_node import PlannerNode

pytestmark = pytest.mark.ros
SENTENCE = "the man in the red shirt"


def call(peer, name):
    return peer.ask(peer.node.create_client(Trigger, name), Trigger.Request())


def test_a_description_a_start_and_a_stop(peer, start_node):
    controller, planner = start_node(ControllerNode), start_node(PlannerNode)
    peer.publisher(String, "instruction", 10, readers=4).publish(String(data=SENTENCE))
    peer.wait_until(lambda: planner.get_parameter("instruction").value == SENTENCE, "the sentence at the planner")
    peer.wait_until(lambda: SENTENCE in call(peer, "status").message, "the sentence at the controller")
    answer = call(peer, "start")
    assert (answer.success, answer.message) == (True, f"following '{SENTENCE}'")
    assert controller.get_parameter("armed").value is True
    answer = call(peer, "stop")
    assert (answer.success, answer.message) == (True, "disarmed: standing")
    assert controller.get_parameter("armed").value is False
    peer.wait_until(lambda: planner.get_parameter("instruction").value == "", "the planner to forget")
    answer = call(peer, "start")
    assert not answer.success and "ros2 topic pub --once /instruction std_msgs/msg/String" in answer.message
    assert controller.get_parameter("armed").value is False


def test_a_sentence_given_at_the_launch_can_be_started_without_another(peer, start_node):
    controller = start_node(ControllerNode)
    assert call(peer, "start").success
    assert controller.get_parameter("armed").value is True


@pytest.mark.parametrize("sentence", ["stop", "do not follow anybody"])
def test_a_stop_sentence_is_not_started(peer, start_node, sentence):
    controller = start_node(ControllerNode)
    peer.publisher(String, "instruction", 10, readers=2).publish(String(data=sentence))
    peer.wait_until(lambda: sentence in call(peer, "status").message, "the sentence at the controller")
    answer = call(peer, "start")
    assert not answer.success and answer.message.startswith("standing: ")
    assert controller.get_parameter("armed").value is False


def test_status_says_why_the_robot_stands(peer, start_node):
    start_node(ControllerNode)
    peer.wait_until(lambda: "standing: " in call(peer, "status").message, "a reason")
    answer = call(peer, "status")
    assert not answer.success and answer.message.startswith(
        "target: whom tracker and planner were started with; status: "
    )


def test_the_distance_is_a_view_of_the_planners_parameter_and_keeps_its_range(peer, start_node):
    planner = start_node(PlannerNode)
    topic = peer.publisher(Float32, "set_distance", 10, readers=2)
    topic.publish(Float32(data=2.5))
    peer.wait_until(lambda: planner.get_parameter("box_servo.standoff").value == 2.5, "the distance")
    for value in (0.1, 50.0, math.nan, math.inf):
        topic.publish(Float32(data=value))
    topic.publish(Float32(data=3.0))
    peer.wait_until(lambda: planner.get_parameter("box_servo.standoff").value == 3.0, "the node to live on")
