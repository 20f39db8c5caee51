"""Pure pursuit: remaining path -> body velocity, with the speed the trajectory's own timing asks for.

R. C. Coulter, Implementation of the Pure Pursuit Path Tracking Algorithm, CMU-RI-TR-92-01 (curvature 2y/L^2); slowing
in curves and turning on the spot after Macenski et al., Regulated Pure Pursuit, arXiv 2305.20026. Ours: the heading
lies between way and target, never far from the target; a base that walks sideways crabs to make up for it.
"""

from __future__ import annotations

import math

import numpy as np

from go2_bridge.config import ControllerConfig
from track_common.geometry import arc_lengths, inverse, point_at, transform_points, wrap_angle
from track_common.types import Array, VelocityCommand


def pursue(
    line: Array,
    distance: float,
    pose: Array,
    yaw_wanted: float,
    config: ControllerConfig,
    room: float = 1.0,
    is_in_sight: bool = True,
) -> VelocityCommand:
    """Velocity that leads along ``line`` so that ``distance`` of it is behind after ``lookahead_time``.

    Args:
        line: (M, 2) m, odom; starts at the robot.
        distance: m along the line to where the trajectory will be then, >= 0.
        pose: (3,) of base_link in odom.
        yaw_wanted: rad in odom, heading to have ``heading_time`` from now; it faces the target.
        room: 0..1, 1 = open space; where it is tight the robot points along its way, its narrow side to what it passes.
        is_in_sight: False where something hides the target.
        config: of the limits only the speed's is applied here, so that curves are built with a speed that can be.
    """
    speed = min(distance / config.lookahead_time, config.max_linear_vel)
    carrot = carrot_of(line, distance, pose, config)
    bearing = float(wrap_angle(yaw_wanted - pose[2]))
    reach = float(np.linalg.norm(carrot))
    if reach < 1e-6 or speed < 1e-3:
        return VelocityCommand(0.0, 0.0, bearing / config.heading_time)
    direction = carrot / reach
    turn = heading(direction, bearing, config, room, is_in_sight) / config.heading_time
    curve = curvature(carrot, config.min_lookahead_dist) * math.copysign(1.0, direction[0])
    if config.is_holonomic:
        return VelocityCommand(float(speed * direction[0]), float(speed * direction[1]), turn)
    return _without_crabbing(regulated(speed, curve, config), direction, curve, bearing, config)


def heading(
    direction: Array, bearing: float, config: ControllerConfig, room: float = 1.0, is_in_sight: bool = True
) -> float:
    """Turn (rad) wanted: from the target towards the way, never leaving it more than ``view_limit`` aside in sight.

    In open space the way counts by ``1 - view_weight``; where it is tight the robot points along it, its narrow side to
    what it passes. On a way backwards it faces the target.

    Args:
        direction: (2,) unit vector of the way in base_link.
        bearing: rad to the target.
        room: 0..1, 1 = open space.
        is_in_sight: False where something hides the target, which then cannot be kept in view.
    """
    if direction[0] < 0.0 and abs(bearing) < 0.5 * math.pi:
        return bearing
    aside = float(wrap_angle(math.atan2(direction[1], direction[0]) - bearing))
    share = 1.0 - config.view_weight * room
    limit = config.view_limit if is_in_sight else 0.5 * math.pi
    return bearing + min(max(share * aside, -limit), limit)


def carrot_of(line: Array, distance: float, pose: Array, config: ControllerConfig) -> Array:
    """(2,) point of the line to steer at, in base_link; never past its end."""
    reach = min(max(distance, config.min_lookahead_dist), config.max_lookahead_dist)
    reach = min(reach, float(arc_lengths(line)[-1]))
    return transform_points(inverse(pose), point_at(line, reach))


def curvature(carrot: Array, min_reach: float) -> float:
    """Coulter's 2y/L^2 (1/m), positive to the left; L no less than ``min_reach``."""
    reach = max(float(np.linalg.norm(carrot)), min_reach)
    return 2.0 * float(carrot[1]) / reach**2


def regulated(speed: float, curve: float, config: ControllerConfig) -> float:
    """Speed (m/s, >= 0) lowered in proportion in curves tighter than the minimum radius, down to a floor."""
    tightness = abs(curve) * config.regulated_linear_scaling_min_radius
    if tightness <= 1.0:
        return speed
    return max(speed / tightness, min(speed, config.regulated_linear_scaling_min_speed))


def _without_crabbing(
    speed: float, direction: Array, curve: float, bearing: float, config: ControllerConfig
) -> VelocityCommand:
    """The same for a base that goes only where it points: what it cannot crab it must turn to."""
    aside = math.atan2(direction[1], abs(direction[0]))
    if config.use_rotate_to_heading and abs(aside) > config.rotate_to_heading_min_angle:
        return VelocityCommand(0.0, 0.0, aside / config.heading_time)
    ahead = speed * float(direction[0])
    weight = config.view_weight + (1.0 - config.view_weight) * min(abs(bearing) / config.view_limit, 1.0)
    return VelocityCommand(ahead, 0.0, (1.0 - weight) * curve * abs(ahead) + weight * bearing / config.heading_time)
