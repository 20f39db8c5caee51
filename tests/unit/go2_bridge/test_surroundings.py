"""What stands and who walks around the robot, placed by odometry."""

import numpy as np
import pytest

from go2_bridge.config import ControllerConfig
from go2_bridge.control.movers import BODY
from go2_bridge.control.surroundings import Surroundings, Target
from go2_bridge.safety.stop_zone import GOES_ON, HORIZON, STOPS_SHORT
from track_common.pose_buffer import PoseBuffer
from track_common.types import Cloud, Odometry

CONFIG = ControllerConfig()
PERIOD = 1.0 / 15.0  # s


def legs(x, y):
    return np.array(
        [[x + dx, y + dy, z] for dx in (-0.05, 0.05) for dy in (-0.13, -0.07, 0.07, 0.13) for z in (0.3, 0.6)]
    )


def after(seconds, walker, pose=(0.0, 0.0, 0.0), *others):
    """Surroundings of a robot standing at ``pose`` after sweeps of pairs of legs at ``walker(time)`` in base_link."""
    poses = PoseBuffer()
    around = Surroundings(CONFIG, poses)
    for k in range(round(seconds / PERIOD) + 1):
        poses.push(Odometry(k * PERIOD, *pose))
        points = np.vstack([legs(*who(k * PERIOD)) for who in (walker, *others)])
        around.on_cloud(Cloud(points, k * PERIOD))
        around.track()
    return around, k * PERIOD


def test_before_the_first_sweep_nothing_stands_there():
    around = Surroundings(CONFIG, PoseBuffer())
    seen = around.seen_from(np.zeros(3), 0.0, None, 0.2)
    assert seen is not None and len(seen.points) == len(seen.margins) == 0
    assert around.obstacles(None) is None


def test_a_sweep_without_odometry_has_no_place():
    around = Surroundings(CONFIG, PoseBuffer())
    around.on_cloud(Cloud(legs(2.0, 0.0), 1.0))
    assert around.seen_from(np.zeros(3), 1.0, None, 0.2) is None
    assert around.obstacles(None) is None


def test_the_followed_person_gets_more_room_and_is_no_obstacle_to_the_band():
    around, _ = after(0.0, lambda t: (2.0, 0.0))
    target = Target(np.array([2.0, 0.0]), 0.0)
    seen = around.seen_from(np.zeros(3), 0.0, target, CONFIG.person_margin)
    assert seen is not None and seen.margins == pytest.approx(CONFIG.stop_margin + CONFIG.person_margin)
    assert len(around.obstacles(target)) == 0
    assert len(around.obstacles(None)) > 0


def test_a_walker_is_a_body_that_walks_on_from_where_it_was_seen():
    pose = np.array([3.0, -1.0, 1.0])
    around, now = after(1.2, lambda t: (2.0, -1.0 + 0.8 * t), tuple(pose))
    seen = around.seen_from(pose, now + 0.1, None, 0.0)
    assert seen is not None
    assert seen.points[-1] == pytest.approx([2.0, -1.0 + 0.8 * (now + 0.1)], abs=0.12)
    assert seen.velocities[-1] == pytest.approx([0.0, 0.8], abs=0.15)
    assert seen.margins[-1] == BODY + CONFIG.body_margin
    assert np.all(seen.lasting[:-1] == STOPS_SHORT)  # returns go on only for a moment


@pytest.mark.parametrize(("pace", "lasting"), [(-0.8, HORIZON), (0.8, GOES_ON)])
def test_who_comes_is_counted_on_to_go_on_and_who_leaves_is_not(pace, lasting):
    around, now = after(1.2, lambda t: (1.6 + pace * (t - 0.6), 0.0))
    seen = around.seen_from(np.zeros(3), now, None, 0.0)
    assert seen is not None and seen.lasting[-1] == lasting


def test_the_target_itself_is_no_stranger_and_a_jump_of_odometry_forgets_all():
    around, now = after(1.2, lambda t: (2.0, -1.0 + 0.8 * t))
    assert around.walkers(Target(np.array([2.0, -1.0 + 0.8 * now]), now)) == []
    assert around.walkers(Target(np.array([2.0, -1.0 + 0.8 * (now - 0.5)]), now - 0.5)) == []  # of an image that is old
    assert len(around.walkers(None)) == 1
    around.forget_movers()
    assert around.walkers(None) == []


def test_who_walks_close_beside_the_target_is_not_taken_for_it():
    around, now = after(1.2, lambda t: (2.0, -1.0 + 0.8 * t), (0.0, 0.0, 0.0), lambda t: (1.55, -1.0 + 0.8 * t))
    target = Target(np.array([2.0, -1.0 + 0.8 * now]), now)
    assert np.hypot(0.45, 0.0) < CONFIG.target_radius
    (other,) = around.walkers(target)
    assert other.position == pytest.approx([1.55, -1.0 + 0.8 * now], abs=0.1)


def test_the_target_goes_on_at_its_pace_for_as_long_as_it_takes_to_stop():
    around, now = after(1.2, lambda t: (1.5 + 0.8 * t, 0.0))
    seen = around.seen_from(np.zeros(3), now, Target(np.array([1.5 + 0.8 * now, 0.0]), now), CONFIG.person_margin)
    assert seen is not None
    assert seen.velocities == pytest.approx(np.tile([0.8, 0.0], (len(seen.points), 1)), abs=0.15)
    assert np.all(seen.lasting == STOPS_SHORT)


def test_who_turns_round_towards_the_robot_is_believed_sooner_than_who_turns_away():
    def turning(sign):
        around, now = after(1.6, lambda t: (2.0 + sign * 0.9 * abs(1.2 - t), 0.0))
        return around.bodies_from(np.zeros(3), now, None)[1][0, 0]

    assert turning(-1.0) < -0.5  # walked away for 1.2 s and has come back for 0.4 s
    assert turning(1.0) < 0.6  # came for 1.2 s, has gone away for 0.4 s
