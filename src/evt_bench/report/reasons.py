"""Why an episode failed, in words: pure functions over what was true at each of its steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evt_bench.protocol import FOLLOW_RANGE, LOST_RANGE, LOST_STEPS, MAX_SHARE, MIN_PIXELS, REFERENCE_PIXELS

BEFORE = 20  # steps before the following broke in which the tracker's box is looked at
MOSTLY = 0.5  # share of them from which on the box counts as lying elsewhere


@dataclass(frozen=True)
class Moment:
    """What was true after one step of 0.1 s.

    Attributes:
        time: s since the episode's start.
        distance: m between the middles of robot and target.
        pixels: of the target that the camera sees, scaled to 640x480.
        bearing: rad from the robot's heading to the target, positive to the left.
        is_following: the step counted for the tracking rate.
        is_box_on_target: None where there is no tracker or too little of the target shows.
        status: what the policy said of its target, "" without a policy.
    """

    time: float
    distance: float
    pixels: int
    bearing: float
    is_following: bool
    is_box_on_target: bool | None
    status: str = ""


def reason_of(moments: Sequence[Moment], status: str, half_view: float) -> str:
    """One sentence on a failed episode.

    Args:
        moments: all its steps, one at least.
        status: the verdict's: normal, collision or lost.
        half_view: half of the camera's horizontal view, rad.

    Raises:
        ValueError: no moment.
    """
    if not moments:
        raise ValueError("no step of the episode was kept; wanted one at least")
    last = moments[-1]
    if status == "collision":
        return f"collision at {last.time:.1f} s: the target is {last.distance:.2f} m away" + _box(moments, len(moments))
    broke = _first_after_following(moments)
    since = f"; the following broke at {moments[broke].time:.1f} s: {_cause(moments[broke], half_view)}"
    since += _box(moments, broke)
    if status == "lost":
        return f"lost at {last.time:.1f} s: more than {LOST_STEPS} steps beyond {LOST_RANGE:g} m{since}"
    if last.is_following and last.distance < FOLLOW_RANGE[0]:
        return f"ended {last.distance:.2f} m from the target, nearer than {FOLLOW_RANGE[0]:g} m" + _box(moments, broke)
    return f"ended {last.distance:.1f} m from the target{since}"


def _first_after_following(moments: Sequence[Moment]) -> int:
    """Number of the first step after the last that followed; the last step where that one follows."""
    followed = [index for index, moment in enumerate(moments) if moment.is_following]
    return min(followed[-1] + 1, len(moments) - 1) if followed else 0


def _cause(moment: Moment, half_view: float) -> str:
    if abs(moment.bearing) > half_view:
        return f"the target left the image on the {'left' if moment.bearing > 0 else 'right'}"
    if moment.distance > FOLLOW_RANGE[1]:
        return f"the target was {moment.distance:.1f} m away"
    if moment.pixels >= MAX_SHARE * REFERENCE_PIXELS:
        return "the target filled the image"
    if moment.pixels <= MIN_PIXELS:
        return "the target was hidden or cut by the image's edge"
    return f"the target was in view, {math.degrees(moment.bearing):.0f} degrees off the middle"


def _box(moments: Sequence[Moment], end: int) -> str:
    """What the tracker's box did in the steps before ``end``, where there is a tracker and it did anything wrong."""
    known = [m.is_box_on_target for m in moments[max(0, end - BEFORE) : end + 1] if m.is_box_on_target is not None]
    if not known or known.count(False) < MOSTLY * len(known):
        return ""
    return "; the tracker's box did not lie on the target"
