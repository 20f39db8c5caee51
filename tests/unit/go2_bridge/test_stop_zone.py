"""The stop layer: what blocks, what does not, and that it only ever slows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.config import ControllerConfig
from go2_bridge.safety.returns import told_apart
from go2_bridge.safety.stop_zone import (
    HORIZON,
    SAMPLES,
    Around,
    allowed_share,
    arc,
    gap_to_footprint,
    let_through,
    step_off,
    time_to_contact,
    with_bodies,
)
from track_common.types import STOP, VelocityCommand

CONFIG = ControllerConfig()
ALONE = ControllerConfig(max_lead=0.0)  # a base that is left to run out
TIMES = np.linspace(0.0, HORIZON, SAMPLES + 1)


def standing(points, margin=CONFIG.stop_margin):
    points = np.asarray(points, float).reshape(-1, 2)
    return Around.standing(points, np.full(len(points), margin))


def share(command, points):
    return allowed_share(VelocityCommand(*command), standing(points), CONFIG)


def test_clear_way_lets_everything_through():
    assert share((1.5, 0.2, 0.5), []) == 1.0
    assert share((1.5, 0.0, 0.0), [[5.0, 0.0], [-1.0, 0.0], [1.0, 0.8]]) == 1.0


def test_wall_ahead_slows_then_stops():
    shares = [share((1.0, 0.0, 0.0), [[x, 0.0]]) for x in (2.5, 1.2, 0.8, 0.6, 0.42)]
    assert shares[0] == 1.0 and shares[-1] < 0.05
    assert all(near <= far for far, near in zip(shares, shares[1:], strict=False))


@pytest.mark.parametrize("speed", [0.3, 0.8, 1.5, 2.0])
def test_allowed_speed_brakes_before_the_margin(speed):
    free = 0.5
    point = [[0.5 * CONFIG.robot_length + CONFIG.stop_margin + free, 0.0]]
    moving = speed * share((speed, 0.0, 0.0), point)
    assert moving * CONFIG.reaction_time + moving**2 / (2 * CONFIG.stop_decel) <= free + 0.02


def test_backing_into_something_behind_is_stopped_and_leaving_it_is_not():
    behind = [[-0.45, 0.0]]
    assert share((-0.5, 0.0, 0.0), behind) < 0.25
    assert share((0.5, 0.0, 0.0), behind) == 1.0


def test_turning_on_the_spot_sees_the_corner_swing():
    beside = [[0.30, 0.24]]
    assert share((0.0, 0.0, 1.0), beside) < 0.6
    assert share((0.0, 0.0, -1.0), [[0.3, 0.6]]) == 1.0


def test_already_inside_the_margin_only_the_way_out_is_free():
    touching = [[0.36, 0.0]]
    assert share((0.5, 0.0, 0.0), touching) < 0.05
    assert share((-0.5, 0.0, 0.0), touching) == 1.0


def test_side_step_into_a_wall_is_stopped():
    wall = [[x, 0.30] for x in np.linspace(-1, 1, 40)]
    assert share((0.0, 0.5, 0.0), wall) < 0.3
    assert share((0.8, 0.0, 0.0), wall) == 1.0


def through(command, points):
    return let_through(VelocityCommand(*command), standing(points), CONFIG)


def test_turn_that_would_swing_into_a_post_is_left_out_and_the_way_on_is_not():
    command = through((0.5, 0.0, 1.5), [[0.2, 0.22]])
    assert command.vx > 0.3 and command.wz == 0.0


def test_step_aside_is_free_where_the_way_on_is_shut():
    command = through((1.0, -0.3, 0.0), [[0.42, y] for y in np.linspace(-0.1, 0.4, 20)])
    assert command.vx < 0.05 and command.vy < -0.1


def test_a_command_beside_the_one_wanted_is_taken_where_it_keeps_more_of_the_way():
    shoulder = [[0.6, 0.24], [0.65, 0.22], [0.7, 0.24]]  # 5 cm too near to walk past straight on
    wanted, slight, far = VelocityCommand(1.0), [0.8, -0.3, 0.0], [0.2, -0.45, 0.0]
    plain = through((1.0, 0.0, 0.0), shoulder)
    besides = let_through(wanted, standing(shoulder), CONFIG, besides=np.array([slight, far]))
    assert plain.vx < 0.6 and (besides.vx, besides.vy) == (0.8, -0.3)


def test_a_command_beside_is_held_to_the_same_rule():
    wall = [[0.6, y] for y in np.linspace(-1.0, 1.0, 60)]
    besides = let_through(VelocityCommand(1.0), standing(wall), CONFIG, besides=np.array([[0.9, 0.4, 0.0]]))
    assert besides == through((1.0, 0.0, 0.0), wall)


def test_boxed_in_robot_stands():
    cage = [[x, y] for x in (-0.42, 0.42) for y in np.linspace(-0.2, 0.2, 9)]
    cage += [[x, y] for y in (-0.22, 0.22) for x in np.linspace(-0.4, 0.4, 17)]
    assert through((1.0, 0.3, 1.0), cage) == VelocityCommand()


def test_nose_before_a_post_steps_aside_at_full_pace_and_hardly_goes_on():
    post = standing([[0.43, -0.17], [0.44, -0.2], [0.47, -0.15]])
    command = VelocityCommand(0.9, 0.4, -1.1)
    allowed = let_through(command, post, CONFIG)
    assert allowed.vy == 0.4 and 0.0 <= allowed.vx < 0.2
    assert allowed_share(allowed, post, CONFIG) == 1.0


def test_speed_that_a_command_does_not_keep_still_carries_the_robot_on():
    wall = np.column_stack([np.linspace(-0.5, 0.8, 40), np.full(40, 0.32)])  # 0.165 m beside the hull
    ahead, crabbing = VelocityCommand(0.6, 0.0, 0.0), VelocityCommand(0.0, 0.5, 0.0)
    assert allowed_share(ahead, standing(wall), CONFIG) == 1.0
    beside = standing(np.vstack([wall, [0.9, 0.2]]))  # where the robot will have drifted to, a corner juts out
    assert allowed_share(ahead, beside, CONFIG) == 1.0
    assert allowed_share(ahead, beside, CONFIG, crabbing) < 1.0


def walker(place, velocity):
    """Somebody's body at a place (m) with a velocity (m/s)."""
    return Around(np.array([place]), np.array([0.28]), np.array([velocity]), np.array([HORIZON]))


