"""Subscriptions that look at a message's length before it becomes Python objects.

rclpy takes 5 s to make a path of 100 000 poses (7 MB): a length that is checked in the callback is checked too late.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

from track_common.ros.images import MessageError

MAX_PATH_BYTES = 64 << 10  # 500 poses with frame_ids of 50 characters; 0.05 s to take in
MAX_DETECTIONS_BYTES = 256 << 10  # 200 detections with a hypothesis and long labels each have 100 kB


def subscribe_bounded(
    node: Node,
    kind: type,
    topic: str,
    on_message: Callable[[Any], None],
    profile: QoSProfile,
    max_bytes: int,
    on_refused: Callable[[MessageError], None],
) -> Subscription:
    """A subscription that hands over messages of at most ``max_bytes``.

    Args:
        kind: the message's type.
        on_message: gets each message that is short enough.
        max_bytes: of the serialized message (CDR).
        on_refused: gets the error of each other one; its text names size and limit.
    """

    def on_bytes(data: Any) -> None:
        if isinstance(data, kind):  # handed over within the process, so already made
            on_message(data)
            return
        try:
            if len(data) > max_bytes:
                raise MessageError(f"message has {len(data)} bytes; wanted at most {max_bytes}")
            message = _deserialized(data, kind)
        except MessageError as error:
            on_refused(error)
            return
        on_message(message)

    return node.create_subscription(kind, topic, on_bytes, profile, raw=True)


def _deserialized(data: bytes, kind: type) -> Any:
    try:
        return deserialize_message(data, kind)
    except Exception as error:  # noqa: BLE001 - what the middleware's reader raises is not documented
        raise MessageError(f"{len(data)} bytes are no {kind.__name__}: {error}") from error
