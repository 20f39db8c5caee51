"""A robot that backs off from somebody who comes: where the way behind is clear, and never into what stands there."""

import math
from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.planar_robot import PlanarRobot

from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.safety.stop_zone import gap_to_footprint
from track_common.config import override
from track_common.geometry import inverse, transform_points
from track_common.share import share_directory
from track_common.types import Array, Cloud, Trajectory

FILE = yaml.safe_load((share_directory() / "config/robots/go2.yaml").read_text())["/**/controller"]["ros__parameters"]
SETTINGS = {name: value for name, value in FILE.items() if name not in ("armed", "base_height")}
GO2 = override(ControllerConfig(), SETTINGS)
REAR = -0.5 * GO2.robot_length  # m, x of the hull's end in base_link
PACE, SECONDS = 0.6, 6.0  # m/s backwards, as long as it is asked for
TIMES = np.arange(1, 11) * 0.1
CIRCLE = np.stack([np.cos(np.linspace(0, math.tau, 60)), np.sin(np.linspace(0, math.tau, 60))], axis=1)
STEPS_PER_SWEEP, DT = 3, 0.02  # commands at 50 Hz, sweeps at 17
OLD = 0.1  # s, age of the image a trajectory comes from
WAY = np.column_stack([-PACE * TIMES, np.zeros(10), np.zeros(10)])
PERSON = np.array([1.0, 0.0, 0.9])


def back_off(
    around: Array, config: ControllerConfig = GO2, seconds: float = SECONDS, seen_from: float = 0.0
) -> tuple[float, float]:
    """Metres walked backwards and the least gap (m) between hull and ``around`` (N, 2), in the robot's first frame.

    ``seen_from``: s before which the LiDAR does not show it, as where somebody steps in behind.
    """
    robot, follower = PlanarRobot(), Follower(config)
    first = robot.odometry().pose
    places, far = transform_points(first, around), transform_points(first, 6.0 * CIRCLE)
    least = math.inf
    for step in range(round(seconds / DT)):
        odometry = replace(robot.odometry(), **dict(zip(("vx", "vy", "wz"), robot.plant.velocity, strict=True)))
        follower.on_odometry(odometry)
        seen = np.vstack([places, far]) if robot.now >= seen_from else far
        if step % STEPS_PER_SWEEP == 0:
            base = transform_points(inverse(odometry.pose), seen)
            follower.on_cloud(Cloud(np.column_stack([base, np.full(len(base), 0.5)]), robot.now))
            follower.on_trajectory(Trajectory(max(robot.now - OLD, 0.0), WAY, TIMES, target_base=PERSON))
        robot.command(follower.control(robot.now).command)
        robot.step(DT)
        base = transform_points(inverse(robot.odometry().pose), places)
        least = min(least, float(gap_to_footprint(base, config).min(initial=math.inf)))
    return -float(transform_points(inverse(first), robot.odometry().pose[:2])[0]), least


def post(x: float, y: float, radius: float = 0.04) -> Array:
    """(60, 2) returns of something round."""
    return np.array([x, y]) + radius * CIRCLE


def wall(x: float) -> Array:
    """(80, 2) returns of a wall across the way."""
    return np.column_stack([np.full(80, x), np.linspace(-2.0, 2.0, 80)])


def test_with_a_clear_way_behind_it_backs_off():
    walked, _ = back_off(np.zeros((0, 2)))
    assert walked > 1.0


@pytest.mark.parametrize("free", [0.3, 0.6, 1.0])
def test_before_a_wall_it_backs_off_as_far_as_there_is_room_and_no_farther(free):
    walked, gap = back_off(wall(REAR - free))
    assert gap > 0.5 * GO2.stop_margin
    assert walked > free - 1.5 * GO2.stop_margin


def test_with_something_right_behind_it_does_not_back_off_at_all():
    walked, gap = back_off(post(REAR - GO2.stop_margin - 0.06, 0.0))
    assert walked < 0.04 and gap > 0.5 * GO2.stop_margin


def test_somebody_who_steps_in_behind_is_not_run_into():
    walked, gap = back_off(post(REAR - 0.8, 0.0, radius=0.2), seen_from=1.5)
    assert 0.2 < walked < 0.6 and gap > 0.0


@settings(max_examples=6, deadline=None)
@given(x=st.floats(REAR - 0.8, REAR - 0.2), y=st.floats(-0.4, 0.4), radius=st.floats(0.02, 0.2))
def test_nothing_behind_is_ever_touched(x, y, radius):
    _, gap = back_off(post(x - radius, y, radius), seconds=3.0)
    assert gap > 0.0


def test_with_the_limits_of_the_simulator_it_stops_before_a_wall_too():
    _, gap = back_off(wall(REAR - 1.2), ControllerConfig(), seconds=4.0)
    assert gap > 0.0
