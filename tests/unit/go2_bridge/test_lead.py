"""The lead: a base that lags gets there sooner, or to a stand; no way back, whatever the base answers with."""

import math
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.planar_robot import PlanarRobot

from evt_bench.world.plant import PlantConfig
from go2_bridge.config import LEAD, ControllerConfig
from go2_bridge.control.plant import STANDING, led
from go2_bridge.follower import Follower
from track_common.geometry import inverse, transform_points
from track_common.types import STOP, Cloud, Trajectory, VelocityCommand

CONFIG = ControllerConfig()
TIMES = np.arange(1, 11) * 0.1
WAY = np.column_stack([1.0 * TIMES, np.zeros(10), np.zeros(10)])
RING = 6.0 * np.stack([np.cos(np.linspace(0, math.tau, 60)), np.sin(np.linspace(0, math.tau, 60))], axis=1)
DT, APPEARS, AHEAD = 0.02, 2.0, 0.85  # s of a step; s after which a wall stands before the robot, m from its middle


def walk(config, plant=None, seconds=4.0):
    """Metres walked after somebody stepped before a robot at 1 m/s: the farthest, and at the end; the commands too."""
    robot, follower = PlanarRobot(plant or PlantConfig()), Follower(config)
    legs, start, walked, commands = np.zeros((0, 2)), None, [], []
    for step in range(round(seconds / DT)):
        odometry = replace(robot.odometry(), **dict(zip(("vx", "vy", "wz"), robot.plant.velocity, strict=True)))
        follower.on_odometry(odometry)
        if start is None and robot.now >= APPEARS:
            start = odometry.pose
            wall = np.column_stack([np.full(150, AHEAD), np.linspace(-3.0, 3.0, 150)])
            legs = transform_points(start, wall)
        if step % 3 == 0:
            base = np.vstack([transform_points(inverse(odometry.pose), legs), RING])
            follower.on_cloud(Cloud(np.column_stack([base, np.full(len(base), 0.5)]), robot.now))
            follower.on_trajectory(Trajectory(robot.now, WAY, TIMES))
        commands.append(follower.control(robot.now).command)
        robot.command(commands[-1])
        robot.step(DT)
        if start is not None:
            walked.append(float(transform_points(inverse(start), robot.odometry().pose[:2])[0]))
    return max(walked), walked[-1], commands


def test_it_stands_after_a_shorter_way_and_does_not_go_back():
    run_out, _, plain = walk(replace(CONFIG, max_lead=0.0))
    braked, end, commands = walk(CONFIG)
    assert braked < run_out - 0.05
    assert braked - end < 0.03
    assert min(c.vx for c in plain) > -0.1 > min(c.vx for c in commands) >= -(CONFIG.max_lead + 0.2) / CONFIG.gain_vx


@pytest.mark.parametrize("time_constant", [0.1, 0.2, 0.5])
def test_a_base_quicker_or_slower_than_it_was_told_goes_back_no_more_than_a_hand(time_constant):
    braked, end, _ = walk(CONFIG, PlantConfig(time_constant=time_constant))
    assert braked - end < 0.08


def test_what_is_missing_is_asked_for_besides_up_to_the_limit():
    wanted = VelocityCommand(0.5, -0.2, 1.0)
    assert led(wanted, VelocityCommand(0.4, -0.2, 1.0), CONFIG).vx == pytest.approx(0.5 + 0.1 * LEAD)
    far = led(wanted, VelocityCommand(-0.4, 0.4, -1.0), CONFIG)
    most = CONFIG.max_lead
    assert (far.vx, far.vy) == pytest.approx((0.5 + most, -0.2 - most))
    assert 0.5 * CONFIG.robot_length * (far.wz - 1.0) == pytest.approx(most)


def test_a_robot_that_stands_is_left_alone_by_the_noise_of_its_odometry():
    assert led(STOP, VelocityCommand(0.6 * STANDING, -0.6 * STANDING), CONFIG) == STOP
    assert led(STOP, VelocityCommand(1.2 * STANDING), CONFIG).vx == pytest.approx(-1.2 * LEAD * STANDING)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0.05, 1.0), st.floats(0.0, 0.3), st.floats(0.6, 1.3), st.floats(0.0, 0.2), st.sampled_from([0.02, 0.05])
)
def test_the_loop_is_stable_whatever_the_base(time_constant, dead_time, gain, told_dead_time, dt):
    """Even where the velocity it goes by is as old as the dead time and nothing about the base is as configured."""
    wanted, speed, asked = VelocityCommand(0.6), 0.0, deque([0.0] * (1 + round((dead_time + told_dead_time) / dt)))
    speeds = []
    for _ in range(round(20.0 / dt)):
        asked.append(led(wanted, VelocityCommand(speed), CONFIG).vx)
        speed += (gain * asked.popleft() - speed) * (1.0 - math.exp(-dt / time_constant))
        speeds.append(speed)
    assert max(speeds) <= 1.3 * (0.6 + CONFIG.max_lead) + 1e-9
    late = np.array(speeds[-round(5.0 / dt) :])
    assert np.ptp(late) < 0.05


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 1.6), st.floats(0.0, 0.6), st.floats(0.1, 0.6))
def test_a_robot_runs_on_for_no_longer_than_the_stop_layer_counts_on(speed, lead, time_constant):
    config = replace(CONFIG, max_lead=lead, time_constant=time_constant)
    now, way, dt = speed, 0.0, 0.001
    while now > 0.001:
        way += dt * now
        now += (min(led(STOP, VelocityCommand(now), config).vx, 0.0) - now) * dt / time_constant
    slack = STANDING * time_constant  # below it the robot is left alone
    assert way <= config.coasting_time * speed + 0.5 * slack + 0.002
    assert config.coasting_time <= time_constant


@pytest.mark.parametrize("limit", ["max_lead", "max_reverse_vel", "max_lateral_vel"])
def test_where_nothing_may_be_sent_against_the_motion_the_base_runs_out(limit):
    assert replace(CONFIG, **{limit: 0.0}).coasting_time == CONFIG.time_constant > 1.4 * CONFIG.coasting_time
    assert replace(CONFIG, max_linear_vel=0.0).coasting_time == CONFIG.time_constant
