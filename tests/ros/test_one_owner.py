"""Armed and instruction have one owner, the node's parameter: service and topic write it, whatever the order."""

from itertools import product

import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Path
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from tests.ros.test_controller_node import Inputs, is_stop, moves
from tests.ros.test_recovery_node import Scene
from vision_msgs.msg import Detection3D

from go2_bridge.nodes.controller_node import ControllerNode
from go2_bridge.nodes.recovery_node import RecoveryNode
from go2_bridge.recovery.machine import Stage
from go2_bridge.safety.watchdog import StopReason
from track_common.instruction import parse_instruction
from track_common.ros import qos
from track_common.ros.targets import target_from_message
from track_common.types import TargetStatus
from trackvla_ros.nodes.planner_node import PlannerNode
from vlt_ros.nodes.tracker_node import TrackerNode

pytestmark = pytest.mark.ros
RED, BLUE = "the man in the red shirt", "the woman in the blue coat"


def enable(peer, is_armed):
    client = peer.node.create_client(SetBool, "enable")
    return peer.ask(client, SetBool.Request(data=is_armed))


def test_disarming_by_parameter_after_arming_by_service_stops(peer, start_node):
    node = start_node(ControllerNode, armed=False)
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    inputs = Inputs(peer)
    assert enable(peer, True).success
    assert node.get_parameter("armed").value is True, "the parameter shows what the service did"
    inputs.run_until(lambda: moves(commands, 0.2), "commands that follow")
    assert peer.set_parameters("controller", armed=False)[0].successful
    inputs.run_until(lambda: is_stop(commands[-1]), "a stop")
    del commands[:]
    inputs.run_until(lambda: len(commands) > 10, "more commands")
    assert all(is_stop(command) for command in commands)


def test_disarming_by_service_after_arming_by_parameter_stops_and_shows(peer, start_node):
    node = start_node(ControllerNode, armed=False)
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    assert peer.set_parameters("controller", armed=True)[0].successful
    inputs = Inputs(peer)
    inputs.run_until(lambda: moves(commands, 0.2), "commands that follow")
    answer = enable(peer, False)
    assert (answer.success, answer.message) == (True, "disarmed: standing")
    assert node.get_parameter("armed").value is False
    peer.wait_until(lambda: is_stop(commands[-1]), "a stop")


def sentence_of(node):
    """What the node acts on."""
    return (node._session if isinstance(node, TrackerNode) else node)._instruction.text


@pytest.mark.parametrize(("kind", "name"), [(PlannerNode, "planner"), (TrackerNode, "tracker")])
def test_parameter_topic_and_parameter_again_are_each_taken(peer, start_node, kind, name):
    node = start_node(kind, instruction=RED)
    topic = peer.publisher(String, "instruction", qos.LATCHED)
    assert sentence_of(node) == RED
    topic.publish(String(data=BLUE))
    peer.wait_until(lambda: sentence_of(node) == BLUE, "the topic's sentence")
    assert node.get_parameter("instruction").value == BLUE
    assert peer.set_parameters(name, instruction=RED)[0].successful
    assert sentence_of(node) == RED
    topic.publish(String(data=""))
    peer.wait_until(lambda: sentence_of(node) == "", "the empty sentence")
    assert node.get_parameter("instruction").value == ""


def test_a_parameter_set_on_one_node_reaches_the_others_and_goes_when_it_is_overtaken(peer, start_node):
    tracker, planner, recovery = start_node(TrackerNode), start_node(PlannerNode), start_node(RecoveryNode)
    topic = peer.publisher(String, "instruction", qos.LATCHED, readers=3)
    assert peer.set_parameters("tracker", instruction=RED)[0].successful
    peer.wait_until(lambda: sentence_of(planner) == RED, "the planner's sentence")
    peer.wait_until(lambda: recovery.get_parameter("instruction").value == RED, "the recovery's sentence")
    topic.publish(String(data=BLUE))
    peer.wait_until(lambda: sentence_of(tracker) == sentence_of(planner) == BLUE, "the operator's sentence")
    heard = []
    peer.node.create_subscription(String, "instruction", lambda message: heard.append(message.data), qos.LATCHED)
    late = start_node(PlannerNode, instruction=RED)
    peer.wait_until(lambda: sentence_of(late) == BLUE, "the sentence that holds, by a node that began later")
    peer.wait_until(lambda: bool(heard), "the latched sentence")
    peer.spin(0.3)
    assert heard == [BLUE], "the overtaken sentence has been withdrawn"


def test_the_same_sentence_changes_nothing_in_the_planner(peer, start_node, monkeypatch):
    node = start_node(PlannerNode, instruction=RED)
    topic = peer.publisher(String, "instruction", qos.LATCHED)
    begun = []
    monkeypatch.setattr(node._worker, "reset", begun.append)
    topic.publish(String(data=RED))
    topic.publish(String(data=BLUE))
    peer.wait_until(lambda: bool(begun), "a new sentence")
    topic.publish(String(data=BLUE))
    assert peer.set_parameters("planner", instruction=BLUE)[0].successful
    topic.publish(String(data=""))
    peer.wait_until(lambda: begun[-1] == "", "the empty sentence")
    assert begun == [BLUE, ""]
    topic.publish(String(data=""))
    peer.wait_until(lambda: len(begun) == 3, "an empty sentence is a stop and never ignored")


