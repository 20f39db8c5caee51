"""Driver obstacles_avoid and a GO2 of plain DDS: Moves go through its avoidance service, and only while that is on."""

import subprocess

import pytest
from std_srvs.srv import SetBool
from tests.helpers.avoiding_go2 import AVOID_MOVE, SWITCH_SET, USE_REMOTE, AvoidingGo2
from tests.ros.test_bridge_node import BRIDGE, MOVE, STOP_MOVE, Operator, reason_of

from go2_bridge.safety.arming import HoldReason

pytestmark = pytest.mark.ros


@pytest.fixture
def operator(peer, ros_domain, ros_environment):
    command = [str(BRIDGE), "--ros-args", "-p", "driver:=obstacles_avoid"]
    process = subprocess.Popen(command, env=ros_environment, stderr=subprocess.PIPE, text=True)
    yield Operator(peer, AvoidingGo2(ros_domain), process)
    process.kill()
    process.communicate(timeout=10)


def moves(operator):
    return [call for call in operator.robot.avoid_calls if call.api_id == AVOID_MOVE]


def test_moves_go_through_the_service_and_a_stop_gives_the_robot_back(operator):
    robot = operator.robot
    operator.arm()
    assert robot.is_avoiding and not moves(operator)
    operator.run_until(lambda: len(moves(operator)) > 5, "Moves of the service")
    assert robot.obeys_programs and robot.velocity == (0.4, -0.1, 0.2)
    assert moves(operator)[0].parameter == {"x": 0.4, "y": -0.1, "yaw": 0.2, "mode": 0}
    assert operator.count(MOVE) == 0, "none past the avoidance"
    operator.is_held = False
    operator.run_until(lambda: not robot.obeys_programs, "the robot's own remote to have it again")
    assert robot.velocity == (0.0, 0.0, 0.0), "a Move of zero comes before, on the same topic"
    operator.run_until(lambda: operator.count(STOP_MOVE) > 0, "StopMove of the Sport API, which needs no service")
    order = [call.api_id for call in robot.avoid_calls if call.api_id in (SWITCH_SET, USE_REMOTE, AVOID_MOVE)]
    assert order[-2:] == [AVOID_MOVE, USE_REMOTE]


def test_an_avoidance_that_is_switched_off_disarms(operator):
    operator.arm()
    operator.run_until(lambda: len(moves(operator)) > 5, "Moves of the service")
    operator.robot.has_service = False
    operator.run_until(lambda: not operator.robot.obeys_programs, "the end of the walk")
    operator.run_until(lambda: reason_of(operator).message.startswith(HoldReason.NOT_ARMED.value), "the disarming")
    assert why_not_armed(operator) == HoldReason.NO_AVOIDANCE.value


def test_a_firmware_without_the_service_is_not_armed(operator):
    operator.robot.has_service = False
    operator.run_until(lambda: why_not_armed(operator) == HoldReason.NO_AVOIDANCE.value, "the reason")
    assert not moves(operator)


def why_not_armed(operator):
    answer = operator.call("arm", SetBool.Request(data=True))
    assert not answer.success
    return answer.message
