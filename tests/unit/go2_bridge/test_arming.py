"""The operator's state machine: what arms, what holds, and that a latch opens by its reset alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.safety.arming import Arming, HoldReason

TIMEOUT = 0.5


def machine(uses_deadman=True):
    return Arming(uses_deadman=uses_deadman, deadman_timeout=TIMEOUT)


@pytest.fixture
def armed():
    arming = machine()
    arming.on_deadman(True, 0.0)
    assert arming.arm(0.1) is None
    return arming


def test_it_starts_disarmed():
    assert machine(uses_deadman=False).check(0.0) is HoldReason.NOT_ARMED


def test_arming_needs_the_deadman_held():
    arming = machine()
    assert arming.arm(0.0) is HoldReason.NO_DEADMAN
    arming.on_deadman(False, 0.0)
    assert arming.arm(0.1) is HoldReason.DEADMAN_RELEASED
    assert arming.check(0.1) is HoldReason.NOT_ARMED


def test_without_a_deadman_arming_is_enough():
    arming = machine(uses_deadman=False)
    assert arming.arm(0.0) is None
    assert arming.check(1e6) is None


def test_released_deadman_holds_at_once_and_pressing_it_resumes(armed):
    armed.on_deadman(False, 0.2)
    assert armed.check(0.2) is HoldReason.DEADMAN_RELEASED
    armed.on_deadman(True, 0.3)
    assert armed.check(0.3) is None


def test_silent_deadman_holds_after_its_timeout(armed):
    assert armed.check(TIMEOUT - 0.01) is None
    assert armed.check(TIMEOUT + 0.01) is HoldReason.DEADMAN_SILENT


def test_deadman_from_the_future_does_not_count(armed):
    armed.on_deadman(True, 100.0)
    assert armed.check(0.2) is HoldReason.DEADMAN_SILENT


def test_emergency_holds_until_reset_and_arming_again(armed):
    armed.emergency()
    assert armed.check(0.2) is HoldReason.EMERGENCY
    assert armed.arm(0.2) is HoldReason.EMERGENCY
    assert armed.reset(10.0)
    assert armed.check(0.2) is HoldReason.NOT_ARMED
    assert armed.disarmed_by == HoldReason.EMERGENCY.value
    assert armed.arm(0.2) is None
    assert armed.disarmed_by == ""


def test_reset_is_refused_while_the_button_is_pressed(armed):
    armed.on_button(True, 0.0)
    assert not armed.reset(10.0)
    armed.on_button(False, 0.0)
    assert armed.check(0.2) is HoldReason.EMERGENCY, "letting go of the button is no reset"
    assert armed.reset(10.0)


def test_of_two_buttons_one_that_is_released_does_not_open_the_latch_of_the_other(armed):
    armed.on_button_publishers(2, 0.2)
    for tenth in range(20):
        now = 0.2 + 0.1 * tenth
        armed.on_button(True, now)
        armed.on_button(False, now)
        assert not armed.reset(now + 0.05), "the other button says pressed ten times a second"
    armed.on_button(False, now + 1.2)
    assert armed.reset(now + 1.2)


EVENTS = ["arm", "disarm", "emergency", "press", "release", "reset", "hold", "let_go"]


@settings(derandomize=True, max_examples=150)
@given(st.lists(st.sampled_from(EVENTS), max_size=12))
def test_nothing_but_arm_after_the_last_stop_lets_motion_through(events):
    arming = machine()
    calls = {
        "arm": lambda: arming.arm(0.0),
        "disarm": lambda: arming.disarm("test"),
        "emergency": arming.emergency,
        "press": lambda: arming.on_button(True, 0.0),
        "release": lambda: arming.on_button(False, 0.0),
        "reset": lambda: arming.reset(0.0),
        "hold": lambda: arming.on_deadman(True, 0.0),
        "let_go": lambda: arming.on_deadman(False, 0.0),
    }
    for event in events:
        calls[event]()
    if arming.check(0.0) is None:
        stops = [i for i, event in enumerate(events) if event in ("disarm", "emergency", "press")]
        after = events[stops[-1] + 1 :] if stops else events
        assert "arm" in after
        assert [event for event in events if event in ("hold", "let_go")][-1] == "hold"
        last_latch = max((i for i in stops if events[i] != "disarm"), default=-1)
        assert last_latch < 0 or "reset" in events[last_latch:]
