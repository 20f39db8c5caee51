"""Driver webrtc, by its real package, and a robot's WebRTC end in another process: real ICE, DTLS and SCTP on loopback.

Needs the optional pins (`pip install --no-deps -r requirements/webrtc.txt`), so it is left out where they are not.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("aiortc", reason="optional: requirements/webrtc.txt")
pytest.importorskip("curl_cffi", reason="optional: requirements/webrtc.txt")

ROOT = Path(__file__).parents[2]
ADDRESS = "127.0.0.2"  # the robot's port is fixed: an address of its own keeps it free
MOVE, STOP_MOVE = 1008, 1003

DRIVE = f"""
import time
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.registry import make_driver
from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.webrtc import WebRtcLink
from track_common.types import VelocityCommand

link = WebRtcLink("{ADDRESS}")
driver = make_driver("webrtc", BridgeConfig().limits, link.transmit)
news = []
for tick in range(100):
    driver.send(VelocityCommand(0.4, -0.1, 0.2), 0.02 * tick) if tick < 50 else driver.stop(0.02 * tick)
    news += link.news()
    time.sleep(0.02)
link.close()
states = [item for item in news if isinstance(item, RobotState)]
health = [item for item in news if isinstance(item, Health)]
print("SEEN", len(states), states[-1].error_code, health[-1].battery)
"""


@pytest.fixture
def robot():
    command = [sys.executable, "-m", "tests.helpers.webrtc_robot", ADDRESS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield process
        process.kill()


def test_moves_and_stops_arrive_and_the_robots_state_comes_back(robot):
    done = subprocess.run([sys.executable, "-c", DRIVE], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    time.sleep(0.3)
    robot.kill()
    calls = [json.loads(line) for line in robot.stdout.read().splitlines() if line.startswith("{")]
    assert {call["api"] for call in calls} == {MOVE, STOP_MOVE}
    assert all(call["parameter"] == {"x": 0.4, "y": -0.1, "z": 0.2} for call in calls if call["api"] == MOVE)
    assert sum(call["api"] == MOVE for call in calls) == 50, "an ordered, reliable channel loses none"
    assert 15 <= sum(call["api"] == STOP_MOVE for call in calls) <= 16, "StopMove for 0.3 s, then silence"
    assert len({call["id"] for call in calls}) == len(calls)
    count, code, battery = done.stdout.rsplit("SEEN", 1)[1].split()
    assert int(count) > 5 and (code, battery) == ("1013", "77.0")


def test_a_robot_that_is_not_there_is_named():
    code = "from go2_bridge.drivers.webrtc import WebRtcLink; WebRtcLink('127.0.0.3')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "driver 'webrtc' cannot reach the robot at 127.0.0.3" in done.stderr
