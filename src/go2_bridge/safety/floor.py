"""How high returns lie above a floor that leans against the base: on ramps, and under a body that pitches as it trots.

At 3 m a lean of 3 degrees lifts the floor by 0.16 m, over what counts as an obstacle. A plane is laid through the
lowest return of each cell around the robot and believed only where nearly all of the cells agree with it; before a step
or among furniture they do not, and the floor is taken to be level.
"""

from __future__ import annotations

import math

import numpy as np

from track_common.types import Array

NEAR = 4.0  # m of floor looked at
CELL = 0.4  # m; wide enough for a spinning LiDAR to hit the floor in most
MIN_CELLS = 30  # a tenth of the floor around; fewer say little about how it leans
AGREE = 0.9  # share of the cells that must lie within THICKNESS of the plane
THICKNESS = 0.03  # m; LiDAR noise and a foot's worth of unevenness
MAX_OFFSET = 0.06  # m the plane may lie off the floor under the robot, which stands on it
ROUNDS = 4  # of fitting, each without the cells that were off the last plane


def heights_above_floor(points: Array, base_height: float, max_tilt: float) -> Array:
    """(N,) height (m) of returns (N, 3) in base_link above the floor the robot stands on.

    Args:
        points: finite.
        base_height: base_link above the floor, m.
        max_tilt: rad the floor may lean against the base; 0 takes it to be level.
    """
    height = points[:, 2] + base_height
    if max_tilt <= 0.0:
        return height
    plane = floor_plane(points, base_height, max_tilt)
    return height if plane is None else height - (plane[0] + plane[1] * points[:, 0] + plane[2] * points[:, 1])


def floor_plane(points: Array, base_height: float, max_tilt: float, max_offset: float = MAX_OFFSET) -> Array | None:
    """(3,) height (m), slope along x and along y of the floor in points (N, 3) of base_link, None where none is sure.

    The height is relative to where ``base_height`` (m) says the floor is; what is farther off than ``max_offset`` (m)
    or steeper than ``max_tilt`` (rad) is no floor.
    """
    slope = math.tan(max_tilt)
    lowest = _lowest(points[:, 0], points[:, 1], points[:, 2] + base_height, slope, max_offset)
    return _plane(lowest, slope, max_offset)


def _lowest(x: Array, y: Array, height: Array, slope: float, max_offset: float) -> Array:
    """(C, 3) place and height of the lowest return of each cell near the robot that a leaning floor could hold."""
    is_near = (np.abs(x) < NEAR) & (np.abs(y) < NEAR) & (height < max_offset + slope * (np.abs(x) + np.abs(y)))
    near = np.column_stack([x[is_near], y[is_near], height[is_near]])
    near = near[np.argsort(-near[:, 2])]
    column, row = (((near[:, axis] + NEAR) / CELL).astype(int) for axis in (0, 1))
    side = int(2.0 * NEAR / CELL) + 1
    lowest = np.full(side * side, -1)
    lowest[column * side + row] = np.arange(len(near))  # the last of a cell is its lowest
    return near[lowest[lowest >= 0]]


def _plane(floor: Array, slope: float, max_offset: float) -> Array | None:
    """(3,) height, slope along x and along y of the plane nearly all of the points (C, 3) agree with, or None."""
    if len(floor) < MIN_CELLS:
        return None
    terms = np.column_stack([np.ones(len(floor)), floor[:, :2]])
    keep = np.ones(len(floor), bool)
    plane = np.zeros(3)
    for _ in range(ROUNDS):
        plane, _, rank, _ = np.linalg.lstsq(terms[keep], floor[keep, 2], rcond=None)
        if rank < 3:
            return None
        keep = np.abs(floor[:, 2] - terms @ plane) < THICKNESS
    is_agreed = keep.mean() > AGREE
    return plane if is_agreed and abs(plane[0]) < max_offset and math.hypot(plane[1], plane[2]) < slope else None
