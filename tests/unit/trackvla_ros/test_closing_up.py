"""A shorter standoff before corners and doorways, the whole one in the open."""

import numpy as np
import pytest

from trackvla_ros.closing_up import Sight, standoff_before_corners
from trackvla_ros.trail import open_between

FAR, NEAR = 1.9, 1.3
ROBOT, TARGET = np.zeros(2), np.array([1.9, 0.0])


def wall(first, last, spacing=0.04):
    first, last = np.array(first, float), np.array(last, float)
    count = int(np.hypot(*(last - first)) / spacing) + 1
    return first + np.linspace(0.0, 1.0, count)[:, None] * (last - first)


def standoff(points, velocity, target=TARGET):
    places = np.asarray(points, float).reshape(-1, 2)
    sight = Sight(open_between(places, 0.08), open_between(places, 0.25))
    return standoff_before_corners(ROBOT, target, np.array(velocity, float), sight, FAR, NEAR)


CORNER = wall((1.6, 0.55), (1.6, 3.0))  # to the left of the way: who turns left behind it is gone


def test_in_the_open_the_whole_standoff_is_kept():
    assert standoff(np.zeros((0, 2)), (0.8, 0.0)) == FAR
    assert standoff(wall((5.0, -3.0), (5.0, 3.0)), (0.8, 0.0)) == FAR


def test_it_closes_up_on_a_target_that_turns_behind_a_corner():
    assert standoff(CORNER, (0.3, 0.9), np.array([2.1, 0.1])) < FAR - 0.2


def test_the_sooner_the_target_will_be_hidden_the_nearer():
    late, soon = (standoff(CORNER, (0.1, 0.6), np.array([2.1, aside])) for aside in (0.0, 0.35))
    assert NEAR <= soon < late <= FAR


def test_a_quick_target_that_might_stop_is_not_closed_up_on_too_far():
    assert standoff(CORNER, (0.3, 1.4), np.array([2.1, 0.3])) >= 1.0 + 0.5 * 1.4


def test_a_standing_target_is_not_closed_up_on():
    assert standoff(CORNER, (0.0, 0.1), np.array([2.1, 0.3])) == FAR


def test_in_a_doorway_it_follows_nearer():
    posts = np.vstack([wall((1.9, 0.5), (1.9, 3.0)), wall((1.9, -3.0), (1.9, -0.5))])
    assert standoff(posts, (0.8, 0.0)) == pytest.approx(1.5 + 0.5 * (FAR - 1.5))
    assert standoff(posts[posts[:, 1] > 0.0], (0.8, 0.0)) == FAR


def test_a_target_that_walks_at_a_wall_will_turn_nobody_knows_where():
    assert standoff(wall((2.4, -2.0), (2.4, 2.0)), (0.9, 0.0)) == FAR
