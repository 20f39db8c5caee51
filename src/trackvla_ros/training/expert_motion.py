"""How the expert of the training data moves; torch-free, shared by the labels of episodes and of single frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from track_common.types import Array
from trackvla_ros.follow_trajectory import Motion, follow

MOTION = Motion(  # reaches its pace at once: what the robot's own speed is, no camera tells
    standoff=1.7, hold_band=0.1, rest_nearer=0.1, rest_farther=0.2, gain=1.2, max_speed=1.5, max_reverse=0.8,
    max_accel=10.0, max_decel=10.0, max_turn=1.6,
)  # fmt: skip
HIDDEN_MOTION = replace(MOTION, standoff=1.25, max_speed=1.3, max_reverse=0.0)  # to see round what hides the target
WALKING_SPEED = 0.8  # m/s of a person whose legs move in a single frame


def straight_trajectory(place: Array, heading: float, walks: bool) -> Array:
    """(H, 3) after a person at ``place`` (2,) in base_link who faces ``heading`` (rad) and walks that way or stands."""
    velocity = WALKING_SPEED * walks * np.array([np.cos(heading), np.sin(heading)])
    return follow(place, velocity, np.zeros(2), MOTION)
