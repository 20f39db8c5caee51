"""Driver sdk2 and a robot of Unitree's own server classes in another process, over DDS on the loopback."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("unitree_sdk2py", reason="type `pip install --no-deps -r requirements/sdk2.txt`")
from tests.helpers.sdk2_robot import APIS

pytestmark = pytest.mark.ros
ROOT = Path(__file__).parents[2]
CARD = "lo"
MOVE, STOP_MOVE, STAND_UP = 1008, 1003, 1004

DRIVE = f"""
import sys, time
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.registry import make_driver
from go2_bridge.drivers.sdk2 import Sdk2Link
from go2_bridge.drivers.sport_api import Api, SportRequest
from track_common.types import VelocityCommand

link = Sdk2Link("{CARD}", int(sys.argv[1]))
driver = make_driver("sdk2", BridgeConfig().limits, link.transmit)
link.transmit(SportRequest(Api.STAND_UP))
time.sleep(0.2)
slowest = 0.0
for tick in range(60):
    begin = time.monotonic()
    if tick < 30:
        driver.send(VelocityCommand(9.0 if tick else 0.4, -0.1, 0.2), 0.02 * tick)
    else:
        driver.stop(0.02 * tick)
    slowest = max(slowest, time.monotonic() - begin)
    time.sleep(max(0.0, 0.02 - time.monotonic() + begin))
time.sleep(0.3)
print(slowest)
"""


def test_moves_stops_and_postures_reach_unitrees_own_server(ros_domain):
    """The SDK keeps one participant a process, so the driver has a process too."""
    server = [sys.executable, "-m", "tests.helpers.sdk2_robot", str(ros_domain), CARD]
    with subprocess.Popen(server, cwd=ROOT, stdout=subprocess.PIPE, text=True) as robot:
        try:
            assert robot.stdout is not None
            assert any(line.strip() == "ready" for line in iter(robot.stdout.readline, ""))
            done = subprocess.run(
                [sys.executable, "-c", DRIVE, str(ros_domain)], capture_output=True, text=True, timeout=60, check=True
            )
            time.sleep(0.5)
        finally:
            robot.kill()
        calls = [json.loads(line) for line in robot.stdout.read().splitlines() if line.startswith("{")]
    assert {call["api"] for call in calls} == {STAND_UP, MOVE, STOP_MOVE} < set(APIS)
    moves = [call for call in calls if call["api"] == MOVE]
    stops = [call for call in calls if call["api"] == STOP_MOVE]
    assert len(moves) >= 28, "50 Hz arrive"
    assert moves[0]["parameter"] == {"x": 0.4, "y": -0.1, "z": 0.2}
    assert moves[-1]["parameter"]["x"] == 0.8, "clamped by the driver"
    assert 14 <= len(stops) <= 16, "StopMove for 0.3 s, then silence"
    assert calls[0]["api"] == STAND_UP and calls.index(stops[0]) == 1 + len(moves)
    assert float(done.stdout.split()[-1]) < 5.0, "sending must not hold the bridge up"


def test_a_card_that_is_not_there_is_named(ros_domain):
    code = f"from go2_bridge.drivers.sdk2 import Sdk2Link; Sdk2Link('nocard7', {ros_domain})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "network_interface 'nocard7' cannot be used" in done.stderr
