"""Who walks is told from what stands, by LiDAR returns alone."""

import math

import numpy as np
import pytest

from go2_bridge.control.movers import HELD, SKIN, SWEEPS, MoverTracker, small_things
from go2_bridge.safety.returns import Returns

ROBOT = np.zeros(2)
PERIOD = 1.0 / 15.0  # s, the LiDAR's
NOTHING = np.zeros((0, 2))
FLOOR = np.stack(np.meshgrid(np.arange(0.4, 2.8, 0.05), np.arange(-1.5, 1.5, 0.05)), axis=-1).reshape(-1, 2)


def legs(x, y):
    """Returns of the near sides of two legs, 0.2 m apart."""
    angles = np.linspace(0.5 * math.pi, 1.5 * math.pi, 7)
    skin = 0.07 * np.column_stack([np.cos(angles), np.sin(angles)])
    return np.vstack([skin + [x, y + side] for side in (-0.1, 0.1)])


def wall(x):
    return np.column_stack([np.full(60, x), np.linspace(-1.5, 1.5, 60)])


def movers_after(scene, seconds, seed=0, floor=NOTHING):
    """What is known after sweeps of ``scene(time)`` with the LiDAR's noise, on a floor seen where nothing stands."""
    rng, tracker = np.random.default_rng(seed), MoverTracker()
    for k in range(round(seconds / PERIOD) + 1):
        points = scene(k * PERIOD)
        seen = seen_floor(floor, points)
        points = points + rng.normal(0.0, 0.02, points.shape)
        tracker.on_sweep(Returns(points, NOTHING, seen), ROBOT, k * PERIOD)
    return tracker.movers(k * PERIOD)


def seen_floor(floor, points):
    """What of the floor (F, 2) is not in the shadow of the points (N, 2), as seen from the robot."""
    if not len(points) or not len(floor):
        return floor
    bearing, distance = np.arctan2(points[:, 1], points[:, 0]), np.hypot(*points.T)
    beside = np.abs(np.arctan2(floor[:, 1], floor[:, 0])[:, None] - bearing) < 0.04
    return floor[~np.any(beside & (np.hypot(*floor.T)[:, None] > distance - 0.02), axis=1)]


def test_a_walker_is_found_with_place_and_pace():
    movers = movers_after(lambda t: np.vstack([legs(2.0, -1.0 + 0.8 * t), wall(2.8)]), 1.2)
    assert len(movers) == 1
    assert movers[0].velocity == pytest.approx([0.0, 0.8], abs=0.15)
    assert movers[0].at(1.5) == pytest.approx([2.0, 0.2], abs=0.15)


@pytest.mark.parametrize("seed", range(5))
def test_what_stands_does_not_walk(seed):
    assert movers_after(lambda t: np.vstack([legs(1.5, 0.4), legs(2.0, -0.8), wall(2.8)]), 1.5, seed) == []


def test_a_walker_who_stops_is_a_person_a_while_longer_and_then_a_thing():
    def halting(t):
        return legs(2.0, -1.0 + 0.8 * min(t, 1.2))

    assert len(movers_after(halting, 4.5)) == 1
    assert movers_after(halting, 7.0) == []


def test_a_person_hidden_for_a_moment_is_still_one():
    def hidden(t):
        return NOTHING if 1.2 < t < 2.2 else legs(2.0, -1.0 + 0.8 * min(t, 1.2))

    assert movers_after(hidden, 2.0) == []  # not shown while it cannot be seen
    assert len(movers_after(hidden, 2.5)) == 1


def test_two_legs_are_one_thing_and_a_wall_is_none():
    things = small_things(np.vstack([legs(1.0, 0.0), wall(2.0)]))
    assert len(things) == 1
    assert things[0] == pytest.approx([0.965, 0.0], abs=0.02)


@pytest.mark.parametrize("pace", [0.05, 0.1, 0.2])
def test_who_shuffles_over_floor_that_was_free_is_a_person(pace):
    def shuffling(t):
        return legs(1.5, -0.6 + pace * t) if t > 0.5 else NOTHING

    assert movers_after(shuffling, 3.0) == []  # without the floor nothing tells a shuffler from a thing
    (mover,) = movers_after(shuffling, 3.0, floor=FLOOR)
    assert mover.position == pytest.approx([1.5, -0.6 + pace * 3.0], abs=0.08)


def test_who_steps_out_from_behind_a_post_is_known_at_once():
    def stepping_out(t):
        post = np.column_stack([np.full(12, 1.2), np.linspace(0.3, 0.8, 12)])
        return np.vstack([post, legs(1.8, 0.1 - 0.8 * (t - 2.0))]) if t >= 2.0 else post

    assert len(movers_after(stepping_out, 2.0 + (SWEEPS + 1) * PERIOD, floor=FLOOR)) == 1


def test_what_was_hidden_for_a_while_has_not_come():
    thing = np.vstack([legs(2.0, 0.3), wall(2.4)])

    def passing(t):
        return np.vstack([thing[np.abs(thing[:, 1] - 0.3) > 0.4], legs(1.0, 0.15)]) if 2.0 < t < 4.0 else thing

    movers = movers_after(passing, 4.5, floor=FLOOR)
    assert all(np.hypot(*(mover.position - [2.0, 0.3])) > 0.5 for mover in movers)


def test_who_stands_about_stays_a_person():
    def halting(t):
        return legs(1.5, -0.8 + 0.8 * min(t, 1.0))

    assert len(movers_after(halting, 5.5, floor=FLOOR)) == 1


def test_who_comes_apart_from_a_person_is_one_at_once_but_not_for_long_unless_confirmed():
    def beside(t):
        return np.vstack([legs(1.5, -1.0 + 0.8 * t), legs(1.9, 0.0)]) if t > 1.2 else legs(1.5, -1.0 + 0.8 * t)

    assert len(movers_after(beside, 1.2 + 2.0 * PERIOD)) == 2
    assert len(movers_after(beside, 1.2 + HELD + 3.0 * PERIOD)) == 1


def test_legs_stand_behind_what_they_return():
    (mover,) = movers_after(lambda t: legs(1.0 + 0.8 * t, 0.0), 1.2)
    (near,) = small_things(legs(1.0 + 0.8 * 1.2, 0.0))
    assert mover.position[0] - near[0] == pytest.approx(SKIN, abs=0.03)
    places = [movers_after(lambda t: legs(1.0 + 0.8 * t, 0.0), 1.2, seed)[0].position for seed in range(8)]
    assert np.mean(places, axis=0) == pytest.approx([1.0 + 0.8 * 1.2, 0.0], abs=0.03)


def test_an_empty_sweep_is_no_trouble():
    assert movers_after(lambda t: NOTHING, 0.3) == []
