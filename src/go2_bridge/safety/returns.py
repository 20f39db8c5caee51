"""Which returns of a sweep are something a robot could walk into."""

from __future__ import annotations

import math

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.safety.floor import heights_above_floor
from go2_bridge.safety.stop_zone import gap_to_footprint
from track_common.types import Array

SELF_MARGIN = 0.02  # m; returns this near the hull are the robot's own
REACH = 10.0  # m; neither a stop nor a way round anything is planned farther off (control/detour.py)
NOTHING = 1e-6  # m; a return this near the origin is the zero a driver writes where nothing came back


def solid_points(points_base: Array, config: ControllerConfig) -> Array:
    """(M, 3) sound returns of a sweep (N, 3) that a robot could walk into: floor, ceiling and its own hull left out."""
    points = sound_points(points_base)
    x, y = points[:, 0], points[:, 1]
    height = heights_above_floor(points, config.base_height, config.max_floor_tilt)
    is_solid = (height > config.min_obstacle_height) & (height < config.max_obstacle_height)
    is_solid &= (np.abs(x) < REACH) & (np.abs(y) < REACH)
    points = points[is_solid]
    return points[gap_to_footprint(points[:, :2], config) > SELF_MARGIN]


def sound_points(points_base: Array) -> Array:
    """(M, 3) returns that are finite and not the zeros a driver writes where nothing came back."""
    points = np.asarray(points_base).reshape(-1, 3)
    size = np.abs(points)
    largest = np.maximum(np.maximum(size[:, 0], size[:, 1]), size[:, 2])  # NaN where one is
    is_sound = (largest > NOTHING) & (largest < math.inf)
    return points if is_sound.all() else points[is_sound]
