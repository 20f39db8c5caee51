"""Topics that a person or a panel publishes: heard whatever quality of service the publisher offers.

`ros2 topic pub` and rqt are volatile, a node that tells a late joiner is transient local, web panels and
micro-controllers are often best effort. No single reader matches all of them and gets history too: one that asks for
transient local or reliable never meets a writer that offers less.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from track_common.ros import qos

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble's name of the module
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks  # pyright: ignore

REMEMBERED = 32  # messages; the same one comes by up to three readers within milliseconds


def listen_to_operator(node: Node, kind: type, topic: str, take: Callable[[Any], None]) -> Subscription:
    """Call ``take`` once for every message of ``topic``, the last one of a transient local publisher included.

    Args:
        node: whose executor calls ``take``.
        kind: message class.
        topic: relative name.
        take: gets the message.

    Returns:
        One of the subscriptions, for the topic's name.
    """
    taken: deque[tuple[int, Any]] = deque(maxlen=REMEMBERED)

    def take_once(message: Any, info: Any) -> None:
        sample = int(info["source_timestamp"] or 0), message
        if sample[0] and sample in taken:
            return  # by another of the readers
        taken.append(sample)
        take(message)

    def take_best_effort(message: Any, info: Any) -> None:
        """Only where some publisher is: what this reader loses of a reliable one would come after what followed it."""
        publishers = node.get_publishers_info_by_topic(first.topic_name)
        if any(publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for publisher in publishers):
            take_once(message, info)

    readers: list[tuple[Any, QoSProfile]] = [  # Any: rclpy's annotations know no callback with the message's info
        (take_once, qos.OPERATOR_LATCHED),
        (take_once, qos.OPERATOR_RELIABLE),
        (take_best_effort, qos.OPERATOR_BEST_EFFORT),
    ]
    first, *_ = [
        node.create_subscription(kind, topic, callback, profile, event_callbacks=quiet_reader())
        for callback, profile in readers
    ]
    return first


def quiet_reader() -> SubscriptionEventCallbacks:
    """Of a reader beside which another one takes what this one cannot: rclpy's warning would name a fault that is none.

    A publisher that none of a node's readers hears is named by ``topic_check``.
    """
    return SubscriptionEventCallbacks(incompatible_qos=_is_expected)


def quiet_writer() -> PublisherEventCallbacks:
    """Of a writer to readers of ``listen_to_operator``, of which some ask for more than the writer offers."""
    return PublisherEventCallbacks(incompatible_qos=_is_expected)


def _is_expected(_event: object) -> None:
    """Nothing to do."""
