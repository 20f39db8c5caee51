"""Step responses of the simulator's plant give back the simulator's own numbers."""

import math

import pytest
import yaml
from tests.helpers.planar_robot import PlanarRobot

from evt_bench.world.plant import PlantConfig
from go2_bridge.config import ControllerConfig
from go2_bridge.trials.characterise import Characterisation, StepConfig, steps_of
from go2_bridge.trials.identify import identify
from go2_bridge.trials.plant_file import plant_yaml
from go2_bridge.trials.trial import Instant, TrialError
from track_common.config import ConfigError, override
from track_common.types import STOP, Odometry

SHORT = StepConfig(linear="0.1,0.3", angular="0.2,0.8")


def drive(trial, robot):
    while not trial.is_over:
        at = Instant(robot.now, robot.now)
        trial.on_odometry(robot.odometry(), at)
        robot.command(trial.control(at))
        robot.step()
    return trial


@pytest.mark.parametrize(
    "config",
    [PlantConfig(), PlantConfig(dead_time=0.3, time_constant=0.15, gain_vx=1.1, gain_vy=0.6, gain_wz=0.5)],
    ids=["go2", "another"],
)
def test_the_plants_own_values_come_back_within_a_tenth(config):
    trial = drive(Characterisation(StepConfig()), PlanarRobot(config, noise=0.002))
    assert trial.failure == ""
    for fit in identify(trial.records, trial.odometry):
        assert fit.gain == pytest.approx(getattr(config, f"gain_{fit.axis}"), rel=0.03)
        assert fit.time_constant == pytest.approx(config.time_constant, rel=0.1)
        assert fit.dead_time == pytest.approx(config.dead_time, rel=0.1)
        assert fit.deadband == 0.0 and not fit.is_poor


def test_deadband_is_found_between_the_amplitudes_round_it_and_spoils_nothing():
    config = StepConfig(axes="vx", linear="0.05,0.1,0.2,0.3")
    trial = drive(Characterisation(config), PlanarRobot(deadband=0.12))
    (fit,) = identify(trial.records, trial.odometry)
    assert fit.deadband == pytest.approx(0.15)
    assert (fit.gain, fit.dead_time) == pytest.approx((0.8, 0.15), rel=0.05)


def test_the_robot_ends_where_it_began_and_never_leaves_the_bounds():
    robot = PlanarRobot()
    trial = drive(Characterisation(StepConfig()), robot)
    assert math.hypot(robot.x, robot.y) < 0.05
    assert max(math.hypot(o.x, o.y) for o in trial.odometry) < 0.6
    assert robot.now == pytest.approx(trial.duration, abs=1.5)


def test_a_robot_that_runs_away_or_falls_silent_is_stopped():
    robot = PlanarRobot(PlantConfig(gain_vx=2.0))
    trial = drive(Characterisation(StepConfig(axes="vx", max_distance=0.3)), robot)
    assert "0.3 m" in trial.failure and trial.control(Instant(99.0, 99.0)) == STOP
    trial = Characterisation(SHORT)
    trial.on_odometry(Odometry(0.0, 0.0, 0.0, 0.0), Instant(0.0, 0.0))
    assert trial.control(Instant(0.1, 0.1)) == steps_of(SHORT)[0].command
    assert trial.control(Instant(0.7, 0.1)) == STOP and "no odometry for" in trial.failure
    trial = Characterisation(SHORT)
    assert trial.control(Instant(0.0, 0.0)) == STOP and trial.failure == "no odometry"


def test_a_robot_that_does_not_move_is_an_error_that_says_what_to_look_at():
    trial = drive(Characterisation(SHORT), PlanarRobot(deadband=9.0))
    with pytest.raises(TrialError, match="vx: the robot moved at none of .* armed"):
        identify(trial.records, trial.odometry)
    with pytest.raises(TrialError, match="use_sim_time"):
        identify(trial.records, [Odometry(o.stamp + 1e9, o.x, o.y, o.yaw) for o in trial.odometry])


def test_the_file_is_what_the_controller_takes():
    trial = drive(Characterisation(SHORT), PlanarRobot(PlantConfig(gain_vx=1.2)))
    text = plant_yaml(identify(trial.records, trial.odometry), "from a test")
    values = yaml.safe_load(text)["/**/controller"]["ros__parameters"]
    config = override(ControllerConfig(), values)
    assert config.gain_vx == pytest.approx(1.2, rel=0.02) and config.dead_time == pytest.approx(0.15, rel=0.1)
    assert "no deadband down to 0.1 m/s" in text


@pytest.mark.parametrize("wrong", [{"axes": "vz"}, {"linear": "0.2,0.1"}, {"angular": "fast"}])
def test_steps_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError):
        override(StepConfig(), wrong)
