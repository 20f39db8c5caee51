"""How old a message from the robot is, though its clock may be minutes off, or in 1970 after a boot without network.

The offset between the clocks is the least ``received - stamp`` of the last seconds: the message that travelled fastest
tells it best, so that what remains is real delay. A fixed offset would drift; the time of arrival would lose the delay.
What the fastest message itself took cannot be seen and is missing from every age.
"""

from __future__ import annotations

import math

WINDOW = 10.0  # s; the minimum is over one to two of these: 2 ms of drift at 100 ppm
CONFIRM_TIME, CONFIRM_COUNT = 0.5, 5  # s and messages that must agree on a new offset before it is believed


class RobotClock:
    """Ages of one stream's stamps. ``received`` is by a clock of ours that only runs forwards (monotonic), s."""

    def __init__(self, jump: float) -> None:
        """``jump``: seconds off the expected from which a stamp is not taken."""
        self._jump = jump
        self._now_least = self._past_least = math.inf
        self._window_end = -math.inf
        self._stamp = self._local = -math.inf
        self._odd: list[tuple[float, float]] = []
        self.resets = 0

    @property
    def offset(self) -> float | None:
        """Our clock minus the robot's, s; None before the first stamp."""
        least = min(self._now_least, self._past_least)
        return least if math.isfinite(least) else None

    def age(self, stamp: float, received: float) -> float | None:
        """Seconds since ``stamp``, 0 or more; None where the stamp cannot be trusted.

        That is one that is not finite, repeats or does not rise, or is off by more than the jump. A robot clock that
        was set is believed after ``CONFIRM_TIME``. A late message never is: a clock cannot lag without going back.
        """
        gap = received - stamp
        if not math.isfinite(gap) or stamp == self._stamp:
            return None
        if self.offset is not None and abs(gap - self.offset) > self._jump and not self._was_set(stamp, received):
            return None
        if stamp <= self._stamp:
            return None
        self._odd.clear()
        self._note(gap, received)
        self._stamp = stamp
        local = min(stamp + min(self._now_least, self._past_least), received)
        if local <= self._local:
            return None
        self._local = local
        return received - local

    def _was_set(self, stamp: float, received: float) -> bool:
        """True, with everything forgotten, where the robot's clock has been set and has shown it for long enough."""
        offset = self.offset or 0.0
        is_late = received - stamp > offset and stamp > self._stamp
        if is_late or (self._odd and stamp <= self._odd[-1][0]):
            self._odd.clear()
            return False
        gap = received - stamp
        self._odd = [odd for odd in self._odd if abs(odd[1] - odd[0] - gap) <= self._jump] + [(stamp, received)]
        if len(self._odd) < CONFIRM_COUNT or received - self._odd[0][1] < CONFIRM_TIME:
            return False
        self._now_least = self._past_least = math.inf
        self._window_end = self._stamp = self._local = -math.inf
        self.resets += 1
        return True

    def _note(self, gap: float, received: float) -> None:
        if received > self._window_end:
            self._past_least, self._now_least = self._now_least, gap
            self._window_end = received + WINDOW
        self._now_least = min(self._now_least, gap)
