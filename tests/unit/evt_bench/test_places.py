"""Floor plans, footprints and paths: distances are right, free floor hangs together, walks stay clear."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evt_bench.world.footprints import Footprints
from evt_bench.world.navigation import make_grid, plan, resample
from evt_bench.world.rooms import STYLES, draw_plan
from track_common.geometry import arc_lengths, transform_points

coordinates = st.floats(-5, 5)


def test_distance_to_a_box_by_hand():
    box = Footprints.from_rows([(1.0, 0.0, 0.5, 0.25, 0.0, 0.0)])
    distance, way = box.nearest(np.array([[0.0, 0.0], [1.0, 0.1], [1.8, 0.65]]))
    np.testing.assert_allclose(distance, [0.5, -0.15, 0.5])
    np.testing.assert_allclose(way, [[-1, 0], [0, 1], [0.6, 0.8]], atol=1e-9)


def test_distance_to_a_turned_box_and_a_round_one():
    turned = Footprints.from_rows([(0.0, 0.0, 1.0, 0.1, np.pi / 2, 0.0)])
    assert turned.nearest(np.array([[0.5, 0.0]]))[0][0] == pytest.approx(0.4)
    disc = Footprints.from_rows([(0.0, 0.0, 0.0, 0.0, 0.0, 0.3)])
    assert disc.nearest(np.array([[0.0, 1.0]]))[0][0] == pytest.approx(0.7)


def test_an_empty_floor_is_free_everywhere():
    distance, way = Footprints.from_rows([]).nearest(np.zeros((2, 2)))
    assert np.all(np.isinf(distance)) and not way.any()


@given(coordinates, coordinates, st.floats(-3, 3))
def test_the_way_out_leads_to_the_border(x, y, yaw):
    box = Footprints.from_rows([(0.3, -0.2, 0.8, 0.5, yaw, 0.1)])
    point = np.array([[x, y]])
    distance, way = box.nearest(point)
    if np.abs(distance[0]) > 1e-3 and np.hypot(*way[0]) > 0.5:
        on_border = point - distance[:, None] * way
        assert abs(box.nearest(on_border)[0][0]) < 1e-6 or distance[0] < 0.0


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(3))
def test_plans_are_repeatable_furnished_and_walkable(style, seed):
    first = draw_plan(np.random.default_rng(seed), style)
    second = draw_plan(np.random.default_rng(seed), style)
    np.testing.assert_array_equal(first.footprints.centres, second.footprints.centres)
    assert len(first.items) >= 5
    grid = make_grid(first.footprints, first.size, 0.45)
    assert grid.is_free.sum() >= 0.9 * (grid.distance > 0.45).sum()
    if style != "hall":
        assert first.doors


@pytest.mark.parametrize("seed", range(8))
def test_no_piece_of_furniture_stands_in_a_wall(seed):
    floor = draw_plan(np.random.default_rng(seed), "corridor")
    walls = len(floor.footprints.centres) - len(floor.items)
    bare = Footprints(*(part[:walls] for part in dataclasses.astuple(floor.footprints)))
    for item in floor.items:
        x, y, half_x, half_y, yaw, _ = item.footprint
        corners = np.array([[sx * half_x, sy * half_y] for sx in (-1, 1) for sy in (-1, 1)])
        assert bare.nearest(transform_points(np.array([x, y, yaw]), corners))[0].min() > 0.0


def test_an_unknown_style_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="corridor"):
        draw_plan(np.random.default_rng(0), "castle")


@pytest.mark.parametrize("seed", range(6))
def test_paths_join_their_ends_and_stay_clear_of_furniture(seed):
    rng = np.random.default_rng(seed)
    floor = draw_plan(rng)
    grid = make_grid(floor.footprints, floor.size, 0.38)
    free = grid.points()
    start, goal = free[rng.integers(len(free))], free[rng.integers(len(free))]
    path = resample(plan(grid, floor.footprints, start, goal, 0.35), 0.05)
    np.testing.assert_allclose(path[[0, -1]], [start, goal])
    assert floor.footprints.nearest(path)[0].min() > 0.2


def test_a_path_goes_through_the_door():
    wall = [(0.0, 2.0, 0.05, 1.4, 0.0, 0.0), (0.0, -2.0, 0.05, 1.4, 0.0, 0.0)]  # opening of 1.2 m about the origin
    footprints = Footprints.from_rows(wall)
    grid = make_grid(footprints, (6.0, 6.0), 0.3)
    path = resample(plan(grid, footprints, np.array([-2.0, 2.0]), np.array([2.0, 2.0]), 0.28), 0.02)
    crossing = path[np.abs(path[:, 0]).argmin()]
    assert abs(crossing[1]) < 0.35
    assert 4.5 < arc_lengths(path)[-1] < 6.5
