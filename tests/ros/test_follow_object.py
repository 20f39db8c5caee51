"""Nav2's follow_object served over real DDS: the goal starts the controller, cancelling stops it."""

import time

import pytest
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from rcl_interfaces.srv import GetParameters
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from std_msgs.msg import Header, String
from std_srvs.srv import SetBool
from vision_msgs.msg import Detection3D

from go2_bridge.nodes.recovery_node import RecoveryNode
from track_common.ros import qos
from track_common.ros.stamps import stamp_from_seconds
from track_common.ros.targets import message_from_target
from track_common.types import TargetReport, TargetStatus

pytestmark = pytest.mark.ros

FollowObject = pytest.importorskip("nav2_msgs.action").FollowObject
SUCCEEDED, CANCELED, ABORTED = 4, 5, 6  # action_msgs/GoalStatus


class Client:
    """A Nav2 user, and the planner and controller behind the node."""

    def __init__(self, peer):
        self.peer, self.enabled, self.feedback, self.agrees = peer, [], [], True
        self.target = peer.publisher(Detection3D, "target_state", qos.LATEST)
        self.sentences = peer.collect(String, "instruction", qos.LATCHED)
        self._action = ActionClient(peer.node, FollowObject, "follow_object")
        peer.node.create_service(SetBool, "enable", self._on_enable)
        peer.wait_until(self._action.server_is_ready, "the action server")
        peer.spin(0.5)

    def _on_enable(self, request, response):
        self.enabled.append(request.data)
        response.success, response.message = self.agrees, "armed" if request.data else "disarmed: standing"
        return response

    def send(self, seconds=0, **goal):
        """Ask for it; the goal handle once it was answered."""
        goal = FollowObject.Goal(max_duration=Duration(sec=seconds), **goal)
        future = self._action.send_goal_async(goal, lambda message: self.feedback.append(message.feedback))
        self.peer.wait_until(future.done, "the answer to the goal")
        return future.result()

    def say(self, status, until, seconds=15.0):
        """The planner's word at 20 Hz until something holds."""
        start = time.monotonic()
        while not until():
            assert time.monotonic() - start < seconds, "waited too long"
            header = Header(stamp=stamp_from_seconds(time.time()), frame_id="base_link")
            self.target.publish(message_from_target(TargetReport(0.0, TargetStatus(status)), header))
            self.peer.spin(0.05)


@pytest.fixture
def client(peer, ros_context):
    node = RecoveryNode(context=ros_context, parameter_overrides=[Parameter("patience", value=1.5)])
    peer.add(node)
    yield Client(peer)
    node.destroy_node()


def test_a_goal_starts_the_follower_tells_of_it_and_a_cancel_stops_it(client):
    goal = client.send(tracked_frame="the man in the blue shirt")
    assert goal.accepted
    result = goal.get_result_async()
    client.say("lost", lambda: bool(client.feedback))
    assert client.feedback[-1].state == FollowObject.Feedback.INITIAL_PERCEPTION
    client.say("tracked", lambda: client.feedback[-1].state == FollowObject.Feedback.CONTROLLING)
    client.say("searching", lambda: client.feedback[-1].state == FollowObject.Feedback.RETRY)
    client.say("searching", lambda: bool(client.sentences))
    assert client.sentences[-1].data == "the man in the blue shirt"
    assert client.enabled == [True] and client.feedback[-1].num_retries == 1
    goal.cancel_goal_async()
    client.say("tracked", lambda: client.enabled == [True, False])
    client.say("tracked", result.done)
    assert result.result().status == CANCELED and "standing" in result.result().result.error_msg


@pytest.mark.parametrize("sentence", ["folge dem Mann", "do not follow the man in red", "where is she?"])
def test_a_sentence_that_names_nobody_to_follow_is_no_goal(client, sentence):
    assert not client.send(tracked_frame=sentence).accepted
    assert client.enabled == [] and client.sentences == []


def test_a_cancelled_goal_says_so_where_the_controller_does_not_confirm(client):
    goal = client.send(tracked_frame="target")
    result = goal.get_result_async()
    client.say("tracked", lambda: bool(client.feedback))
    client.agrees = False
    goal.cancel_goal_async()
    client.say("tracked", result.done)
    assert result.result().status == CANCELED
    assert result.result().result.error_code == FollowObject.Result.FAILED_TO_CONTROL
    assert "standing" not in result.result().result.error_msg.split(";")[0]


def test_it_succeeds_when_its_time_is_over(client):
    result = client.send(seconds=1, tracked_frame="target").get_result_async()
    client.say("tracked", result.done)
    assert result.result().status == SUCCEEDED and client.enabled == [True, False]
    assert result.result().result.total_elapsed_time.sec >= 1


def test_a_target_never_seen_aborts_it(client):
    result = client.send(tracked_frame="target").get_result_async()
    client.say("lost", result.done)
    assert result.result().status == ABORTED and client.enabled == [True, False]
    assert result.result().result.error_code == FollowObject.Result.FAILED_TO_DETECT_OBJECT


def test_a_target_without_any_detection_yet_is_searched_until_the_goal_ends(client):
    wishes = client.peer.collect(Twist, "recovery/cmd_vel", qos.COMMAND)
    odometry = client.peer.publisher(Odometry, "odom", qos.LATEST)
    odometry_of = lambda: Odometry(  # noqa: E731
        header=Header(stamp=stamp_from_seconds(time.time()), frame_id="odom"), child_frame_id="base_link"
    )

    def turns():
        odometry.publish(odometry_of())
        return any(wish.angular.z != 0.0 for wish in wishes)

    start = time.monotonic()
    while time.monotonic() - start < 2.0:  # without a goal nothing is searched
        client.say("lost", lambda: True)
        client.peer.spin(0.05)
        assert not turns()
    goal = client.send(tracked_frame="the man in the blue shirt")
    client.say("lost", turns)
    goal.cancel_goal_async()
    client.say("lost", lambda: wishes[-1].angular.z == 0.0)


@pytest.mark.parametrize("goal", [{"pose_topic": "detected_pose"}, {"tracked_frame": "dock_frame"}])
def test_what_cannot_be_followed_is_refused_and_nothing_starts(client, goal):
    assert not client.send(**goal).accepted
    assert client.enabled == []


def test_a_newer_goal_replaces_the_last(client):
    result = client.send(tracked_frame="target").get_result_async()
    assert client.send(tracked_frame="target").accepted
    client.say("tracked", result.done)
    assert result.result().status == ABORTED
    client.say("tracked", lambda: client.enabled == [True, True])


@pytest.mark.parametrize("way", ["topic", "parameter"])
@pytest.mark.parametrize("sentence", ["stop", "the man in the blu jacket"])
def test_no_goal_and_no_follow_for_the_target_of_a_sentence_that_names_nobody(client, peer, way, sentence):
    if way == "parameter":
        assert peer.set_parameters("recovery", instruction=sentence)[0].successful
    else:
        peer.publisher(String, "instruction", qos.LATCHED).publish(String(data=sentence))
        asked = peer.node.create_client(GetParameters, "recovery/get_parameters")
        request = GetParameters.Request(names=["instruction"])
        peer.wait_until(lambda: peer.ask(asked, request).values[0].string_value == sentence, "the sentence")
    assert not client.send(tracked_frame="target").accepted
    answer = peer.ask(peer.node.create_client(SetBool, "follow"), SetBool.Request(data=True))
    assert not answer.success and answer.message
    assert client.enabled == []
    assert client.send(tracked_frame="the man in the blue shirt").accepted, "a goal with a sentence of its own"
