"""A camera as a node takes it in: raw or compressed, whichever is published, and whether it sends often enough.

The compressed topic lies beside the raw one wherever that is remapped to, as image_transport has it.
"""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from track_common.rate_alarm import RateAlarm
from track_common.ros import qos
from track_common.ros.diagnostics import Diagnostics
from track_common.ros.stamps import seconds_from_stamp

RAW = "image_raw"
TRANSPORTS = ("auto", "raw", "compressed")
LOOK_PERIOD = 0.5  # s between two looks at which of the topics has a publisher
ALARM = "camera_rate"


def compressed_topic(node: Node, raw: str = RAW) -> str:
    """The topic of compressed images: the remapped raw one's ``/compressed``, unless itself is remapped."""
    own = node.resolve_topic_name(f"{raw}/compressed")
    is_remapped = own != node.resolve_topic_name(f"{raw}/compressed", only_expand=True)
    return own if is_remapped else f"{node.resolve_topic_name(raw)}/compressed"


class CameraTopic:
    """Subscribes to the images of one camera for as long as it is not closed."""

    def __init__(
        self,
        node: Node,
        diagnostics: Diagnostics,
        take: Callable[[Image | CompressedImage], None],
        transport: str = "auto",
        camera_rate: float = 0.0,
    ) -> None:
        """Subscribe.

        Args:
            node: whose executor calls ``take``.
            diagnostics: where the rate is shown, and warned of.
            take: gets each image.
            transport: of ``TRANSPORTS``; auto takes raw images, or compressed ones where only those are published.
            camera_rate: images a second that the operator expects, Hz; 0 = the highest rate camera_info has had.
        """
        self._node, self._diagnostics, self._take = node, diagnostics, take
        self._rate = RateAlarm(camera_rate)
        self._raw, self._compressed = node.resolve_topic_name(RAW), compressed_topic(node)
        self.subscription = self._subscribe(is_raw=transport != "compressed")
        self._infos = node.create_subscription(CameraInfo, "camera_info", self._on_info, qos.SENSOR)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(LOOK_PERIOD, self._look, clock=steady) if transport == "auto" else None

    def close(self) -> None:
        """Take no more images."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self.subscription)
        self._node.destroy_subscription(self._infos)
        self._diagnostics.alarm(ALARM, "")

    def on_image(self, message: Image | CompressedImage) -> None:
        """What the subscription calls; also for whoever takes messages from it by hand."""
        self._rate.on_image(seconds_from_stamp(message.header.stamp))
        self._diagnostics.set("camera_hz", f"{self._rate.hz:.1f}")
        self._diagnostics.alarm(ALARM, self._rate.fault)
        self._take(message)

    def _on_info(self, message: CameraInfo) -> None:
        self._rate.on_info(seconds_from_stamp(message.header.stamp))

    def _subscribe(self, is_raw: bool) -> Subscription:
        kind, topic = (Image, self._raw) if is_raw else (CompressedImage, self._compressed)
        self._is_raw = is_raw
        return self._node.create_subscription(kind, topic, self.on_image, qos.SENSOR)

    def _look(self) -> None:
        """Change over where only the other topic has a publisher."""
        ours, other = (self._raw, self._compressed) if self._is_raw else (self._compressed, self._raw)
        if self._node.count_publishers(ours) > 0 or self._node.count_publishers(other) == 0:
            return
        self._node.destroy_subscription(self.subscription)
        self.subscription = self._subscribe(not self._is_raw)
        self._node.get_logger().info(f"images come on {other}")
