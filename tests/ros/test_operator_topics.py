"""What a person types arrives from every kind of publisher, once, and in order; also what was said before the node."""

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from track_common.ros.operator_topics import listen_to_operator
from trackvla_ros.nodes.planner_node import PlannerNode

pytestmark = pytest.mark.ros

PUBLISHERS = {  # what offers it
    "ros2 topic pub, rqt": QoSProfile(depth=10),
    "ours": QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
    "a web panel": QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
    "best effort and latched": QoSProfile(
        depth=1, reliability=ReliabilityPolicy.BEST_EFFORT, durability=DurabilityPolicy.TRANSIENT_LOCAL
    ),
}


def matched(offer: QoSProfile) -> int:
    """How many of the three readers such a publisher meets."""
    is_reliable = offer.reliability == ReliabilityPolicy.RELIABLE
    is_latched = offer.durability == DurabilityPolicy.TRANSIENT_LOCAL
    return 1 + is_reliable + (is_reliable and is_latched)


@pytest.mark.parametrize("name", PUBLISHERS)
def test_a_message_of_any_publisher_is_taken_once_and_in_order(peer, name):
    taken: list[str] = []
    listen_to_operator(peer.node, String, "instruction", lambda message: taken.append(message.data))
    publisher = peer.publisher(String, "instruction", PUBLISHERS[name], readers=matched(PUBLISHERS[name]))
    words = [f"follow number {number}" for number in range(5)]
    for word in words:
        publisher.publish(String(data=word))
        peer.wait_until(lambda word=word: word in taken, word)
    peer.spin(0.2)
    assert taken == words


def test_the_same_words_twice_are_two_messages(peer):
    taken: list[str] = []
    listen_to_operator(peer.node, String, "instruction", lambda message: taken.append(message.data))
    publisher = peer.publisher(String, "instruction", 10, readers=2)
    for count in (1, 2):
        publisher.publish(String(data=""))
        peer.wait_until(lambda count=count: len(taken) >= count, "the empty sentence")
    peer.spin(0.2)
    assert taken == ["", ""]


def test_a_node_that_starts_later_hears_what_was_latched(peer):
    publisher = peer.node.create_publisher(String, "instruction", PUBLISHERS["ours"])
    publisher.publish(String(data="follow her"))
    taken: list[str] = []
    listen_to_operator(peer.node, String, "instruction", lambda message: taken.append(message.data))
    peer.wait_until(lambda: taken == ["follow her"], "the latched sentence")


@pytest.mark.parametrize("name", PUBLISHERS)
def test_the_planner_takes_a_sentence_from_any_publisher(peer, ros_context, name):
    node = PlannerNode(context=ros_context)
    peer.add(node)
    try:
        publisher = peer.publisher(String, "instruction", PUBLISHERS[name], readers=matched(PUBLISHERS[name]))
        publisher.publish(String(data="follow the man in the red shirt"))
        sentence = "follow the man in the red shirt"
        peer.wait_until(lambda: node.get_parameter("instruction").value == sentence, "the sentence")
    finally:
        node.on_shutdown()
        peer.remove(node)
        node.destroy_node()


def test_readers_that_complete_each_other_warn_of_nothing(peer, capfd):
    taken: list[str] = []
    listen_to_operator(peer.node, String, "instruction", lambda message: taken.append(message.data))
    publisher = peer.node.create_publisher(String, "instruction", PUBLISHERS["a web panel"])
    peer.wait_until(lambda: publisher.get_subscription_count() == 1, "the reader that fits")
    peer.spin(0.5)
    assert "incompatible QoS" not in "".join(
        line for line in capfd.readouterr().err.splitlines() if "publisher discovered" in line
    )
