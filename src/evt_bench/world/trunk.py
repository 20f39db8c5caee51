"""Height and attitude of the robot's trunk, and base_link in the world that follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from track_common.types import Array


@dataclass(frozen=True)
class Trunk:
    """base_link above the floor: height (m), roll about x and pitch about y (rad; positive pitch is nose down)."""

    height: float = 0.0
    roll: float = 0.0
    pitch: float = 0.0


FLOOR_LEVEL = Trunk()


def base_in_world(pose: Array, trunk: Trunk) -> Array:
    """(4, 4) of base_link in the world, from a planar pose (3,) of x, y (m), yaw (rad) and the trunk's own part."""
    T_world_base = np.eye(4)
    if trunk.roll == 0.0 and trunk.pitch == 0.0:
        c, s = np.cos(pose[2]), np.sin(pose[2])
        T_world_base[:2, :2] = [[c, -s], [s, c]]
    else:
        T_world_base[:3, :3] = Rotation.from_euler("ZYX", (float(pose[2]), trunk.pitch, trunk.roll)).as_matrix()
    T_world_base[:3, 3] = (*pose[:2], trunk.height)
    return T_world_base
