"""What no sensor knows: where everybody truly is at one instant."""

from __future__ import annotations

from dataclasses import dataclass

from track_common.types import Array


@dataclass(frozen=True, eq=False)
class PersonState:
    """Where one person is: x, y (m), yaw (rad), velocity (2,) m/s and height m."""

    name: str
    pose: Array
    velocity: Array
    height: float


@dataclass(frozen=True, eq=False)
class Truth:
    """What no sensor knows, in the world's frame ``map``.

    Attributes:
        robot: (3,) pose; robot_velocity: body vx, vy (m/s), wz (rad/s).
        people: the target first.
        target_distance: m between the middles of robot and target (the rules' distance).
        clearance: m from the robot's outline to the nearest wall or furniture, negative inside.
        person_clearance: m from the robot's outline to the nearest person's.
        is_touching: the robot slid along or stood against something in the last step.
        has_arrived: the target stands at the end of its path.
        has_fallen: the robot lies on the floor.
    """

    stamp: float
    robot: Array
    robot_velocity: tuple[float, float, float]
    people: tuple[PersonState, ...]
    target_distance: float
    clearance: float
    person_clearance: float
    is_touching: bool
    has_arrived: bool
    has_fallen: bool = False
