"""The acceptance commands, the bridge's executable and a walking GO2 of plain DDS: all stages, in order."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from std_msgs.msg import Bool
from tests.helpers.fake_go2 import MOVE, STOP_MOVE, WalkingGo2
from tests.helpers.running_launch import wait_for

from track_common.ros import qos

pytestmark = pytest.mark.ros
BIN = Path(sys.executable).parent
HAS_SDK2 = importlib.util.find_spec("unitree_sdk2py") is not None
SDK2 = ("--ros-args", "-p", "driver:=sdk2", "-p", "network_interface:=lo")


class Scene:
    """A walking robot, a bridge, an operator who holds the deadman: all live while ``accept`` runs."""

    def __init__(self, peer, domain, environment, ledger, bridge=()):
        self.robot, self._peer, self._environment, self._ledger = WalkingGo2(domain), peer, environment, ledger
        command = [str(BIN / "bridge_node"), *bridge]
        self.bridge = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.is_held = True
        deadman = peer.node.create_publisher(Bool, "deadman", qos.RELIABLE)
        peer.node.create_timer(0.1, lambda: deadman.publish(Bool(data=self.is_held)))
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def _live(self):
        while not self._is_over.is_set():
            self.robot.step()
            self._peer.spin(0.01)

    def start(self, *words):
        return subprocess.Popen(
            [str(BIN / "trackvla"), "go2", *words, "--yes"],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def accept(self, stage):
        process = self.start("accept", "--stage", stage, "--ledger", str(self._ledger))
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def close(self):
        self._is_over.set()
        self._thread.join()
        self.bridge.kill()
        self.bridge.communicate(timeout=10)


@pytest.fixture
def scene(request, peer, ros_domain, ros_environment, tmp_path):
    scene = Scene(peer, ros_domain, ros_environment, tmp_path / "ledger.json", getattr(request, "param", ()))
    yield scene
    scene.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_all_stages_pass_in_order_on_a_robot_that_walks(scene, tmp_path):
    code, output = scene.accept("S1")
    assert code == 1 and "S0 has not been passed" in output
    for stage in ("S0", "S1", "S2"):
        code, output = scene.accept(stage)
        assert code == 0, output
        if stage == "S0":
            assert {call.api_id for call in scene.robot.calls} == {STOP_MOVE}
    runs = json.loads((tmp_path / "ledger.json").read_text())
    assert [(run["stage"], run["passed"]) for run in runs] == [("S0", True), ("S1", True), ("S2", True)]
    assert 0.1 < ((scene.robot.x) ** 2 + (scene.robot.y) ** 2) ** 0.5 < 1.0


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param((), id="sport_topics"),
        pytest.param(SDK2, id="sdk2", marks=pytest.mark.skipif(not HAS_SDK2, reason="unitree_sdk2py is not installed")),
    ],
    indirect=True,
)
def test_ctrl_c_stops_the_robot_and_disarms(scene):
    process = scene.start("characterise", "--axes", "vx", "--linear", "0.3")
    deadline = time.monotonic() + 90.0
    while not any(call.api_id == MOVE for call in scene.robot.calls):
        assert time.monotonic() < deadline and process.poll() is None, "waited for a Move"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=40)
    wait_for(lambda: is_stopped(scene.robot), 15.0, lambda: "StopMoves after the last Move")
    assert process.returncode == 1 and "interrupted" in output
    before = sum(call.api_id == MOVE for call in scene.robot.calls)
    time.sleep(0.5)
    assert sum(call.api_id == MOVE for call in scene.robot.calls) == before


def is_stopped(robot):
    """Whether the last calls were StopMoves, and more than one may have lost."""
    last = [call.api_id for call in list(robot.calls)[-4:]]
    return last == [STOP_MOVE] * 4
