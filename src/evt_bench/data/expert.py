"""The expert that labels recorded frames: where the robot should go from where it really was, knowing the future.

Each frame is planned anew from the robot's true pose there, with the target's true motion over the next second. A wall
or furniture between the two is gone round in the target's footsteps, nearer to it than usual, to see it again.
"""

from __future__ import annotations

import numpy as np

from evt_bench.agents import SIGHT_ROOM, WAY_ROOM
from evt_bench.world.footprints import Footprints
from track_common.geometry import inverse, transform_points
from track_common.types import Array
from trackvla_ros.follow_trajectory import follow
from trackvla_ros.trail import Trail
from trackvla_ros.training.expert_motion import HIDDEN_MOTION, MOTION

AHEAD = 10  # steps of 0.1 s over which the target's true motion is averaged


def expert_trajectories(robot: Array, person: Array, floor: Footprints) -> Array:
    """(T, H, 3) trajectory of each frame, base_link at that frame.

    Args:
        robot: (T, 3) true poses in map, one each 0.1 s.
        person: (T, 2) true positions of who is followed, m.
        floor: what stands in the way and in the line of sight.
    """
    trail = Trail()
    return np.stack(
        [expert_at(trail, robot[t], person[t], velocity_after(person, t), floor) for t in range(len(robot))]
    )


def expert_at(trail: Trail, robot: Array, place: Array, velocity: Array, floor: Footprints) -> Array:
    """(H, 3) from a pose (3,) after a person at ``place`` (2,) with ``velocity`` (2,) in map; ``trail`` is extended."""
    room = float(np.clip(floor.nearest(robot[None, :2])[0][0] - 0.01, 0.5 * WAY_ROOM, WAY_ROOM))
    way = trail.way(robot[:2], place, lambda a, b: floor.is_clear(a, b, room))
    motion = MOTION if floor.is_clear(robot[:2], place, SIGHT_ROOM) else HIDDEN_MOTION
    way_base = transform_points(inverse(robot), way)
    turned = transform_points(np.array([0.0, 0.0, -robot[2]]), velocity)
    return follow(way_base[-1], turned, np.zeros(2), motion, way_base if len(way) > 2 else None)


def velocity_after(person: Array, t: int) -> Array:
    """(2,) mean velocity over the second after step ``t``, m/s; what is left of it at the end."""
    last = min(t + AHEAD, len(person) - 1)
    return (person[last] - person[t]) / (0.1 * max(1, last - t))