def test_who_will_cross_the_way_is_waited_for_and_who_will_have_gone_is_not():
    ahead = VelocityCommand(vx=1.0)
    assert allowed_share(ahead, walker([0.9, 0.7], [0.0, 0.0]), ALONE) == 1.0
    assert allowed_share(ahead, walker([0.9, 0.7], [0.0, -1.0]), ALONE) < 0.9
    assert allowed_share(ahead, walker([0.9, 0.3], [0.0, 0.0]), ALONE) < 0.9
    assert allowed_share(ahead, walker([0.9, 0.3], [0.0, 1.2]), ALONE) == 1.0


def test_legs_that_walk_ahead_leave_room_for_as_long_as_it_takes_to_stop():
    legs, middle = standing([[0.65, 0.1], [0.65, -0.1], [2.0, 2.0]]), np.array([[0.7, 0.0]])
    waits, walks = (with_bodies(legs, middle, np.array([[speed, 0.0]]), 0.28, CONFIG) for speed in (0.0, 0.8))
    ahead = VelocityCommand(vx=1.2)
    assert allowed_share(ahead, waits, CONFIG) < allowed_share(ahead, walks, CONFIG) < 1.0
    assert walks.velocities[:3] == pytest.approx(np.array([[0.8, 0.0], [0.8, 0.0], [0.0, 0.0]]))


def test_who_is_too_near_already_is_not_counted_on_to_go_on():
    legs, middle = standing([[0.41, 0.1], [0.41, -0.1]]), np.array([[0.5, 0.0]])
    leaving = with_bodies(legs, middle, np.array([[0.8, 0.0]]), 0.28, CONFIG)
    assert allowed_share(VelocityCommand(vx=0.4), leaving, CONFIG) == 0.0
    assert allowed_share(VelocityCommand(vx=-0.4), leaving, CONFIG) == 1.0


