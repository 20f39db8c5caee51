"""People on their paths: they arrive, turn round, make way and keep out of furniture."""

import numpy as np
import pytest

from evt_bench.world.footprints import Footprints
from evt_bench.world.walkers import PERSON_CLEARANCE, Walker, step_walkers

FAR = np.array([[50.0, 50.0]])
FREE = Footprints.from_rows([])
STRAIGHT = np.array([[0.0, 0.0], [4.0, 0.0]])


def walk(walkers, seconds, robot=FAR, footprints=FREE, seed=0):
    """States after each step of 20 ms."""
    rng = np.random.default_rng(seed)
    states = [walkers]
    for k in range(round(seconds / 0.02)):
        walkers = step_walkers(walkers, robot, footprints, (k * 0.02, 0.02), rng)
        states.append(walkers)
    return states


def test_a_target_walks_its_path_at_its_pace_and_stops_at_the_end():
    states = walk((Walker.start(STRAIGHT, 1.0, loops=False, yields=False),), 8.0)
    arrival = next(k for k, s in enumerate(states) if s[0].has_arrived)
    assert arrival * 0.02 == pytest.approx(4.0, rel=0.3)
    assert not states[-1][0].is_walking
    assert np.hypot(*(states[-1][0].position - STRAIGHT[-1])) < 0.25


def test_a_looping_walker_comes_back():
    states = walk((Walker.start(STRAIGHT, 1.0, loops=True, yields=True),), 9.0)
    x = np.array([s[0].position[0] for s in states])
    assert x.max() > 3.4 and x[-1] < 2.0


def test_two_people_on_one_line_do_not_walk_through_each_other():
    first = Walker.start(STRAIGHT, 1.0, loops=False, yields=True)
    second = Walker.start(STRAIGHT[::-1], 1.0, loops=False, yields=True)
    gaps = [np.hypot(*(s[0].position - s[1].position)) for s in walk((first, second), 5.0)]
    assert min(gaps) > 0.4


def test_the_target_goes_round_a_robot_in_its_way():
    states = walk((Walker.start(STRAIGHT, 0.8, loops=False, yields=False),), 12.0, robot=np.array([[2.0, 0.05]]))
    gaps = [np.hypot(*(s[0].position - [2.0, 0.05])) for s in states]
    assert min(gaps) > 0.5
    assert states[-1][0].has_arrived


def test_nobody_walks_into_the_nose_of_a_robot_that_stands_in_the_way():
    along = np.array([[1.8, 0.02], [2.0, 0.02], [2.2, 0.02]])  # facing whoever comes
    states = walk((Walker.start(STRAIGHT, 1.0, loops=True, yields=True),), 9.0, robot=along)
    gaps = [np.hypot(*(along - s[0].position).T).min() for s in states]
    assert min(gaps) > 0.16 + 0.25  # half the robot's width and a body


def test_nobody_is_pushed_into_furniture():
    table = Footprints.from_rows([(2.0, 0.5, 0.4, 0.4, 0.0, 0.0)])
    first = Walker.start(STRAIGHT, 1.0, loops=True, yields=True)
    second = Walker.start(STRAIGHT[::-1] + [0.0, -0.3], 1.0, loops=True, yields=True)
    for state in walk((first, second), 10.0, footprints=table):
        distance = table.nearest(np.stack([w.position for w in state]))[0]
        assert distance.min() > PERSON_CLEARANCE - 0.02


def test_turning_takes_time():
    walker = Walker.start(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 3.0]]), 1.0, loops=False, yields=False)
    yaws = np.array([s[0].yaw for s in walk((walker,), 4.0)])
    assert np.abs(np.diff(yaws)).max() <= 2.5 * 0.02 + 1e-9
    assert yaws[-1] == pytest.approx(np.pi / 2, abs=0.2)
