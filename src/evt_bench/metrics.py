"""SR, TR and CR with their standard errors: pure functions over episode records.

TR is defined twice (reference/trackvla.md §2.3): micro, following steps over the longer of the episode and the target's
whole walk, summed over episodes; and macro, the mean of each episode's own rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EpisodeRecord:
    """What one episode left.

    Attributes:
        following_distance: mean m while following, NaN where it never followed.
        min_clearance: smallest gap between robot and furniture or walls, m.
        touching_steps: steps in which the robot slid along or stood against something.
        on_target: share of steps with the target in view in which the tracker's box lay on it, NaN without one.
        has_fallen: the robot fell; a base that glides never does.
    """

    task: str
    seed: int
    policy: str
    tracker: str
    success: bool
    collision: bool
    status: str
    following_steps: int
    total_steps: int
    reference_steps: int
    following_distance: float
    min_clearance: float
    touching_steps: int
    on_target: float
    has_fallen: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the table; ``*_se`` are standard errors, NaN where n is 1."""

    task: str
    policy: str
    tracker: str
    n: int
    sr: float
    sr_se: float
    tr: float
    tr_se: float
    tr_macro: float
    tr_macro_se: float
    cr: float
    cr_se: float
    distance: float
    min_clearance: float
    on_target: float
    falls: int = 0


def summarise(records: Sequence[EpisodeRecord]) -> Row:
    """The row of records that share task, policy and tracker.

    Raises:
        ValueError: no record, or records of different rows.
    """
    keys = {(r.task, r.policy, r.tracker) for r in records}
    if len(keys) != 1:
        raise ValueError(f"records of one task, policy and tracker wanted; got {sorted(keys) or 'none'}")
    task, policy, tracker = keys.pop()
    successes = [float(r.success) for r in records]
    collisions = [float(r.collision) for r in records]
    followed = [float(r.following_steps) for r in records]
    possible = [float(max(r.total_steps, r.reference_steps)) for r in records]
    rates = [r.following_steps / r.total_steps for r in records]
    tr, tr_se = ratio(followed, possible)
    return Row(
        task,
        policy,
        tracker,
        len(records),
        *proportion(successes),
        tr,
        tr_se,
        *mean(rates),
        *proportion(collisions),
        _mean_known([r.following_distance for r in records]),
        min(r.min_clearance for r in records),
        _mean_known([r.on_target for r in records]),
        sum(r.has_fallen for r in records),
    )


def proportion(outcomes: Sequence[float]) -> tuple[float, float]:
    """Share of ones and its binomial standard error."""
    p = sum(outcomes) / len(outcomes)
    return p, math.sqrt(p * (1.0 - p) / len(outcomes))


def mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    array = np.asarray(values, float)
    error = float(array.std(ddof=1)) / math.sqrt(len(array)) if len(array) > 1 else math.nan
    return float(array.mean()), error


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, float]:
    """Sum over sum and its standard error (the usual ratio estimator over independent episodes)."""
    top, bottom = np.asarray(numerators, float), np.asarray(denominators, float)
    value = float(top.sum() / bottom.sum())
    if len(top) < 2:
        return value, math.nan
    spread = float(np.sum((top - value * bottom) ** 2)) / (len(top) * (len(top) - 1))
    return value, math.sqrt(spread) / float(bottom.mean())


def _mean_known(values: Sequence[float]) -> float:
    known = [v for v in values if not math.isnan(v)]
    return sum(known) / len(known) if known else math.nan
