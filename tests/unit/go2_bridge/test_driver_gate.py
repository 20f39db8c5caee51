"""The gate before the driver: every reason holds, and whatever comes in, only a sound and fresh command passes."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.drivers.command_gate import CommandGate
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import Api
from go2_bridge.drivers.sport_topics import SportTopicsDriver
from go2_bridge.safety.arming import HoldReason
from track_common.types import VelocityCommand

CONFIG = BridgeConfig()
WALK = VelocityCommand(0.5, 0.1, 0.2)
STANDING = RobotState(stamp=0.0, error_code=1013, mode=1)


class Robot:
    """A gate whose inputs are all sound at ``now``, but for what a test leaves out."""

    def __init__(self, config=CONFIG):
        self.gate = CommandGate(config)
        self.feed(0.0)
        assert self.gate.arm(0.0) is None

    def feed(self, now, without=()):
        if "deadman" not in without:
            self.gate.arming.on_deadman(True, now)
        if "state" not in without:
            self.gate.on_state(replace(STANDING, stamp=500.0 + now), now)
        if "health" not in without:
            self.gate.on_health(Health(80.0, 40.0), now)
        if "command" not in without:
            self.gate.on_command(WALK, now)

    def run(self, start, end, without=()):
        """Feed at 50 Hz; when the gate first holds, and why (None, None: never)."""
        for tick in range(round(start * 50), round(end * 50)):
            self.feed(tick / 50, without)
            decision = self.gate.decide(tick / 50)
            if decision.reason:
                return tick / 50, decision.reason
        return None, None


def test_sound_inputs_let_the_command_through_within_the_limits():
    robot = Robot()
    assert robot.run(0.0, 2.0) == (None, None)
    robot.gate.on_command(VelocityCommand(vx=3.0), 2.0)
    assert robot.gate.decide(2.0).command.vx == CONFIG.max_linear_vel


@pytest.mark.parametrize(
    ("silent", "timeout", "reason"),
    [
        ("command", CONFIG.command_timeout, HoldReason.STALE_COMMAND),
        ("state", CONFIG.state_timeout, HoldReason.STALE_STATE),
        ("deadman", CONFIG.deadman_timeout, HoldReason.DEADMAN_SILENT),
        ("health", CONFIG.health_timeout, HoldReason.STALE_HEALTH),
    ],
)
def test_silent_input_holds_within_its_timeout_and_one_tick(silent, timeout, reason):
    when, why = Robot().run(0.02, 4.0, without=(silent,))
    assert why == reason.value
    assert timeout <= when <= timeout + 0.041


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda g: g.on_command(VelocityCommand(vx=math.nan), 0.0), HoldReason.BAD_COMMAND),
        (lambda g: g.on_command(VelocityCommand(wz=1e9), 0.0), HoldReason.BAD_COMMAND),
        (lambda g: g.on_command(WALK, 5.0), HoldReason.STALE_COMMAND),
        (lambda g: g.on_state(replace(STANDING, stamp=9.0, error_code=1001), 0.0), HoldReason.NOT_ARMED),
        (lambda g: g.on_state(RobotState(0.0, 0, 0), 0.0), HoldReason.NOT_ARMED),
        (lambda g: g.on_health(Health(14.0, 40.0), 0.0), HoldReason.LOW_BATTERY),
        (lambda g: g.on_health(Health(math.nan, 40.0), 0.0), HoldReason.LOW_BATTERY),
        (lambda g: g.on_health(Health(80.0, 81.0), 0.0), HoldReason.HOT_MOTOR),
        (lambda g: g.on_health(Health(80.0, math.nan), 0.0), HoldReason.HOT_MOTOR),
        (lambda g: g.on_stick(0.3, 0.0), HoldReason.MANUAL),
        (lambda g: g.on_stick(math.nan, 0.0), HoldReason.MANUAL),
        (lambda g: g.on_owners(1), HoldReason.NOT_ARMED),
        (lambda g: g.on_commanders(2), HoldReason.NOT_ARMED),
        (lambda g: g.arming.on_deadman(False, 0.0), HoldReason.DEADMAN_RELEASED),
        (lambda g: g.arming.on_button(True, 0.0), HoldReason.EMERGENCY),
    ],
)
def test_every_fault_holds_and_is_named(spoil, reason):
    gate = Robot().gate
    assert gate.decide(0.0).reason == ""
    spoil(gate)
    assert gate.decide(0.0).reason == reason.value
    assert gate.decide(0.0).command.is_stop


@pytest.mark.parametrize("cause", [HoldReason.NOT_READY, HoldReason.OTHER_OWNER, HoldReason.OTHER_COMMANDER])
def test_falling_over_and_another_owner_disarm_for_good(cause):
    robot = Robot()
    if cause is HoldReason.NOT_READY:
        robot.gate.on_state(RobotState(9.0, 1001, 7), 0.0)
    elif cause is HoldReason.OTHER_OWNER:
        robot.gate.on_owners(1)
    else:
        robot.gate.on_commanders(2)
    assert robot.gate.arm(0.0) is cause
    robot.gate.decide(0.0)
    robot.gate.on_owners(0)
    robot.gate.on_commanders(1)
    assert robot.run(0.02, 0.1) == (0.02, HoldReason.NOT_ARMED.value)
    assert robot.gate.arming.disarmed_by == cause.value


def test_stick_has_the_robot_for_a_while_and_gives_it_back():
    robot = Robot()
    robot.gate.on_stick(0.05, 0.0)
    assert robot.gate.decide(0.0).reason == "", "a stick at rest is no hand on it"
    robot.gate.on_stick(-0.5, 0.0)
    for tick in range(51):
        assert robot.run(tick / 50, (tick + 1) / 50) == (tick / 50, HoldReason.MANUAL.value)
    assert robot.run(1.02, 2.0) == (None, None)


def test_a_gate_that_stood_still_trusts_nothing_until_what_piled_up_is_old():
    """Frozen and let go on, a process reads the commands and heartbeats of before and cannot tell their age."""
    robot = Robot()
    assert robot.run(0.0, 1.0) == (None, None)
    resumed = 1.0 + CONFIG.command_timeout + 0.02
    for tick in range(round(resumed * 50), round((resumed + CONFIG.deadman_timeout) * 50)):
        assert robot.run(tick / 50, (tick + 1) / 50) == (tick / 50, HoldReason.HELD_UP.value)
    assert robot.run(resumed + CONFIG.deadman_timeout + 0.05, 3.0) == (None, None)


FROZEN = 1.5  # s; longer than every timeout of the operator's signals


def with_button(config=CONFIG):
    """A walking robot whose e_stop topic has a publisher, frozen from 1.0 s until ``1.0 + FROZEN``."""
    robot = Robot(config)
    robot.gate.arming.on_button_publishers(1, 0.0)
    robot.gate.arming.on_button(False, 0.0)
    assert robot.run(0.0, 1.0) == (None, None)
    return robot, 1.0 + FROZEN


def test_a_gate_that_stood_still_does_not_take_its_own_silence_for_the_buttons():
    robot, resumed = with_button()
    assert robot.run(resumed, resumed + 0.02) == (resumed, HoldReason.HELD_UP.value)
    robot.gate.arming.on_button(False, resumed + 0.02)
    for tick in range(round(resumed * 50) + 1, round((resumed + CONFIG.deadman_timeout) * 50)):
        assert robot.run(tick / 50, (tick + 1) / 50) == (tick / 50, HoldReason.HELD_UP.value)
    over = resumed + CONFIG.deadman_timeout + 0.04
    assert robot.run(over, over + 0.1) == (None, None)
    assert robot.gate.arming.is_armed


def test_a_gate_that_stood_still_holds_until_the_button_is_heard_and_disarms_where_it_stays_silent():
    robot, resumed = with_button()
    for tick in range(round(resumed * 50), round((resumed + CONFIG.e_stop_timeout) * 50)):
        assert robot.run(tick / 50, (tick + 1) / 50) == (tick / 50, HoldReason.HELD_UP.value)
    end = resumed + CONFIG.e_stop_timeout + 0.02
    assert robot.run(end, end + 0.02) == (end, HoldReason.E_STOP_SILENT.value)
    assert not robot.gate.arming.is_armed


def test_a_button_pressed_while_the_gate_stood_still_latches():
    robot, resumed = with_button()
    robot.gate.arming.on_button(True, resumed)
    assert robot.run(resumed, resumed + 0.02) == (resumed, HoldReason.EMERGENCY.value)


def test_state_that_repeats_its_stamp_is_stale():
    robot = Robot()
    for tick in range(60):
        robot.feed(tick / 50, without=("state",))
        robot.gate.on_state(replace(STANDING, stamp=500.0), tick / 50)
    assert robot.gate.decide(59 / 50).reason == HoldReason.STALE_STATE.value


def test_known_publishers_are_not_other_owners():
    robot = Robot(replace(CONFIG, known_publishers=1))
    robot.gate.on_owners(1)
    assert robot.gate.decide(0.0).reason == ""


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        ([(15.1, 40.0), (14.9, 40.0), (15.1, 40.0), (19.9, 40.0)], HoldReason.LOW_BATTERY),
        ([(80.0, 79.9), (80.0, 80.1), (80.0, 79.9), (80.0, 70.1)], HoldReason.HOT_MOTOR),
    ],
)
def test_a_limit_that_was_passed_holds_until_battery_or_motor_has_recovered(readings, reason):
    """Around its limit a reading does not start and stop the robot in turn; 20 % and 70 degC are enough."""
    gate, said = Robot().gate, []
    for battery, temperature in readings:
        gate.on_health(Health(battery, temperature), 0.0)
        said.append(gate.decide(0.0).reason)
    assert said == ["", reason.value, reason.value, reason.value]
    gate.on_health(Health(20.0, 70.0), 0.0)
    assert gate.decide(0.0).reason == ""


def test_a_battery_is_recovered_when_full_whatever_the_settings_add_up_to():
    gate = CommandGate(replace(CONFIG, min_battery=90.0, battery_recovery=50.0))
    for battery in (10.0, 100.0):
        gate.on_health(Health(battery, 40.0), 0.0)
    assert not gate._is_low


def test_fake_robot_needs_no_state_but_all_the_rest():
    gate = CommandGate(replace(CONFIG, driver="fake"))
    assert gate.arm(0.0) is HoldReason.NO_DEADMAN
    gate.arming.on_deadman(True, 0.0)
    assert gate.arm(0.0) is None
    assert gate.decide(0.0).reason == HoldReason.NO_COMMAND.value


number = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-1.0, 1.0)
event = st.one_of(
    st.tuples(st.just("command"), number, number, number),
    st.tuples(st.just("state"), st.sampled_from([0, 100, 1001, 1002, 1013]), st.integers(0, 10), number),
    st.tuples(st.just("health"), number | st.just(80.0), number | st.just(40.0), st.none()),
    st.tuples(st.just("deadman"), st.booleans(), st.none(), st.none()),
    st.tuples(st.just("wait"), st.floats(0.0, 0.6), st.none(), st.none()),
    st.tuples(st.just("stick"), number, st.none(), st.none()),
)


@settings(derandomize=True, max_examples=200)
@given(st.lists(event, min_size=10, max_size=30))
def test_no_motion_from_bad_data(events):
    """About 4,000 messages of any content: a Move is sent only where an independent look finds all of them sound."""
    robot, sent, now = Robot(), [], 0.0
    driver = SportTopicsDriver(CONFIG.limits, sent.append)
    last = {
        "command": (0.0, (WALK.vx, WALK.vy, WALK.wz)),
        "state": (0.0, (1013, 1)),
        "health": (0.0, (80.0, 40.0)),
        "deadman": (0.0, (True,)),
        "stick": (-math.inf, ()),
    }
    for index, (kind, a, b, c) in enumerate(events):
        if kind == "wait":
            now += a
        elif kind == "command":
            robot.gate.on_command(VelocityCommand(a, b, c), now)
            last[kind] = now, (a, b, c)
        elif kind == "state":
            robot.gate.on_state(RobotState(1000.0 + index, a, b, x=c), now)
            last[kind] = now, (a, b)
        elif kind == "health":
            robot.gate.on_health(Health(a, b), now)
            last[kind] = now, (a, b)
        elif kind == "deadman":
            robot.gate.arming.on_deadman(a, now)
            last[kind] = now, (a,)
        elif not abs(a) < CONFIG.stick_threshold:
            robot.gate.on_stick(a, now)
            last[kind] = now, ()
        del sent[:]
        decision = robot.gate.decide(now)
        if decision.reason:
            driver.stop(now)
        else:
            driver.send(decision.command, now)
        if any(request.api is Api.MOVE for request in sent):
            assert all(math.isfinite(v) and abs(v) < 100.0 for v in last["command"][1])
            assert last["state"][1][0] in (100, 1013) or (last["state"][1][0] == 0 and last["state"][1][1] in (1, 3))
            assert last["health"][1][0] >= CONFIG.min_battery
            assert last["health"][1][1] <= CONFIG.max_motor_temperature
            assert last["deadman"][1] == (True,)
            assert now - last["command"][0] <= CONFIG.command_timeout
            assert now - last["state"][0] <= CONFIG.state_timeout
            assert now - last["deadman"][0] <= CONFIG.deadman_timeout
            assert now - last["stick"][0] > CONFIG.stick_hold
