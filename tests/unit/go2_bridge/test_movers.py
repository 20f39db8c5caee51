"""Who walks is told from what stands, by LiDAR returns alone."""

import math

import numpy as np
import pytest

from go2_bridge.control.movers import MoverTracker, small_things

ROBOT = np.zeros(2)
PERIOD = 1.0 / 15.0  # s, the LiDAR's


def legs(x, y):
    """Returns of the near sides of two legs, 0.2 m apart."""
    angles = np.linspace(0.5 * math.pi, 1.5 * math.pi, 7)
    skin = 0.07 * np.column_stack([np.cos(angles), np.sin(angles)])
    return np.vstack([skin + [x, y + side] for side in (-0.1, 0.1)])


def wall(x):
    return np.column_stack([np.full(60, x), np.linspace(-1.5, 1.5, 60)])


def movers_after(scene, seconds, seed=0):
    """What is known after sweeps of ``scene(time)`` with the LiDAR's noise."""
    rng, tracker = np.random.default_rng(seed), MoverTracker()
    for k in range(round(seconds / PERIOD) + 1):
        points = scene(k * PERIOD)
        tracker.on_sweep(points + rng.normal(0.0, 0.02, points.shape), ROBOT, k * PERIOD)
    return tracker.movers(k * PERIOD)


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
        return np.zeros((0, 2)) if 1.2 < t < 2.2 else legs(2.0, -1.0 + 0.8 * min(t, 1.2))

    assert movers_after(hidden, 2.0) == []  # not shown while it cannot be seen
    assert len(movers_after(hidden, 2.5)) == 1


def test_two_legs_are_one_thing_and_a_wall_is_none():
    things = small_things(np.vstack([legs(1.0, 0.0), wall(2.0)]))
    assert len(things) == 1
    assert things[0] == pytest.approx([0.965, 0.0], abs=0.02)


def test_an_empty_sweep_is_no_trouble():
    assert movers_after(lambda t: np.zeros((0, 2)), 0.3) == []
