"""The base's velocity from own commands and poses: no ripple, no lag, right on a base that is not as configured."""

import math
from dataclasses import replace

import numpy as np
import pytest

from evt_bench.world.legs import LegsBase, LegsConfig
from evt_bench.world.plant import PlantConfig
from go2_bridge.config import ControllerConfig
from go2_bridge.control.plant import CommandHistory, Plant
from go2_bridge.control.velocity import SOURCES, VelocityEstimator
from go2_bridge.safety.watchdog import StopReason
from track_common.geometry import compose
from track_common.types import Odometry, VelocityCommand

DT = 1.0 / 60.0
PLANT = Plant.of(ControllerConfig())


def run(commands, source="observer", base=None, spoil=lambda odometry: odometry):
    """(N, 3) estimated and (N, 3) mean true velocity of a base under commands (N, 3), one a step; the estimator too."""
    base = base or LegsBase(LegsConfig(), PlantConfig(), np.random.default_rng(4))
    mean = LegsBase(LegsConfig(ripple=0.0, slip=0.0), base._plant.config, np.random.default_rng(4))
    estimator, history = VelocityEstimator(source), CommandHistory()
    pose, rows = np.zeros(3), []
    for step, values in enumerate(commands):
        now, command = 10.0 + step * DT, VelocityCommand(*values)
        estimator.on_odometry(spoil(Odometry(now, *pose, *base.measured)), history, PLANT)
        history.push(now, command)
        rows.append([*_velocity(estimator), *mean.velocity])
        for robot in (base, mean):
            robot.command(command, now)
        pose = compose(pose, np.array(base.step(now, DT)) * DT)
        mean.step(now, DT)
    table = np.array(rows)
    return table[:, :3], table[:, 3:], estimator


def _velocity(estimator):
    odometry = estimator.of(Odometry(0.0, 0.0, 0.0, 0.0))
    return odometry.vx, odometry.vy, odometry.wz


def weaving(seconds=20.0):
    """Speeds and turns that change as they do when somebody is followed."""
    times = np.arange(round(seconds / DT)) * DT
    ahead = 0.8 + 0.4 * np.sign(np.sin(0.9 * times))
    return np.column_stack([ahead, np.zeros_like(times), 0.8 * np.sin(1.3 * times)])


def test_the_observer_is_nearer_to_the_mean_velocity_than_twist_and_differences_of_poses():
    errors = {}
    for source in SOURCES:
        estimated, true, _ = run(weaving(), source)
        errors[source] = np.sqrt(np.mean((estimated - true)[120:] ** 2, axis=0))
    for other in ("twist", "poses"):
        assert errors["observer"][2] < 0.5 * errors[other][2], errors
        assert errors["observer"][0] < 0.8 * errors[other][0], errors


def test_the_ripple_of_a_trot_hardly_passes():
    estimated, _, _ = run([(0.9, 0.0, 0.0)] * 900)
    twist, _, _ = run([(0.9, 0.0, 0.0)] * 900, "twist")
    assert estimated[300:, 2].std() < 0.2 * twist[300:, 2].std()


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_a_base_slower_or_quicker_than_configured_is_known_for_one(factor):
    config = PlantConfig(gain_vx=0.8 * factor, gain_wz=0.9 * factor)
    base = LegsBase(LegsConfig(can_fall=False), config, np.random.default_rng(1))
    estimated, true, estimator = run(weaving(), base=base)
    late = slice(600, None)
    assert np.abs((estimated - true)[late].mean(axis=0))[0] < 0.05
    assert np.sign(estimator.gain_error[0]) == np.sign(factor - 1.0) and abs(estimator.gain_error[0]) > 0.25


def test_a_robot_that_is_held_in_place_is_known_to_stand():
    estimator, history = VelocityEstimator(), CommandHistory()
    for step in range(120):
        history.push(step * DT, VelocityCommand(1.0))
        estimator.on_odometry(Odometry(step * DT, 0.0, 0.0, 0.0), history, PLANT)
    assert _velocity(estimator) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("backwards", lambda o: replace(o, vx=-o.vx)),
        ("in the world's axes", lambda o: replace(o, vx=math.cos(o.yaw + 2.5) * o.vx, vy=math.sin(o.yaw + 2.5) * o.vx)),
        ("poses that stand", lambda o: replace(o, x=0.0, y=0.0)),
        ("a turn of the other sign", lambda o: replace(o, wz=-2.0 * o.wz)),
    ],
)
def test_a_twist_that_contradicts_the_poses_is_a_fault(name, spoil):
    _, _, estimator = run([(1.2, 0.0, 0.9)] * 240, spoil=spoil)
    assert estimator.fault is StopReason.CONTRADICTION, name


@pytest.mark.parametrize("lag", [0.0, 0.3, 0.5])
def test_a_rippled_or_a_late_twist_is_none(lag):
    base = LegsBase(LegsConfig(odometry_lag=lag), PlantConfig(), np.random.default_rng(4))
    commands = [*weaving(6.0), *[(0.0, 0.0, 0.0)] * 60, *[(1.5, 0.0, 1.2)] * 60, *[(0.0, 0.0, -1.2)] * 60]
    assert run(commands, base=base)[2].longest_contradiction < 0.5


def test_a_jump_makes_it_begin_anew():
    _, _, estimator = run([(1.0, 0.0, 0.0)] * 120)
    estimator.forget()
    assert _velocity(estimator) == (0.0, 0.0, 0.0) and estimator.fault is None
