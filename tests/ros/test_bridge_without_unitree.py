"""A bridge where Unitree's messages are not installed: drivers without them start, the others say what to type."""

import subprocess
import sys

import pytest
from std_srvs.srv import SetBool

pytestmark = pytest.mark.ros

WITHOUT = """
import sys
sys.modules["unitree_api"] = sys.modules["unitree_go"] = None
from trackvla_cli.executables import bridge_node
bridge_node()
"""


def start(environment: dict[str, str], driver: str) -> subprocess.Popen:
    command = [sys.executable, "-c", WITHOUT, "--ros-args", "-p", f"driver:={driver}"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("driver", ["fake", "simulator"])
def test_a_driver_without_unitrees_messages_serves(ros_environment, peer, driver):
    process = start(ros_environment, driver)
    try:
        answer = peer.ask(peer.node.create_client(SetBool, "arm"), SetBool.Request(data=False))
        assert (answer.success, answer.message) == (True, "disarmed")
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_driver_that_needs_them_says_what_to_type(ros_environment):
    process = start(ros_environment, "sport_topics")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert (
        said.startswith("error: No module named 'unitree_") and "type `make setup`" in said and "Traceback" not in said
    )
