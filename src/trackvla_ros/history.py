"""The window of past frames a policy looks at, by stamp; what is kept of a frame (pooled tokens) is the caller's."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
CLOCK_RESET = 1.0  # s; a stamp this far back is a restarted clock, less is a message out of order
SLACK = 0.25  # of the period; a camera's jitter must not cost every other frame

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PastFrame(Generic[ItemT]):
    """One kept frame: its running number (never reused), its stamp (s) and what is kept of it."""

    number: int
    stamp: float
    item: ItemT


class FrameHistory(Generic[ItemT]):
    """The newest ``capacity`` frames, sampled every ``period`` seconds of image time.

    A camera faster than the period is thinned out, so the window always spans capacity x period seconds. A gap longer
    than ``max_gap`` or a clock that fell back empties the window and says so in the log.
    """

    def __init__(self, capacity: int, period: float, max_gap: float = 0.5) -> None:
        self.period = period
        self._frames: deque[PastFrame[ItemT]] = deque(maxlen=capacity)
        self._max_gap = max(max_gap, 2.0 * period)
        self._last_stamp: float | None = None
        self._next_number = 0

    @property
    def frames(self) -> tuple[PastFrame[ItemT], ...]:
        """Oldest first."""
        return tuple(self._frames)

    def clear(self) -> None:
        """Forget everything (a new instruction or episode)."""
        self._frames.clear()
        self._last_stamp = None

    def check(self, stamp: float) -> bool:
        """Call with each new frame before looking at the window; True where the past had to be dropped."""
        if self._last_stamp is None:
            return False
        elapsed = stamp - self._last_stamp
        if -CLOCK_RESET <= elapsed <= self._max_gap:
            return False
        reason = "the clock jumped back" if elapsed < 0 else "no frames came"
        _log.warning("history of %d frames dropped: %s (%.2f s)", len(self._frames), reason, elapsed)
        self.clear()
        return True

    def push(self, stamp: float, item: ItemT) -> None:
        """Keep a frame if its time has come; one out of order is ignored."""
        if self._last_stamp is not None and stamp < self._last_stamp:
            return
        self._last_stamp = stamp
        if self._frames and stamp - self._frames[-1].stamp < self.period * (1.0 - SLACK):
            return
        self._frames.append(PastFrame(self._next_number, stamp, item))
        self._next_number += 1
