"""Which returns of a sweep are something a robot could walk into, and which show that the floor is free."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.safety.floor import heights_above_floor
from go2_bridge.safety.stop_zone import gap_to_footprint
from track_common.geometry import transform_points
from track_common.types import Array

SELF_MARGIN = 0.02  # m; returns this near the hull are the robot's own
REACH = 10.0  # m; neither a stop nor a way round anything is planned farther off (control/detour.py)
FLOOR = 0.06  # m; higher returns are no floor: three times the noise of a LiDAR right above it
NOTHING = 1e-6  # m; a return this near the origin is the zero a driver writes where nothing came back


@dataclass(frozen=True, eq=False)
class Returns:
    """Sound returns of one sweep seen from above, in one frame; ceiling and the robot's own hull left out.

    Attributes:
        solid: (N, 2) m, of what a robot could walk into.
        low: (L, 2) m, of what is lower than that and no floor: doorsteps, shoes, the foot of a wall.
        floor: (F, 2) m.
    """

    solid: Array
    low: Array
    floor: Array

    def placed(self, pose: Array) -> Returns:
        """In the frame in which the one they are in has a pose (3,)."""
        return Returns(*(transform_points(pose, points) for points in (self.solid, self.low, self.floor)))

    def within(self, distance: float, place: Array) -> Returns:
        """Those nearer than a distance (m) to a place (2,)."""
        kinds = (self.solid, self.low, self.floor)
        offsets = ((kind[:, 0] - place[0], kind[:, 1] - place[1]) for kind in kinds)
        return Returns(*(kind[x * x + y * y < distance**2] for kind, (x, y) in zip(kinds, offsets, strict=True)))


def told_apart(points_base: Array, config: ControllerConfig) -> Returns:
    """A sweep (N, 3) in base_link by kind."""
    points = sound_points(points_base)
    x, y = points[:, 0], points[:, 1]
    height = heights_above_floor(points, config.base_height, config.max_floor_tilt)
    flat = points[:, :2]
    is_near = (np.abs(x) < REACH) & (np.abs(y) < REACH)
    is_low = is_near & (height <= config.min_obstacle_height)
    is_floor = is_low & (height < FLOOR)
    solid = flat[is_near & (height > config.min_obstacle_height) & (height < config.max_obstacle_height)]
    return Returns(solid[gap_to_footprint(solid, config) > SELF_MARGIN], flat[is_low & ~is_floor], flat[is_floor])


def sound_points(points_base: Array) -> Array:
    """(M, 3) returns that are finite and not the zeros a driver writes where nothing came back."""
    points = np.asarray(points_base).reshape(-1, 3)
    size = np.abs(points)
    largest = np.maximum(np.maximum(size[:, 0], size[:, 1]), size[:, 2])  # NaN where one is
    is_sound = (largest > NOTHING) & (largest < math.inf)
    return points if is_sound.all() else points[is_sound]
