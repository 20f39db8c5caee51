"""A node's main over real signals: one exit code, no traceback, and the last word still gets out."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String
from tests.helpers.running_launch import wait_for

from track_common.ros.environment import clear_shared_memory

pytestmark = pytest.mark.ros
LOG = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)

NODE = """
import atexit
import ctypes
import logging
import sys
import time

import rclpy
from rclpy.node import Node
from std_msgs.msg import String
from track_common.config import ConfigError
from track_common.ros.run import run_node

def hang():
    ctypes.PyDLL(None).sleep(60)  # holding the interpreter's lock, as a middleware does that waits for ever

class Talker(Node):
    def __init__(self):
        super().__init__("talker")
        self.declare_parameter("is_broken", False)
        if self.get_parameter("is_broken").value:
            raise ConfigError("speed is 9; wanted 0..2 m/s")
        if "core speaks" in sys.argv:
            logging.getLogger("go2_bridge.drivers").warning("the core said %s at the start", "this")
            speak = lambda: logging.getLogger("vlt_ros.session").error("and %d later", 2)
            self.create_timer(0.1, speak)
        self.publisher = self.create_publisher(String, "words", 10)
        self.create_timer(0.05, lambda: self.publisher.publish(String(data="running")))

    def on_shutdown(self):
        self.publisher.publish(String(data="stop"))

if "missing package" in sys.argv:
    Talker.declare_parameter = lambda *_: __import__("onnxruntime_that_is_not_there")
if "fault at the start" in sys.argv:
    Talker.declare_parameter = lambda *_: 1 / 0
if "slow start" in sys.argv:
    Talker.declare_parameter = lambda *_: (open(sys.argv[-1], "w").close(), time.sleep(60))
if "interpreter's end" in sys.argv:
    atexit.register(hang)
if "node's destruction" in sys.argv:
    Talker.destroy_node = lambda node: hang()
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
    _, said = process.communicate(timeout=25)
    assert (process.returncode, said) == (0, "")


def test_a_bad_setting_is_one_line_and_code_2(ros_environment):
    process = start(ros_environment, "--ros-args", "-p", "is_broken:=true")
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (2, "error: speed is 9; wanted 0..2 m/s\n")


def test_a_missing_package_is_one_line_and_code_2(ros_environment):
    process = start(ros_environment, "missing package")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert said.startswith("error: No module named 'onnxruntime_that_is_not_there'; type `make setup`")


def test_a_fault_while_the_node_is_made_is_a_traceback_and_code_2_which_ends_the_launch(ros_environment):
    process = start(ros_environment, "fault at the start")
    _, said = process.communicate(timeout=40)
    assert process.returncode == 2
    assert "Traceback" in said and "error: the node could not be made" in said and "ZeroDivisionError" in said


def test_what_the_core_logs_is_on_rosout_with_the_nodes_name_and_its_severity(ros_environment, peer):
    """Also what it says while the node is made: a late reader gets it too, /rosout being transient local."""
    peer.node.create_subscription(Log, "/rosout", (entries := []).append, LOG)
    process = start(ros_environment, "core speaks")
    peer.wait_until(lambda: len(entries) > 1, "two records")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=25)
    wanted = [("talker", Log.WARN, "the core said this at the start"), ("talker", Log.ERROR, "and 2 later")]
    assert [(entry.name, entry.level, entry.msg) for entry in entries[:2]] == wanted


@pytest.mark.parametrize("where", ["node's destruction", "interpreter's end"])
def test_a_middleware_that_never_closes_cannot_keep_the_process_and_its_last_message_arrives(
    ros_environment, peer, where
):
    process = start(ros_environment, where)
    words = peer.collect(String, "words")
    peer.wait_until(lambda: bool(words), "the first word")
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    peer.wait_until(lambda: words[-1].data == "stop", "the last word")
    _, said = process.communicate(timeout=25)
    assert time.monotonic() - asked < 30.0, "the middleware hangs for 60 s"
    assert process.returncode == -signal.SIGALRM
    assert "in hang" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_node_is_made_leaves_no_shared_memory_behind(ros_environment, number, tmp_path):
    process = start(ros_environment, "slow start", str(tmp_path / "begun"))
    used = awaited_shared_memory(process.pid)
    wait_for((tmp_path / "begun").exists, 30.0, lambda: "the node to be made")
    process.send_signal(number)
    _, said = process.communicate(timeout=25)
    assert (process.returncode, said) == (130, "")
    assert not [path for path in used if path.exists()]


def test_what_a_killed_node_leaves_in_shared_memory_is_cleared(ros_environment, tmp_path):
    process = start(ros_environment, "slow start", str(tmp_path / "begun"))
    used = awaited_shared_memory(process.pid)
    process.kill()
    process.communicate(timeout=25)
    assert [path for path in used if path.exists()]
    clear_shared_memory()
    assert not [path for path in used if path.exists()]


def awaited_shared_memory(pid: int) -> set[Path]:
    """As soon as there is some."""
    end = time.monotonic() + 15.0
    while not shared_memory(pid):
        assert time.monotonic() < end, "waited 15 s for a participant"
        time.sleep(0.05)
    return shared_memory(pid)


def shared_memory(pid: int) -> set[Path]:
    """Fast DDS's segments a process holds."""
    words = Path(f"/proc/{pid}/maps").read_text().split()
    return {Path(word) for word in words if re.fullmatch("/dev/shm/fastrtps_[0-9a-f]{16}", word)}
