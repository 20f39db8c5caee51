"""The instruction of a node has one owner, the parameter ``instruction``; the topic of that name is a view of it.

A message on the topic sets the parameter, and a parameter that somebody sets is told on the topic, so that every node
of a robot has the same sentence, whichever way it came in.
"""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import String

from track_common.config import ConfigError
from track_common.instruction import parse_instruction
from track_common.ros import qos
from track_common.ros.operator_topics import listen_to_operator
from track_common.ros.parameters import assign

PARAMETER = TOPIC = "instruction"


class InstructionTopic:
    """Joins topic and parameter for a node that has declared the parameter.

    The node acts on the parameter alone: the same sentence again changes nothing, whichever way it comes. Only one
    that names nobody to follow (an empty one, a stop) is never ignored: ``stop_again`` gets it even where the parameter
    has it already, for a target may have been given by a box meanwhile. A sentence of ours on the topic that is
    overtaken by another publisher's is withdrawn: it is latched, and a node that starts later must not hear it.
    """

    def __init__(self, node: Node, stop_again: Callable[[str], None]) -> None:
        self._node, self._stop_again = node, stop_again
        self._heard: str | None = None  # the sentence that is being taken from the topic
        self._told: str | None = None  # the sentence of ours that the topic has
        self._publisher: Publisher = node.create_publisher(String, TOPIC, qos.LATCHED)
        listen_to_operator(node, String, TOPIC, self._on_message)

    def tell(self, instruction: str) -> None:
        """The parameter has changed; call it from the node's ``on_change``."""
        if instruction == self._heard:
            return  # the topic said it
        self._told = instruction
        self._publisher.publish(String(data=instruction))

    def _on_message(self, message: String) -> None:
        instruction = message.data
        if self._told is not None and instruction != self._told:
            self._node.destroy_publisher(self._publisher)
            self._publisher, self._told = self._node.create_publisher(String, TOPIC, qos.LATCHED), None
        is_known = self._node.get_parameter(PARAMETER).value == instruction
        if is_known and not parse_instruction(instruction).is_understood:
            self._stop_again(instruction)
        self._heard = instruction
        try:
            assign(self._node, instruction=instruction)
        except ConfigError as error:
            self._stop_again("")
            self._node.get_logger().error(f"instruction '{instruction[:100]}' refused, stopping: {error}")
        finally:
            self._heard = None
