"""The bridge before the simulated robot, both as processes: what holds a real robot holds this one."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool

from go2_bridge.safety.arming import HoldReason
from track_common.ros import qos
from track_common.ros.question import Question

pytestmark = pytest.mark.ros
BIN = Path(sys.executable).parent
SIMULATOR = (
    *("-r", "cmd_vel:=simulator/cmd_vel", "-p", "episode.density:=0.3", "-p", "episode.style:=hall"),
    *("-p", "camera.width:=64", "-p", "camera.height:=48", "-p", "publish_truth:=false"),
)


class Operator:
    """Commands 0.5 m/s and holds the deadman while ``until`` spins; notes what the robot does and why it holds."""

    def __init__(self, peer):
        self.peer, self.is_held = peer, True
        self.reasons, self.speeds = [], []
        peer.node.create_subscription(String, "bridge_trace", lambda m: self.reasons.append(m.data), qos.RELIABLE)
        peer.node.create_subscription(
            Odometry, "odom", lambda m: self.speeds.append(m.twist.twist.linear.x), qos.SENSOR
        )
        self.command = peer.publisher(Twist, "cmd_vel", qos.COMMAND)
        self.deadman = peer.publisher(Bool, "deadman", qos.RELIABLE)
        self.arm = peer.node.create_client(SetBool, "arm")
        self.until(lambda: self.speeds, "the simulator", 40.0)

    def until(self, predicate, what, timeout=15.0):
        end = time.monotonic() + timeout
        while not predicate():
            assert time.monotonic() < end, f"waited {timeout} s for {what}; last trace {self.reasons[-1:]}"
            twist = Twist()
            twist.linear.x = 0.5
            self.command.publish(twist)
            self.deadman.publish(Bool(data=self.is_held))
            self.peer.spin(0.02)

    def holds_for(self, reason):
        return lambda: bool(self.reasons) and reason.value in self.reasons[-1]

    def ask_to_arm(self):
        question = Question(self.arm, SetBool.Request(data=True))
        self.until(lambda: question.is_answered, "an answer")
        return question.answer

    def walk(self):
        self.until(lambda: self.ask_to_arm().success, "arming")
        self.until(lambda: self.speeds[-1] > 0.3, "the robot to walk")


@pytest.fixture
def start(ros_environment):
    """Starts an executable with ROS arguments."""
    processes = []

    def run(name, *words):
        processes.append(subprocess.Popen([str(BIN / name), "--ros-args", *words], env=ros_environment))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.wait(10)


def test_simulated_robot_moves_only_when_armed_and_stops_for_deadman_other_owner_and_a_dead_simulator(start, peer):
    simulator = start("sim_node", *SIMULATOR)
    start("bridge_node", "-p", "driver:=simulator")
    operator = Operator(peer)
    operator.until(operator.holds_for(HoldReason.NOT_ARMED), "a bridge ready to arm")
    count = len(operator.speeds)
    operator.until(lambda: len(operator.speeds) > count + 60, "a second of odometry")
    assert max(operator.speeds) == 0.0

    operator.walk()
    operator.is_held = False
    operator.until(operator.holds_for(HoldReason.DEADMAN_RELEASED), "the deadman")
    operator.until(lambda: operator.speeds[-1] < 0.02, "the robot to stand")

    operator.is_held = True
    operator.walk()
    other = peer.node.create_publisher(Twist, "simulator/cmd_vel", qos.COMMAND)
    operator.until(operator.holds_for(HoldReason.NOT_ARMED), "another owner of the robot to disarm")
    assert operator.ask_to_arm().message == HoldReason.OTHER_OWNER.value
    operator.until(lambda: operator.speeds[-1] < 0.02, "the robot to stand")
    peer.node.destroy_publisher(other)

    operator.walk()
    simulator.kill()
    operator.until(operator.holds_for(HoldReason.STALE_STATE), "a stale robot state")
