"""Braking against the motion: a shorter way to a stand, no way back, whatever the base answers with."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.planar_robot import PlanarRobot

from evt_bench.world.plant import PlantConfig
from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.safety.limits import EXCESS, brake
from track_common.geometry import inverse, transform_points
from track_common.types import Cloud, Trajectory, VelocityCommand

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
    run_out, _, plain = walk(replace(CONFIG, max_braking=0.0))
    braked, end, commands = walk(CONFIG)
    assert braked < run_out - 0.05
    assert braked - end < 0.03
    assert min(c.vx for c in plain) > -0.1 > min(c.vx for c in commands) >= -(CONFIG.max_braking + 0.2) / CONFIG.gain_vx


@pytest.mark.parametrize("time_constant", [0.1, 0.2, 0.5])
def test_a_base_quicker_or_slower_than_it_was_told_goes_back_no_more_than_a_hand(time_constant):
    braked, end, _ = walk(CONFIG, PlantConfig(time_constant=time_constant))
    assert braked - end < 0.08


def test_what_is_not_faster_than_allowed_is_not_braked():
    allowed = VelocityCommand(0.5, -0.2, 1.0)
    assert brake(allowed, VelocityCommand(0.5 + 0.9 * EXCESS, -0.1, 2.0), CONFIG) == allowed
    assert brake(allowed, VelocityCommand(-0.3, 0.3, 0.0), CONFIG) == allowed  # on its way there already


def test_the_faster_the_more_up_to_the_limit():
    slow, fast = (brake(VelocityCommand(0.2), VelocityCommand(v), CONFIG).vx for v in (0.4, 1.5))
    assert slow == pytest.approx(0.0) and fast == pytest.approx(0.2 - CONFIG.max_braking)
