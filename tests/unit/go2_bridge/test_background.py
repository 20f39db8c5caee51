"""What has stood in its place is told from what has just come."""

import numpy as np

from go2_bridge.control.background import FORGOTTEN, STOOD, Background

WALL = np.column_stack([np.full(30, 2.0), np.linspace(-1.0, 1.0, 30)])
PERIOD = 1.0 / 15.0  # s


def test_a_wall_becomes_background_and_legs_before_it_do_not():
    background, rng = Background(), np.random.default_rng(0)
    for k in range(round(2.0 / PERIOD)):
        legs = np.array([[1.7, -1.0 + 0.8 * k * PERIOD]])
        sweep = np.vstack([WALL, legs]) + rng.normal(0.0, 0.02, (31, 2))
        is_old = background.on_sweep(sweep, k * PERIOD)
        assert not is_old[-1]
    assert is_old[:-1].all()


def test_what_was_away_has_to_stand_again():
    background = Background()
    assert not background.on_sweep(WALL, 0.0).any()
    assert background.on_sweep(WALL, 0.9 * FORGOTTEN).sum() == 0
    assert background.on_sweep(WALL, 0.9 * FORGOTTEN + STOOD - 0.2).all()
    assert not background.on_sweep(WALL, 10.0).any()


def test_an_empty_sweep_is_no_trouble():
    assert len(Background().on_sweep(np.zeros((0, 2)), 0.0)) == 0
