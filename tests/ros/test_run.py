"""A node's main over real signals: one exit code, no traceback, and the last word still gets out."""

import signal
import subprocess
import sys
import time

import pytest
from std_msgs.msg import String

pytestmark = pytest.mark.ros

NODE = """
import rclpy
from rclpy.node import Node
from std_msgs.msg import String
from track_common.config import ConfigError
from track_common.ros.run import run_node

class Talker(Node):
    def __init__(self):
        super().__init__("talker")
        self.declare_parameter("is_broken", False)
        if self.get_parameter("is_broken").value:
            raise ConfigError("speed is 9; wanted 0..2 m/s")
        self.publisher = self.create_publisher(String, "words", 10)
        self.create_timer(0.05, lambda: self.publisher.publish(String(data="running")))

    def on_shutdown(self):
        self.publisher.publish(String(data="stop"))

run_node(Talker)
"""


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-c", NODE, *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_a_signal_ends_the_node_cleanly_and_its_last_message_arrives(ros_environment, peer, signals):
    process = start(ros_environment)
    words = peer.collect(String, "words")
    peer.wait_until(lambda: bool(words), "the first word")
    for number in signals:
        process.send_signal(number)
        time.sleep(0.005)
    peer.wait_until(lambda: words[-1].data == "stop", "the last word")
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, "")


def test_a_bad_setting_is_one_line_and_code_2(ros_environment):
    process = start(ros_environment, "--ros-args", "-p", "is_broken:=true")
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (2, "error: speed is 9; wanted 0..2 m/s\n")
