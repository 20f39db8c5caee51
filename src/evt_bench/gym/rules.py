"""The rules of Gym-UnrealCV's tracking benchmark (reference/trackvla.md §3): a fan before the robot and 500 steps."""

from __future__ import annotations

import math

MAX_STEPS = 500
FAN = math.radians(45.0)  # rad to either side of the robot's heading
RADIUS = 7.5  # m
MAX_OUTSIDE = 50  # steps in a row outside the fan; one more ends the episode


class GymJudge:
    """Counts the steps of one episode; ask ``is_over`` after each."""

    def __init__(self, max_steps: int = MAX_STEPS) -> None:
        self._max_steps, self._outside = max_steps, 0
        self.steps = 0

    @property
    def is_failed(self) -> bool:
        """True once the target was outside the fan for more than ``MAX_OUTSIDE`` steps in a row."""
        return self._outside > MAX_OUTSIDE

    @property
    def is_over(self) -> bool:
        """True once the episode has failed or all its steps are done."""
        return self.is_failed or self.steps >= self._max_steps

    @property
    def is_inside(self) -> bool:
        """True where the target was inside the fan at the last step."""
        return self._outside == 0

    def step(self, distance: float, bearing: float) -> None:
        """Take one step in: m from robot to target, rad from the robot's heading to it; ValueError after the end."""
        if self.is_over:
            raise ValueError("the episode is over; make a new GymJudge for the next one")
        self.steps += 1
        is_inside = distance <= RADIUS and abs(bearing) <= FAN
        self._outside = 0 if is_inside else self._outside + 1
