"""The whole graph of sim.launch.xml: the robot follows; whichever node is killed, it stops and the node is named."""

import os
import signal

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from std_msgs.msg import String
from tests.helpers.running_launch import RunningLaunch

from track_common.ros import qos

pytestmark = pytest.mark.ros
STOP_WITHIN = 0.5  # s from the death of a node to commands that are zero
COASTING = 0.15 + 4 * 0.3  # s from a stop command to standing: the base's dead time and four time constants
STILL = 0.02  # m/s


class Watch:
    """Commands and true motion of the robot, by the wall clock and by simulated time."""

    def __init__(self, peer) -> None:
        self._peer = peer
        self.commands: list[tuple[float, float]] = []
        self.truth: list[Odometry] = []
        peer.node.create_subscription(Twist, "/cmd_vel", self._on_command, qos.COMMAND)
        peer.node.create_subscription(Odometry, "/ground_truth/robot", self.truth.append, 100)

    def _on_command(self, message: Twist) -> None:
        size = max(abs(message.linear.x), abs(message.linear.y), abs(message.angular.z))
        self.commands.append((self.now, size))

    @property
    def now(self) -> float:
        """Simulated time, which is what limits are promised in where the machine is too slow for real time."""
        return stamp_of(self.truth[-1]) if self.truth else 0.0

    @property
    def speed(self) -> float:
        twist = self.truth[-1].twist.twist
        return float(np.hypot(twist.linear.x, twist.linear.y))

    @property
    def travelled(self) -> float:
        points = np.array([[m.pose.pose.position.x, m.pose.pose.position.y] for m in self.truth[::10]])
        return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) if len(points) > 1 else 0.0

    def last_motion(self) -> float:
        """When the last command that was not zero came."""
        return max((when for when, size in self.commands if size > 0.0), default=0.0)


def stamp_of(message) -> float:
    return message.header.stamp.sec + message.header.stamp.nanosec * 1e-9


@pytest.fixture
def following(ros_environment, peer, tmp_path):
    """The running launch and a watch on it, once the robot walks after its target."""
    words = ["sim", "seed:=3", "task:=STT"]
    with RunningLaunch(words, ros_environment, tmp_path / "output") as launch:
        watch = Watch(peer)
        peer.wait_until(
            lambda: watch.travelled > 0.5 and watch.speed > 0.2, f"the robot to walk: {launch.output}", timeout=60.0
        )
        yield launch, watch


@pytest.mark.parametrize("node", ["tracker", "planner"])
def test_death_of_a_node_before_the_controller_stops_the_robot(following, peer, node):
    launch, watch = following
    killed = watch.now
    os.kill(launch.nodes()[node], signal.SIGKILL)
    launch.wait_for_text(f"{node} (pid {launch.nodes()[node]}) died: killed by signal 9")
    peer.wait_until(lambda: watch.now > killed + 2.0, "two seconds")
    assert watch.last_motion() < killed + STOP_WITHIN
    assert watch.commands[-1][0] > killed + 1.9, "zero commands must go on"
    assert watch.speed < STILL


def test_a_stop_sentence_on_the_topic_stops_the_robot_and_keeps_it_standing(following, peer):
    _, watch = following
    states = peer.collect(DiagnosticArray, "/diagnostics")
    instruction = peer.publisher(String, "/instruction", qos.LATCHED, readers=2)
    asked = watch.now
    instruction.publish(String(data="stop following her, please"))
    peer.wait_until(lambda: watch.now > asked + 3.0, "three seconds", timeout=60.0)
    assert watch.last_motion() < asked + STOP_WITHIN
    assert watch.speed < STILL

    def is_said_by(node):
        return any(s.name.strip("/") == node and "asked to stop" in s.message for m in states for s in m.status)

    peer.wait_until(lambda: is_said_by("tracker") and is_said_by("planner"), "the reason in the diagnostics")


def test_death_of_the_controller_stops_the_robot_by_its_drivers_timeout(following, peer):
    launch, watch = following
    killed = watch.now
    os.kill(launch.nodes()["controller"], signal.SIGKILL)
    launch.wait_for_text("controller (pid")
    launch.wait_for_text("no command for 0.25 s: the robot stops")
    peer.wait_until(lambda: watch.now > killed + STOP_WITHIN + COASTING, "the robot to stand")
    assert watch.speed < STILL


def test_death_of_the_simulator_stops_the_commands_and_ends_the_launch(following, peer):
    launch, watch = following
    before = len(watch.commands)
    os.kill(launch.nodes()["simulator"], signal.SIGKILL)
    peer.wait_until(lambda: len(watch.commands) > before and watch.commands[-1][1] == 0.0, "a stop")
    assert launch.process.wait(20) == 1
    assert watch.commands[-1][1] == 0.0


def test_a_robot_on_legs_starts_follows_and_its_trunk_sways(ros_environment, peer, tmp_path):
    with RunningLaunch(["sim", "seed:=3", "task:=STT", "base:=legs"], ros_environment, tmp_path / "output"):
        watch, odometry, reasons = Watch(peer), [], []
        peer.node.create_subscription(Odometry, "/odom", odometry.append, qos.SENSOR)
        peer.node.create_subscription(String, "/stop_reason", reasons.append, qos.LATCHED)
        peer.wait_until(
            lambda: watch.travelled > 0.5 and watch.speed > 0.2 and len(odometry) > 60, "a walk", timeout=90.0
        )
        peer.wait_until(lambda: len(reasons) > 0 and reasons[-1].data == "", "no reason to stand")
        heights = [message.pose.pose.position.z for message in odometry]
        assert np.mean(heights) == pytest.approx(0.31, abs=0.05) and np.std(heights) > 0.003
