"""A stop reason exactly while the robot must stand: commands that move carry a status instead."""

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.planar_robot import PlanarRobot
from tests.unit.go2_bridge.test_backing_off import CIRCLE, post, wall
from tests.unit.go2_bridge.test_follower import TIMES

from go2_bridge.config import ControllerConfig
from go2_bridge.follower import Follower
from go2_bridge.safety.watchdog import ControlStatus, StopReason, explained, stopped
from track_common.geometry import inverse, transform_points
from track_common.interfaces import Decision
from track_common.types import STOP, Array, Cloud, TargetStatus, Trajectory, VelocityCommand

DT = 0.02  # s
AHEAD = np.column_stack([TIMES, np.zeros((10, 2))])
STAND = np.zeros((10, 3))
CORRIDOR = np.vstack([wall(1.2), np.column_stack([np.linspace(-2, 1.2, 60), np.full(60, 0.45)])])


def decisions(
    around: Array, poses: Array, *, wish: VelocityCommand | None = None, near_from: float = 0.0, seconds: float = 3.0
) -> list[Decision]:
    """Of a robot that walks among ``around`` (N, 2), m in its first frame, which is there from ``near_from`` s on."""
    robot, follower, said = PlanarRobot(), Follower(ControllerConfig()), []
    first = robot.odometry().pose
    status = TargetStatus.TRACKED if wish is None else TargetStatus.LOST
    places, far = transform_points(first, around), transform_points(first, 6.0 * CIRCLE)
    for step in range(round(seconds / DT)):
        odometry = replace(robot.odometry(), **dict(zip(("vx", "vy", "wz"), robot.plant.velocity, strict=True)))
        follower.on_odometry(odometry)
        if step % 3 == 0:
            seen = np.vstack([places, far]) if robot.now >= near_from else far
            base = transform_points(inverse(odometry.pose), seen)
            follower.on_cloud(Cloud(np.column_stack([base, np.full(len(base), 0.5)]), robot.now))
            follower.on_trajectory(Trajectory(max(robot.now - 0.1, 0.0), poses, TIMES, status))
        if wish is not None:
            follower.on_wish(robot.now, wish)
        said.append(follower.control(robot.now))
        robot.command(said[-1].command)
        robot.step(DT)
    return said


SCENES = {
    "a free way": ((np.zeros((0, 2)), AHEAD), {}, ControlStatus.FOLLOWING),
    "a wall": ((wall(1.5), AHEAD), {}, ControlStatus.FOLLOWING),
    "a wall that was not there before": ((wall(1.4), AHEAD), {"near_from": 1.0}, ControlStatus.BRAKING),
    "a post inside the margin": ((post(0.44, 0.0), AHEAD), {"near_from": 0.5}, None),
    "no way past": ((CORRIDOR, AHEAD), {}, None),
    "a recovery that drives": (
        (np.zeros((0, 2)), STAND),
        {"wish": VelocityCommand(0.0, 0.0, 0.8)},
        ControlStatus.RECOVERING,
    ),
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_command_that_moves_has_no_stop_reason_and_a_stop_reason_has_no_motion(scene):
    arguments, options, status = SCENES[scene]
    said = decisions(*arguments, **options)
    for decision in said:
        assert decision.command == STOP or decision.reason == ""
        assert (decision.status == ControlStatus.STOPPED.value) == bool(decision.reason)
    assert any(decision.command != STOP for decision in said)
    if status is not None:
        assert status.value in [decision.status for decision in said]


def test_a_robot_that_escapes_says_so_and_moves_without_a_reason():
    escape = Decision(VelocityCommand(-0.15), status=ControlStatus.ESCAPING.value)
    assert explained(escape.command, escape) == escape


@pytest.mark.parametrize(
    ("status", "reason"),
    [(ControlStatus.NO_WAY, StopReason.BAND_BROKEN), (ControlStatus.ESCAPING, StopReason.OBSTACLE)],
)
def test_a_robot_that_can_neither_turn_nor_escape_stands_for_that_reason(status, reason):
    assert explained(STOP, Decision(STOP, status=status.value)) == stopped(reason)


def test_a_robot_that_stands_where_it_may_move_has_no_reason():
    assert decisions(np.zeros((0, 2)), STAND)[-1] == Decision(STOP, "", ControlStatus.FOLLOWING.value)
