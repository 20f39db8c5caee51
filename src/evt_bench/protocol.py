"""The EVT-Bench rules as pure bookkeeping: one observation a step goes in, a verdict comes out.

"code" is what the released evaluation does (reference/trackvla.md §2.2), "paper" what its text says where that
differs (§2.4): facing is an angle instead of a pixel count, nobody is declared lost, and the 1-3 m hold to step 300.
Our places and bodies are not Habitat's: figures may stand beside the paper's only with that said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from track_common.config import lookup

FOLLOW_RANGE = (1.0, 3.0)  # m
COLLISION_RANGE = 0.5  # m between the middles of robot and target
LOST_RANGE, LOST_STEPS = 4.0, 20  # m; more than that many steps end the episode
MAX_STEPS = 300
MIN_PIXELS = 3000  # of the target in a 640x480 image
MAX_SHARE = 0.3  # of the image; more is too close
REFERENCE_PIXELS = 640 * 480
FIELD_OF_VIEW = math.radians(45.0)  # the paper's "oriented towards": inside half of its camera's 90 degrees
STATUSES = ("normal", "collision", "lost")


@dataclass(frozen=True)
class Rules:
    """Which of the two readings is applied."""

    name: str
    facing_by_pixels: bool
    can_be_lost: bool
    range_at_limit: bool  # 1 m still holds when the 300 steps are over


RULES = {
    "code": Rules("code", facing_by_pixels=True, can_be_lost=True, range_at_limit=False),
    "paper": Rules("paper", facing_by_pixels=False, can_be_lost=False, range_at_limit=True),
}


@dataclass(frozen=True)
class StepView:
    """What the rules look at after one step of 0.1 s.

    Attributes:
        distance: m between the middles of robot and target.
        pixels: of the target that the robot's camera sees.
        image_pixels: of the whole image; the count is scaled to 640x480.
        bearing: rad from the robot's heading to the target.
        has_stopped: the target has finished its walk and its wait.
    """

    distance: float
    pixels: int
    image_pixels: int
    bearing: float
    has_stopped: bool


@dataclass(frozen=True)
class Verdict:
    """One episode's outcome; ``status`` is one of ``STATUSES``."""

    success: bool
    collision: bool
    status: str
    following_steps: int
    total_steps: int


class Judge:
    """Applies the rules step by step; ask ``is_over`` after each, ``verdict`` at the end."""

    def __init__(self, rules: str = "code", max_steps: int = MAX_STEPS) -> None:
        self._rules = lookup("rules", rules, RULES)
        self._max_steps = max_steps
        self._total = self._following = self._far = 0
        self._was_following = False
        self._status, self._success, self._is_over = "normal", False, False

    @property
    def is_over(self) -> bool:
        """True once the episode has ended, for whatever reason."""
        return self._is_over

    @property
    def is_following(self) -> bool:
        """True where the last step counted for the tracking rate."""
        return self._was_following

    def step(self, view: StepView) -> None:
        """Take one step in; ValueError after the end."""
        if self._is_over:
            raise ValueError("the episode is over; make a new Judge for the next one")
        self._total += 1
        self._was_following = view.distance <= FOLLOW_RANGE[1] and self._is_facing(view)
        self._following += self._was_following
        if view.distance < COLLISION_RANGE:
            self._status, self._is_over = "collision", True
        elif self._is_lost(view):
            self._status, self._is_over = "lost", True
        elif self._total >= self._max_steps or view.has_stopped:
            self._success, self._is_over = self._ends_well(view), True

    def verdict(self) -> Verdict:
        """The outcome so far."""
        return Verdict(self._success, self._status == "collision", self._status, self._following, self._total)

    def _is_facing(self, view: StepView) -> bool:
        if not self._rules.facing_by_pixels:
            return abs(view.bearing) <= FIELD_OF_VIEW
        scaled = view.pixels * REFERENCE_PIXELS / view.image_pixels
        return MIN_PIXELS < scaled < MAX_SHARE * REFERENCE_PIXELS

    def _is_lost(self, view: StepView) -> bool:
        """Far steps add up; only a following step forgets them (steps between 3 and 4 m do not)."""
        if self._was_following:
            self._far = 0
        self._far += view.distance > LOST_RANGE
        return self._rules.can_be_lost and self._far > LOST_STEPS

    def _ends_well(self, view: StepView) -> bool:
        is_near_enough = view.distance >= FOLLOW_RANGE[0]
        if self._total >= self._max_steps and not self._rules.range_at_limit:
            return self._was_following
        return self._was_following and is_near_enough
