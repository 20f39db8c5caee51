"""The simulated base: its step response gives back the numbers measured on a real GO2."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evt_bench.world.plant import GO2Plant, PlantConfig
from track_common.types import VelocityCommand

DT = 0.005


def respond(command, seconds, *, repeat=True, plant=None):
    """Body velocities (N, 3) of a plant that is commanded at every step, or only once."""
    plant = plant or GO2Plant()
    velocities = []
    for k in range(round(seconds / DT)):
        if repeat or k == 0:
            plant.command(command, k * DT)
        plant.step(k * DT, DT)
        velocities.append(plant.velocity)
    return np.array(velocities)


@pytest.mark.parametrize(
    ("axis", "command", "gain"),
    [
        (0, VelocityCommand(vx=0.5), 0.80),
        (1, VelocityCommand(vy=0.4), 0.74),
        (2, VelocityCommand(wz=1.0), 0.90),
    ],
)
def test_steady_speed_is_the_measured_share_of_the_command(axis, command, gain):
    wanted = gain * (command.vx, command.vy, command.wz)[axis]
    assert respond(command, 3.0)[-1, axis] == pytest.approx(wanted, rel=1e-3)


def test_nothing_happens_in_the_dead_time():
    speeds = respond(VelocityCommand(vx=1.0), 0.5)[:, 0]
    assert np.all(speeds[: round(0.15 / DT)] == 0.0)
    assert speeds[round(0.15 / DT) + 1] > 0.0


def test_63_percent_come_one_time_constant_after_the_dead_time():
    speeds = respond(VelocityCommand(vx=1.0), 2.0)[:, 0]
    index = int(np.argmax(speeds >= (1.0 - math.exp(-1.0)) * 0.80))
    assert (index + 1) * DT == pytest.approx(0.15 + 0.30, abs=2 * DT)


def test_a_single_command_is_held_for_one_second_and_then_decays():
    speeds = respond(VelocityCommand(vx=1.0), 4.0, repeat=False)[:, 0]
    assert int(speeds.argmax() + 1) * DT == pytest.approx(1.15, abs=0.02)
    assert speeds[-1] < 0.01


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-20, 20))
def test_no_command_drives_the_robot_past_its_limits(vx, vy, wz):
    last = respond(VelocityCommand(vx, vy, wz), 1.0)[-1]
    limits = PlantConfig()
    assert limits.min_vx <= last[0] <= limits.max_vx
    assert abs(last[1]) <= limits.max_vy and abs(last[2]) <= limits.max_wz


def test_step_size_does_not_change_the_way_walked():
    def way(dt):
        plant = GO2Plant()
        walked = 0.0
        for k in range(round(1.2 / dt)):
            plant.command(VelocityCommand(vx=1.0), k * dt)
            walked += plant.step(k * dt, dt)[0] * dt
        return walked

    assert way(0.05) == pytest.approx(way(0.01), abs=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_command_that_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="not finite"):
        GO2Plant().command(VelocityCommand(vx=bad), 0.0)
