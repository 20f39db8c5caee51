"""The way of README's «On a GO2» beside an apt ROS, emulated: make colcon, source, doctor, and every node starts.

`make test-apt` runs it. The emulation sees the ROS packages, Ubuntu's compilers and nothing of this environment.
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.helpers.emulated_ros import make

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.apt_emulation, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
NODES = {
    "bridge_node": "bridge",
    "controller_node": "controller",
    "planner_node": "planner",
    "recorder_node": "recorder",
    "recovery_node": "recovery",
    "robot_state_node": "robot_state",
    "sim_node": "simulator",
    "tracker_node": "tracker",
    "video_node": "video",
}
INTERRUPTED = 130  # where the node was still being made
BUILD_TIMEOUT, START_TIMEOUT, END_TIMEOUT = 1100, 60.0, 20.0  # s


@dataclass(frozen=True)
class Machine:
    """A clone of this repository on a machine with an apt ROS; ``built`` is the output of its first `make colcon`."""

    ros: Path
    clone: Path
    built: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """A fresh login's, with the pip settings of this machine."""
        kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "HOME"}
        return {**kept, "PATH": "/usr/local/bin:/usr/bin:/bin", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}

    def command(self, line: str, sources: str = "install/setup.bash") -> list[str]:
        """A bash line after sourcing ROS and, where named, the workspace."""
        sourced = f"source {self.ros} && " + (f"source {sources} && " if sources else "")
        return ["bash", "-c", sourced + line]

    def run(self, line: str, sources: str = "install/setup.bash") -> subprocess.CompletedProcess:
        """The bash line in the clone, to its end."""
        command = self.command(line, sources)
        return subprocess.run(
            command, cwd=self.clone, env=self.environment, capture_output=True, text=True, timeout=BUILD_TIMEOUT
        )


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Machine:
    """Made as README says: ROS sourced, `make colcon`."""
    root = tmp_path_factory.mktemp("machine")
    clone = root / "trackvla_ros"
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in files.stdout.splitlines():
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    bare = Machine(make(root), clone)
    done = bare.run("make colcon", sources="")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    yield Machine(bare.ros, clone, done.stdout)
    shutil.rmtree(root, ignore_errors=True)


def test_the_set_up_builds_what_this_ros_lacks_once(machine):
    assert "message packages with colcon into install/: unitree_api, unitree_go" in machine.built
    again = machine.run("make colcon")
    assert again.returncode == 0, again.stderr
    assert "message packages" not in again.stdout and "Python packages" not in again.stdout


def test_after_sourcing_the_command_is_on_the_path_and_misses_nothing(machine):
    done = machine.run("command -v trackvla && trackvla doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0] == str(machine.clone / "install" / "trackvla_ros" / "bin" / "trackvla")
    assert f"in {machine.clone}/install/unitree_go, hash as in the real package" in done.stdout


def test_the_launcher_finds_the_built_executables(machine):
    done = machine.run("trackvla launch sim --print")
    assert f"{machine.clone}/install/trackvla_ros/lib/trackvla_ros/controller_node" in done.stdout, done.stderr


@pytest.mark.parametrize("executable", NODES)
def test_every_node_starts_and_ends_when_it_is_told_to(machine, executable, peer, ros_domain, tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    options = f"-p video:={tmp_path} -p loop:=true" if executable == "video_node" else ""
    line = (
        f"cd {tmp_path} && exec {machine.clone}/install/trackvla_ros/lib/trackvla_ros/{executable} --ros-args {options}"
    )
    environment = {**machine.environment, "ROS_DOMAIN_ID": str(ros_domain), "ROS_LOG_DIR": str(tmp_path)}
    command = machine.command(line)
    with subprocess.Popen(
        command, cwd=machine.clone, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            peer.wait_until(
                lambda: NODES[executable] in peer.node.get_node_names() or process.poll() is not None,
                executable,
                START_TIMEOUT,
            )
            assert process.poll() is None, process.communicate()[1]
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=END_TIMEOUT)
        finally:
            process.kill()
    assert process.returncode in (0, INTERRUPTED) and "Traceback" not in said, said


def test_a_driver_whose_messages_were_not_sourced_says_what_to_type(machine):
    done = machine.run(".venv/bin/bridge_node", sources="")
    assert done.returncode == 2
    assert "No module named 'unitree_" in done.stderr and "`source install/setup.bash`" in done.stderr
