"""Stamps on one clock: where they fall back or leap (a looped or restarted source, a clock that was set), one stretch
is kept, and what is left out is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array

FALL_BACK = 0.2  # s; messages of one topic that overtake each other differ by less
LEAP = 30.0  # s between two messages of a topic: the clock was set, or one stamp is wrong
AT_ONCE = 0.5  # s; topics are sent more often than that
SLACK = 1.0  # s by which another topic may be earlier or later than the one the clock is read from
MAX_CLOCKS = 8  # looked through for each stamp, the latest first
MIXED = ("diagnostics",)  # nodes outside the simulated time stamp theirs by the computer's clock
TIMELESS = ("tf_static", "instruction", "camera_info")  # sent once or rarely, and true for the whole bag


class Stamped(Protocol):
    """A message with the time it was sent and its stamp, both in seconds."""

    @property
    def sent(self) -> float: ...

    @property
    def stamp(self) -> float: ...


@dataclass(frozen=True)
class Stretch:
    """The part of a bag that is on one clock: first and last sending time and first and last stamp, s."""

    sent: tuple[float, float]
    stamps: tuple[float, float]

    def covers(self, sample: Stamped) -> bool:
        """True for a message sent, and where it has a stamp stamped, within the stretch."""
        times = [(sample.sent, self.sent), (sample.stamp, self.stamps)]
        return all(np.isnan(t) or first - SLACK <= t <= last + SLACK for t, (first, last) in times)


def clock_of(stamps: Array) -> NDArray[np.intp]:
    """(N,) number of the clock each stamp (N,) is on, in the order of sending.

    A stamp is on the clock of an earlier one that it follows by -``FALL_BACK`` to ``LEAP`` seconds, else on a new one:
    so a single stamp from 1970 is alone, and all after it go on where those before it were.
    """
    labels = np.zeros(len(stamps), np.intp)
    clocks: list[tuple[int, float]] = []  # number, newest stamp; the latest used first
    count = 0
    for index, stamp in enumerate(stamps.tolist()):
        place = _place(stamp, [last for _, last in clocks])
        number, last = (count, stamp) if place is None else clocks.pop(place)
        count += place is None
        labels[index] = number
        clocks = [(number, max(last, stamp)), *clocks[: MAX_CLOCKS - 1]]
    return labels


def _place(stamp: float, newest: list[float]) -> int | None:
    """Which of the clocks, the latest used first, a stamp goes on with: that one, or the nearest."""
    fitting = [(stamp - last, i) for i, last in enumerate(newest) if -FALL_BACK <= stamp - last <= LEAP]
    if not fitting:
        return None
    step, latest = fitting[0]
    return latest if latest == 0 and step <= AT_ONCE else min(fitting)[1]


def longest(stamps: Array) -> NDArray[np.bool_]:
    """(N,) True for the stamps on the clock that most of them are on."""
    labels = clock_of(stamps)
    return labels == np.bincount(labels).argmax() if len(labels) else np.zeros(0, bool)


def find_stretch(samples: Sequence[Stamped]) -> tuple[Stretch | None, str]:
    """The longest stretch of the topic the clock is read from and what to say; None and "" where it is all one."""
    stamps, sent = np.array([s.stamp for s in samples]), np.array([s.sent for s in samples])
    is_kept = longest(stamps)
    if is_kept.all():
        return None, ""
    kept, times = stamps[is_kept], sent[is_kept]
    stretch = Stretch((float(times.min()), float(times.max())), (float(kept.min()), float(kept.max())))
    return stretch, _said(stamps, sent, is_kept)


def _said(stamps: Array, sent: Array, is_kept: NDArray[np.bool_]) -> str:
    steps = np.diff(stamps)
    worst = int(np.argmax(np.where(steps < 0, -steps, np.where(steps > LEAP, steps, 0.0))))
    how = f"fall back by {-steps[worst]:.2f} s" if steps[worst] < 0 else f"leap by {steps[worst]:.1f} s"
    after = sent[worst + 1] - sent[0]
    return (
        f"the stamps {how} after {after:.1f} s; only the longest part on one clock is scored: "
        f"{np.ptp(stamps[is_kept]):.1f} s, {is_kept.mean():.0%} of the messages"
    )


def on_one_clock(
    tracks: Mapping[str, Sequence[Stamped]], stretch: Stretch | None
) -> tuple[dict[str, list[Stamped]], list[str]]:
    """Each track without what lies outside the stretch, or on another clock than most of the track; and notes."""
    kept: dict[str, list[Stamped]] = {}
    notes: list[str] = []
    for role, samples in tracks.items():
        inside = [s for s in samples if stretch is None or role in TIMELESS or stretch.covers(s)]
        stamps = np.array([s.stamp for s in inside])
        is_kept = np.ones(len(inside), bool) if role in TIMELESS or np.isnan(stamps).any() else longest(stamps)
        kept[role] = [sample for sample, keep in zip(inside, is_kept, strict=True) if keep]
        if not is_kept.all() and role not in MIXED:
            notes.append(f"{role}: {int((~is_kept).sum())} of {len(inside)} stamps are on another clock; left out")
    return kept, notes
