"""Services that any ROS user finds, with standard types: start, stop, status. The controller node serves them.

std_srvs has no service with a text, so the description comes on the topic ``instruction`` (or as the parameter of that
name), and ``start`` follows what was said last. Nav2's action ``follow_object`` takes both in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

from track_common.instruction import parse_instruction
from track_common.ros import qos
from track_common.ros.operator_topics import listen_to_operator, quiet_writer

HOW_TO_SAY = (
    "publish a description first: ros2 topic pub --once {topic} std_msgs/msg/String \"{{data: 'the man in blue'}}\""
)


class FollowServices:
    """Views of the controller's parameter ``armed`` and of the topic ``instruction``; they own nothing."""

    def __init__(self, node: Node, arm: Callable[[bool], None], said: Mapping[str, str]) -> None:
        """Serve.

        Args:
            node: the controller.
            arm: sets its parameter ``armed``; where it is False, the stop has been sent when it returns.
            said: what the node said last on ``control_status`` and ``stop_reason``.
        """
        self._arm, self._said = arm, said
        self._sentence: str | None = None  # None: not heard; a launch argument is not on the topic
        # Volatile: a node that starts later must not hear a stop that is over.
        self._instructions = node.create_publisher(String, "instruction", qos.RELIABLE, event_callbacks=quiet_writer())
        listen_to_operator(node, String, "instruction", self._on_instruction)
        node.create_service(Trigger, "start", self._on_start)
        node.create_service(Trigger, "stop", self._on_stop)
        node.create_service(Trigger, "status", self._on_status)

    def _on_instruction(self, message: String) -> None:
        self._sentence = message.data

    def _on_start(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Refused where the last sentence was empty, a stop, or not understood."""
        refusal = "" if self._sentence is None else parse_instruction(self._sentence).standstill_reason
        if self._sentence == "":
            refusal = HOW_TO_SAY.format(topic=self._instructions.topic_name)
        if not refusal:
            self._arm(True)
        response.success = not refusal
        response.message = f"standing: {refusal}" if refusal else f"following {self._target}"
        return response

    def _on_stop(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """The controller stands when the answer leaves; tracker and planner forget the target."""
        self._arm(False)
        self._sentence = ""
        self._instructions.publish(String(data=""))
        response.success, response.message = True, "disarmed: standing"
        return response

    def _on_status(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """``success`` is True while the robot may move."""
        reason = self._said.get("stop_reason", "")
        status = self._said.get("control_status", "") or "starting"
        response.success = not reason and status != "starting"
        response.message = f"target: {self._target}; status: {status}" + (f"; standing: {reason}" if reason else "")
        return response

    @property
    def _target(self) -> str:
        if self._sentence is None:
            return "whom tracker and planner were started with"
        return f"'{self._sentence}'" if self._sentence.strip() else "nobody"