def test_who_comes_on_from_behind_does_not_make_the_robot_stop_before_them():
    behind = walker([-1.2, 0.0], [1.2, 0.0])
    assert allowed_share(VelocityCommand(vx=0.6), behind, ALONE) == 1.0
    assert let_through(VelocityCommand(vx=0.6), behind, ALONE) == VelocityCommand(vx=0.6)
    assert allowed_share(VelocityCommand(vx=-0.6), behind, ALONE) < 0.8


def test_a_robot_inside_a_margin_leaves_it_unless_it_is_shut_in():
    off = step_off(standing([[0.40, 0.1]]), CONFIG)
    assert off.vx < 0.0 and off.vy == 0.0 and off.wz == 0.0
    assert step_off(standing([[0.50, 0.1]]), CONFIG) == STOP  # outside the margin there is no need to
    assert step_off(standing([[0.40, 0.0], [-0.41, 0.0]]), CONFIG) == STOP
    assert step_off(standing([]), CONFIG) == STOP


def test_contact_time_of_a_straight_run_is_exact():
    point = standing([[1.43, 0.0]], 0.08)
    assert time_to_contact(VelocityCommand(vx=1.0), point, CONFIG) == pytest.approx(1.0, abs=0.01)
    coming = Around(np.array([[2.43, 0.0]]), np.array([0.08]), np.array([[-1.0, 0.0]]), np.array([HORIZON]))
    assert time_to_contact(VelocityCommand(vx=1.0), coming, CONFIG) == pytest.approx(1.0, abs=0.01)


def test_arc_of_a_quarter_turn_ends_where_the_circle_does():
    end = arc(VelocityCommand(vx=1.0, wz=math.pi / 2), np.array([1.0]))[0]
    assert end == pytest.approx([2 / math.pi, 2 / math.pi, math.pi / 2])


def test_gap_is_zero_on_the_hull_and_negative_inside():
    assert gap_to_footprint(np.array([[0.35, 0.0], [0.0, 0.155], [0.0, 0.0], [0.65, 0.555]]), CONFIG) == pytest.approx(
        [0.0, 0.0, -0.155, 0.5]
    )


def test_floor_ceiling_own_hull_nan_and_zeros_are_no_obstacles():
    cloud = np.array(
        [[1, 0, 0.02], [1, 0, 2.2], [0.3, 0.1, 0.3], [math.nan, 0, 0.5], [0, 0, 0], [math.inf, 1, 1], [1, 0, 0.5]]
    )
    assert told_apart(cloud, CONFIG).solid == pytest.approx(np.array([[1, 0]]))


velocity = st.tuples(st.floats(-1, 2), st.floats(-0.5, 0.5), st.floats(-1.8, 1.8))
scene = st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), max_size=20)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(velocity, scene)
def test_mirrored_scene_gives_the_same_share_and_never_more_than_all(command, points):
    here = share(command, points)
    part = through(command, points)
    assert all(abs(a) <= abs(b) + 1e-12 for a, b in zip((part.vx, part.vy, part.wz), command, strict=True))
    there = share((command[0], -command[1], -command[2]), [(x, -y) for x, y in points])
    assert 0.0 <= here <= 1.0
    assert there == pytest.approx(here, abs=1e-9)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(velocity, scene, st.tuples(st.floats(-2, 2), st.floats(-2, 2)))
def test_one_more_return_never_makes_it_faster(command, points, extra):
    assert share(command, [*points, extra]) <= share(command, points) + 1e-9


@settings(derandomize=True, max_examples=100, deadline=None)
@given(velocity, st.integers(0, 2**32 - 1), st.floats(0.0, 0.4))
def test_no_return_on_the_way_is_overlooked(command, seed, margin):
    """Against every return at every pose: none that begins outside its margin is met before the time given."""
    points = np.random.default_rng(seed).uniform(-4.0, 4.0, (60, 2)).astype("f4")
    contact = time_to_contact(VelocityCommand(*command), standing(points, margin), CONFIG)
    begins_outside = gap_to_footprint(points, CONFIG) >= margin
    for time, (x, y, yaw) in zip(TIMES, arc(VelocityCommand(*command), TIMES), strict=True):
        c, s = math.cos(yaw), math.sin(yaw)
        seen = (points - (x, y)) @ np.array([[c, -s], [s, c]])
        is_met = begins_outside & (gap_to_footprint(seen, CONFIG) < margin - 1e-5)
        assert time >= contact - 1e-6 or not is_met.any()
