"""What has stood in its place is told from what has just come."""

import numpy as np
import pytest

from go2_bridge.control.background import FORGOTTEN, STAYED, STOOD, TAKEN, Background
from go2_bridge.safety.returns import Returns

WALL = np.column_stack([np.full(30, 2.0), np.linspace(-1.0, 1.0, 30)])
FLOOR = np.stack(np.meshgrid(np.arange(0.5, 2.0, 0.04), np.arange(-1.0, 1.0, 0.04)), axis=-1).reshape(-1, 2)
NOBODY = NOTHING = np.zeros((0, 2))
PERIOD = 1.0 / 15.0  # s


def is_old(background, points, stamp, people=NOBODY):
    return background.on_sweep(Returns(points, NOTHING, NOTHING), people, stamp)[0]


def has_come(background, points, stamp, floor=NOTHING, low=NOTHING):
    return background.on_sweep(Returns(points, low, floor), NOBODY, stamp)[1]


def test_a_wall_becomes_background_and_legs_before_it_do_not():
    background, rng = Background(), np.random.default_rng(0)
    for k in range(round(2.0 / PERIOD)):
        legs = np.array([[1.7, -1.0 + 0.8 * k * PERIOD]])
        sweep = np.vstack([WALL, legs]) + rng.normal(0.0, 0.02, (31, 2))
        old = is_old(background, sweep, k * PERIOD)
        assert not old[-1]
    assert old[:-1].all()


def test_what_was_away_has_to_stand_again():
    background = Background()
    assert not is_old(background, WALL, 0.0).any()
    assert is_old(background, WALL, 0.9 * FORGOTTEN).sum() == 0
    assert is_old(background, WALL, 0.9 * FORGOTTEN + STOOD - 0.2).all()
    assert not is_old(background, WALL, 10.0).any()


def test_an_empty_sweep_is_no_trouble():
    assert len(is_old(Background(), NOTHING, 0.0)) == 0


def test_a_person_is_no_background_and_the_wall_behind_them_still_is():
    background, person = Background(), np.array([[1.75, 0.0]])
    for k in range(round(3.0 / PERIOD)):
        stands = k * PERIOD > 1.5
        sweep = np.vstack([WALL, person]) if stands else WALL
        old = is_old(background, sweep, k * PERIOD, person if stands else NOBODY)
    assert old[:-1].all() and not old[-1]


def test_what_stands_where_the_floor_was_seen_has_come():
    background, legs = Background(), np.array([[1.2, 0.0], [1.25, 0.1]])
    assert not has_come(background, WALL, 0.0, FLOOR).any()
    come = has_come(background, np.vstack([WALL, legs]), 0.1, FLOOR)
    assert come[-2:].all() and not come[:-2].any()
    assert 0.9 * STAYED > 2.0 * STOOD
    for k in range(1, round(0.9 * STAYED / PERIOD)):  # and stays new for longer than furniture would
        old, come = background.on_sweep(Returns(legs, NOTHING, NOTHING), NOBODY, 0.1 + k * PERIOD)
        assert come.all() and not old.any()


@pytest.mark.parametrize("away", [1.5 * FORGOTTEN, 0.8 * TAKEN])
def test_a_wall_hidden_for_a_while_has_not_come(away):
    background = Background()
    for k in range(round(2.0 / PERIOD)):
        has_come(background, WALL, k * PERIOD, FLOOR)
    has_come(background, NOTHING, 1.9 + away, np.vstack([FLOOR, WALL]))  # floor to the very foot of it
    assert not has_come(background, WALL, 2.0 + away, FLOOR).any()


def test_more_of_what_was_seen_low_has_not_come():
    background = Background()
    has_come(background, NOTHING, 0.0, np.vstack([FLOOR, WALL]), low=WALL)  # from above: its foot
    assert not has_come(background, WALL, 0.1, FLOOR).any()


def test_shoes_are_no_reason_against_legs():
    background, legs = Background(), np.array([[1.2, 0.0]])
    has_come(background, NOTHING, 0.0, FLOOR)
    for k in range(1, 10):
        legs = legs + [0.05, 0.0]
        assert has_come(background, legs, k * PERIOD, FLOOR, low=legs).all()
