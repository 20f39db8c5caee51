"""Thinning without sorting: one return a voxel, none lost, whatever the place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from go2_bridge.control.obstacles import SIDE, VOXEL, ObstacleBuffer, thinned


def voxels(points: np.ndarray, voxel: float) -> set[tuple[int, ...]]:
    return set(map(tuple, np.floor(points * (1.0 / voxel)).astype(int)))


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(0, 800), st.floats(0.01, 6.0), st.sampled_from([0.02, VOXEL, 0.3]))
def test_every_voxel_keeps_one_of_its_own_returns(seed, count, spread, voxel):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1e4, 1e4, 2) + rng.uniform(-spread, spread, (count, 2))
    kept = thinned(points, voxel)
    assert voxels(kept, voxel) == voxels(points, voxel)
    assert len(kept) == len(voxels(points, voxel)) or 2.0 * spread > SIDE * voxel
    assert set(map(tuple, kept)) <= set(map(tuple, points))


def test_voxels_that_share_a_slot_of_the_table_both_keep_a_return():
    here = np.array([[0.01, 0.01], [0.02, 0.02]])
    there = here + [SIDE * VOXEL, -3 * SIDE * VOXEL]
    kept = thinned(np.vstack([here, there]))
    assert voxels(kept, VOXEL) == voxels(here, VOXEL) | voxels(there, VOXEL)


def test_places_far_beyond_any_table_are_kept():
    points = np.array([[1e12, -1e12], [1e12, 1e12], [0.0, 0.0]])
    assert thinned(points) == pytest.approx(points)


def test_newer_of_two_sweeps_with_one_stamp_wins():
    buffer = ObstacleBuffer(0.5)
    buffer.push(np.array([[1.0, 0.0]]), 3.0)
    buffer.push(np.array([[2.0, 0.0]]), 3.0)
    assert buffer.points() == pytest.approx(np.array([[2.0, 0.0]]))