@pytest.mark.parametrize("sentence", ["", "stop", "follow the zebra crossing"])
def test_a_sentence_that_names_nobody_is_idle_with_its_reason_and_stops(peer, start_node, sentence):
    start_node(PlannerNode, instruction=RED)
    reports, paths = peer.collect(Detection3D, "target_state", qos.LATEST), peer.collect(Path, "trajectory", qos.LATEST)
    topic = peer.publisher(String, "instruction", qos.LATCHED)
    topic.publish(String(data=sentence))
    stamps = lambda messages: [(m.header.stamp.sec, m.header.stamp.nanosec) for m in messages]  # noqa: E731
    peer.wait_until(lambda: bool(paths) and stamps(paths) == stamps(reports), "the stop, on both topics")
    report = target_from_message(reports[-1])
    assert report.status is TargetStatus.IDLE and report.reason == parse_instruction(sentence).standstill_reason
    assert not any(path.poses for path in paths)


@pytest.mark.parametrize("sentence", [BLUE, ""])
@pytest.mark.parametrize("parameter", ["", RED])
def test_recovery_forgets_the_target_at_the_first_sentence_by_topic(peer, start_node, sentence, parameter):
    node = start_node(RecoveryNode, wait_time=0.0, instruction=parameter)
    scene = Scene(peer)
    topic = peer.publisher(String, "instruction", qos.LATCHED)
    scene.see()
    topic.publish(String(data=sentence))
    peer.wait_until(lambda: node.get_parameter("instruction").value == sentence, "the sentence")
    peer.spin(0.3)  # where the sentence was empty before, nothing shows that it came
    scene.run("lost", iter([False] * 15 + [True]).__next__)
    assert scene.stage is Stage.FOLLOWING and not any(wish.angular.z for wish in scene.wishes)


def test_recovery_keeps_the_target_where_the_topic_repeats_its_sentence(peer, start_node):
    start_node(RecoveryNode, wait_time=0.0, instruction=RED)
    scene = Scene(peer)
    topic = peer.publisher(String, "instruction", qos.LATCHED)
    scene.see()
    topic.publish(String(data=RED))
    peer.spin(0.3)
    scene.run("lost", lambda: any(wish.angular.z for wish in scene.wishes))


ARMING = ("parameter", "enable", "start and stop")


def wait_for_sentence(peer, sentence):
    """Until the controller has heard it, as its service ``status`` tells."""
    client = peer.node.create_client(Trigger, "status")
    said = f"target: '{sentence}';" if sentence else "target: nobody;"
    peer.wait_until(lambda: peer.ask(client, Trigger.Request()).message.startswith(said), f"the sentence '{sentence}'")


def arm_by(peer, way, is_armed):
    """Arm or disarm the controller by one of its three views."""
    if way == "parameter":
        return peer.set_parameters("controller", armed=is_armed)[0].successful
    if way == "enable":
        return enable(peer, is_armed).success
    client = peer.node.create_client(Trigger, "start" if is_armed else "stop")
    return peer.ask(client, Trigger.Request()).success


def test_each_way_to_disarm_undoes_each_way_to_arm_also_twice(peer, start_node):
    node = start_node(ControllerNode, armed=False)
    commands = peer.collect(Twist, "cmd_vel", qos.COMMAND)
    reasons = peer.collect(String, "stop_reason", qos.LATCHED)
    topic = peer.publisher(String, "instruction", qos.LATCHED)
    for arming, disarming in product(ARMING, ARMING):
        topic.publish(String(data=RED))
        wait_for_sentence(peer, RED)
        assert arm_by(peer, arming, True) and arm_by(peer, arming, True)
        assert node.get_parameter("armed").value is True
        peer.wait_until(lambda: bool(reasons) and reasons[-1].data != StopReason.NOT_ARMED.value, f"armed by {arming}")
        assert arm_by(peer, disarming, False) and arm_by(peer, disarming, False)
        assert node.get_parameter("armed").value is False
        peer.wait_until(
            lambda: bool(reasons) and reasons[-1].data == StopReason.NOT_ARMED.value, f"disarmed by {disarming}"
        )
    assert all(is_stop(command) for command in commands)


@pytest.mark.parametrize("sentence", ["stop", "", "the man in the blu jacket", "where is the man in red?"])
def test_start_is_refused_after_a_sentence_that_names_nobody(peer, start_node, sentence):
    node = start_node(ControllerNode, armed=False)
    topic = peer.publisher(String, "instruction", qos.LATCHED)
    topic.publish(String(data=RED))
    topic.publish(String(data=sentence))
    wait_for_sentence(peer, sentence)
    assert not arm_by(peer, "start and stop", True)
    assert node.get_parameter("armed").value is False
