"""The last shape of a command: the turn swings no faster and no oftener than a gait takes, a stop is sent at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.control.plant import Plant
from go2_bridge.control.shaping import CommandShaper
from track_common.types import STOP, VelocityCommand

CONFIG = ControllerConfig()
PLANT = Plant.of(CONFIG)
DT = 0.02


def send(turns, velocity=STOP, config=CONFIG):
    """(N,) turns sent where these (N,) were allowed."""
    shaper, sent = CommandShaper(), []
    shaper.note_sent(STOP, 0.0)
    for step, turn in enumerate(turns, 1):
        command = shaper.shaped(VelocityCommand(0.5, 0.0, turn), velocity, PLANT, step * DT, config)
        shaper.note_sent(command, step * DT)
        sent.append(command.wz)
    return np.array(sent)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-3.0, 3.0), min_size=20, max_size=80), st.floats(-2.0, 2.0))
def test_the_turn_never_changes_faster_than_its_limit_whatever_is_allowed(turns, own):
    changes = np.abs(np.diff(send(turns, VelocityCommand(0.5, 0.0, own)))) / DT
    assert changes.max() <= CONFIG.max_angular_accel + 1e-6 or _is_held_at_zero(turns, own)


def _is_held_at_zero(turns, own):
    """A turn that may not change sides yet goes to zero, which is slower than what it would go to."""
    sent = send(turns, VelocityCommand(0.5, 0.0, own))
    jumps = np.flatnonzero(np.abs(np.diff(sent)) > CONFIG.max_angular_accel * DT + 1e-9)
    return bool(np.all(np.abs(sent[jumps + 1]) == 0.0))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-3.0, 3.0), min_size=20, max_size=80))
def test_the_turn_changes_sides_no_oftener_than_allowed(turns):
    sent = send(turns)
    sides = [(step, np.sign(turn)) for step, turn in enumerate(sent) if abs(turn) > 0.05]
    changes = [step for (_, before), (step, after) in zip(sides, sides[1:], strict=False) if before != after]
    assert np.all(np.diff(changes) * DT >= CONFIG.reversal_time - 1e-9)


def test_a_steady_turn_is_reached_and_kept():
    sent = send([1.0] * 60, VelocityCommand(0.5, 0.0, 0.9))
    assert sent[-1] == pytest.approx(1.0, abs=1e-9)


def test_a_speed_rises_no_faster_than_its_ramp_and_the_lead_and_brakes_at_once():
    shaper = CommandShaper()
    shaper.note_sent(STOP, 0.0)
    first = shaper.shaped(VelocityCommand(0.1), STOP, PLANT, DT, CONFIG)
    assert 0.1 < first.vx <= 2.0 * CONFIG.max_linear_accel * DT + 1e-9
    shaper.note_sent(VelocityCommand(1.2), 2 * DT)
    braked = shaper.shaped(STOP, VelocityCommand(1.0), PLANT, 3 * DT, CONFIG)
    assert braked.vx < -0.3


def test_without_a_lead_what_is_allowed_is_sent():
    config = replace(CONFIG, max_lead=0.0)
    shaper = CommandShaper()
    shaper.note_sent(VelocityCommand(0.5, 0.1, 0.2), 0.0)
    allowed = VelocityCommand(0.52, 0.08, 0.25)
    sent = shaper.shaped(allowed, VelocityCommand(0.1), PLANT, DT, config)
    assert (sent.vx, sent.vy, sent.wz) == pytest.approx((0.52, 0.08, 0.25))
