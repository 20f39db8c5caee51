"""The robot's end of the line and the operator's hand: notes when commands and requests arrive, arms, presses, injects.

Times are monotonic seconds of this process, taken when a message is handed to it: its own delay counts against us.
"""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry, Path
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool, Header, String
from std_srvs.srv import SetBool, Trigger
from tf2_msgs.msg import TFMessage
from unitree_api.msg import Request
from vision_msgs.msg import Detection2D, Detection2DArray

from evt_bench.faults.ros.source import CAMERA, FIGURE_XYXY
from go2_bridge.drivers.sport_api import REQUEST_TOPIC, Api
from track_common.ros import qos
from track_common.ros.conversions import detections_from_sighting, stamp_from_seconds
from track_common.ros.frames import transform_from_matrix
from track_common.ros.question import Question
from track_common.types import Box, Sighting
from track_common.worker import Worker

BUTTON_PERIOD = 0.1  # s between two messages on e_stop
KEEP = 5000  # messages of each kind: over a minute at the fastest rate
ANSWER = 2.0  # s; a service that takes longer is not there
CLOSE_TIMEOUT = 5.0  # s for the thread to end
WATCHED = {"trajectory": (Path, qos.LATEST), "points": (PointCloud2, qos.SENSOR), "odom": (Odometry, qos.SENSOR)}


@contextmanager
def receiving(domain: int) -> Iterator[Receiver]:
    """A receiver in a ROS domain, for as long as the block lasts."""
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    receiver = Receiver(context)
    try:
        yield receiver
    finally:
        receiver.close()
        rclpy.try_shutdown(context=context)


class Receiver:
    """Spins a node of its own in a thread until ``close``."""

    def __init__(self, context: Context) -> None:
        self.node = Node("fault_bench", context=context, enable_rosout=False)
        self.commands: deque[tuple[float, bool]] = deque(maxlen=KEEP)  # received, whether it moves
        self.requests: deque[tuple[float, bool]] = deque(maxlen=KEEP)  # received, whether it is a Move
        self.reasons: deque[tuple[float, str]] = deque(maxlen=KEEP)  # received, the controller's reason to stop
        self.holds: deque[tuple[float, str]] = deque(maxlen=KEEP)  # received, the bridge's
        self.inputs: dict[str, deque[float]] = {name: deque(maxlen=KEEP) for name in WATCHED}
        self.boxed_at = -math.inf
        self._is_pressed = False
        self._second: Any = None
        self._listen()
        self._speak()
        self._is_closing = False
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._thread = Worker("receiver", self._spin)

    def close(self) -> None:
        """End the thread and the node."""
        self._is_closing = True
        self._executor.wake()
        self._thread.join(CLOSE_TIMEOUT)
        self._executor.shutdown()
        self.node.destroy_node()

    def prepare(self, has_tracker: bool) -> None:
        """What may be missing for a walk: a first box, the button released, the latch open, armed."""
        if has_tracker and time.monotonic() - self.boxed_at > 0.5:
            self._first_box.publish(_figure())
        self._is_pressed = False
        self._repeat_button()
        if self._second is not None:
            self.node.destroy_publisher(self._second)
            self._second = None
        self._call(self._reset, Trigger.Request())
        self._call(self._arm, SetBool.Request(data=True))

    def press(self) -> None:
        """The emergency button."""
        self._is_pressed = True
        self._repeat_button()

    def send_second_command(self) -> None:
        """One command of 0.5 m/s by a publisher beside the controller's, which stays until ``prepare``."""
        self._second = self._second or self.node.create_publisher(Twist, "cmd_vel", qos.COMMAND)
        twist = Twist()
        twist.linear.x = 0.5
        self._second.publish(twist)

    def send_unsound_trajectory(self) -> None:
        """One trajectory with NaN beside the planner's."""
        header = Header(stamp=stamp_from_seconds(time.time()), frame_id="base_link")
        pose = PoseStamped(header=header)
        pose.pose.position.x = math.nan
        self._trajectory.publish(Path(header=header, poses=[pose]))

    def _spin(self) -> None:
        while not self._is_closing:
            self._executor.spin_once(timeout_sec=0.1)

    def _listen(self) -> None:
        node = self.node
        node.create_subscription(Twist, "cmd_vel", self._on_command, qos.COMMAND)
        node.create_subscription(Request, REQUEST_TOPIC, self._on_request, qos.RELIABLE)
        node.create_subscription(String, "stop_reason", self._on_reason, qos.LATCHED)
        node.create_subscription(String, "bridge_trace", self._on_trace, qos.RELIABLE)
        node.create_subscription(Detection2DArray, "target_box", self._on_box, qos.LATEST)
        for topic, (kind, profile) in WATCHED.items():
            node.create_subscription(kind, topic, self._noting(self.inputs[topic]), profile, raw=True)

    def _speak(self) -> None:
        node = self.node
        self._trajectory = node.create_publisher(Path, "trajectory", qos.LATEST)
        self._button = node.create_publisher(Bool, "e_stop", qos.RELIABLE)
        node.create_timer(BUTTON_PERIOD, self._repeat_button)
        self._first_box = node.create_publisher(Detection2D, "init_box", qos.RELIABLE)
        self._arm = node.create_client(SetBool, "arm")
        self._reset = node.create_client(Trigger, "reset")
        self._mounts = node.create_publisher(TFMessage, "tf_static", qos.TF_STATIC)
        never = stamp_from_seconds(0.0)
        camera = transform_from_matrix(CAMERA.T_base_camera, never, "base_link", "camera")
        lidar = transform_from_matrix(np.eye(4), never, "base_link", "lidar")
        self._mounts.publish(TFMessage(transforms=[camera, lidar]))

    def _repeat_button(self) -> None:
        self._button.publish(Bool(data=self._is_pressed))

    def _call(self, client: Any, request: Any) -> None:
        if not client.service_is_ready():
            return
        question, end = Question(client, request), time.monotonic() + ANSWER
        while not question.is_answered and time.monotonic() < end:
            time.sleep(0.005)

    def _on_command(self, message: Twist) -> None:
        speeds = (message.linear.x, message.linear.y, message.angular.z)
        self.commands.append((time.monotonic(), any(speeds)))

    def _on_request(self, message: Request) -> None:
        api = message.header.identity.api_id
        if api in (Api.MOVE, Api.STOP_MOVE):
            self.requests.append((time.monotonic(), api == Api.MOVE))

    def _on_reason(self, message: String) -> None:
        self.reasons.append((time.monotonic(), message.data))

    def _on_trace(self, message: String) -> None:
        self.holds.append((time.monotonic(), json.loads(message.data)["reason"]))

    def _on_box(self, message: Detection2DArray) -> None:
        if message.detections:
            self.boxed_at = time.monotonic()

    @staticmethod
    def _noting(times: deque[float]) -> Any:
        return lambda _raw: times.append(time.monotonic())


def _figure() -> Detection2D:
    figure = Sighting(0.0, Box(np.array(FIGURE_XYXY, float)))
    return list(detections_from_sighting(figure, Header()).detections)[0]
