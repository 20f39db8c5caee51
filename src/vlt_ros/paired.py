"""Paired differences between trackers on the same targets, with their standard errors, so that a tie is called one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CLEAR = 2.0  # standard errors by which a difference must stand apart from zero


@dataclass(frozen=True)
class Difference:
    """Success AUC of ``first`` minus that of ``second``, mean over targets that both ran on.

    Attributes:
        mean: 0..1.
        error: standard error of the mean over targets; NaN for fewer than two.
        targets: how many.
        better: how many of them ``first`` is better on.
    """

    first: str
    second: str
    mean: float
    error: float
    targets: int
    better: int

    @property
    def verdict(self) -> str:
        """The better tracker, "tie" where the difference is within ``CLEAR`` errors, "unknown" without an error."""
        if math.isnan(self.error):
            return "unknown"
        if abs(self.mean) <= CLEAR * self.error:
            return "tie"
        return self.first if self.mean > 0 else self.second


def differences(scores: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Difference]:
    """Every pair of trackers, in the order given.

    Args:
        scores: tracker -> target -> success AUC of each of its runs; the mean over a target's runs is one value, since
            runs on one target are not independent.
    """
    names = list(scores)
    pairs = [(first, second) for i, first in enumerate(names) for second in names[i + 1 :]]
    return [_difference(first, second, scores[first], scores[second]) for first, second in pairs]


def _difference(
    first: str, second: str, ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]]
) -> Difference:
    shared = [target for target in ours if target in theirs]
    apart = np.array([np.mean(ours[target]) - np.mean(theirs[target]) for target in shared])
    error = float(apart.std(ddof=1) / math.sqrt(len(apart))) if len(apart) > 1 else math.nan
    mean = float(apart.mean()) if len(apart) else math.nan
    return Difference(first, second, mean, error, len(apart), int((apart > 0).sum()))
