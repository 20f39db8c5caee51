"""One run of a tracker over a stream of frames: new sentences, first boxes, swaps and clock resets in good order.

The node feeds it. A sentence, box or frame from outside raises nothing: ``reason`` says why there is no target, and
``failure`` that the tracker itself could not use a frame, which is not the same as a target out of view.
"""

from __future__ import annotations

import logging
import threading

import numpy as np

from track_common.instruction import parse_instruction
from track_common.interfaces import TargetError, Tracker
from track_common.types import Array, Frame, Sighting

CLOCK_RESET = 1.0  # s; a stamp this far back is a restarted clock (a looped bag, a new simulation), less is disorder

log = logging.getLogger(__name__)


class TrackingSession:
    """A tracker and what it was asked; ``process`` may run in another thread than the requests."""

    def __init__(self, tracker: Tracker, needs_box: bool = False) -> None:
        self._lock = threading.Lock()
        self._tracker, self._needs_box = tracker, needs_box
        self._instruction = parse_instruction("")
        self._first_box: Array | None = None
        self._is_pending = False
        self._last_box: Array | None = None
        self._stamp: float | None = None
        self._size: tuple[int, int] | None = None  # (width, height) of the last frame, px
        self._reason = "no instruction"
        self._failure = ""

    @property
    def reason(self) -> str:
        """Why there is no target, "" while there is one."""
        return self._reason

    @property
    def failure(self) -> str:
        """What the tracker raised for the last frame, "" where it answered; its sighting then says nothing."""
        return self._failure

    def instruct(self, instruction: str) -> None:
        """Take a new sentence; it counts from the next frame.

        A stop sentence, an empty one and one that is not understood end the tracking: nobody is the target any more.
        """
        parsed = parse_instruction(instruction)
        with self._lock:
            if instruction == self._instruction.text and parsed.is_understood:
                return  # a repeated latched message must not drop the target
            self._instruction, self._first_box, self._last_box = parsed, None, None
            self._is_pending = True

    def start_at(self, box_xyxy: Array) -> None:
        """Take a first box (4,), pixels of the next frame; a sentence that follows somebody stays."""
        with self._lock:
            self._first_box, self._is_pending = np.asarray(box_xyxy, float), True

    def swap(self, tracker: Tracker, needs_box: bool) -> None:
        """Go on with another tracker from the last box.

        Raises:
            TargetError: it needs a box and the target is not in view.
        """
        with self._lock:
            is_started = self._instruction.is_understood or self._last_box is not None
            if needs_box and is_started and self._last_box is None and self._first_box is None:
                raise TargetError("this tracker starts from a box and the target is not in view; send init_box or wait")
            self._tracker, self._needs_box = tracker, needs_box
            if self._last_box is not None and self._first_box is None:
                self._first_box = self._last_box
            self._is_pending = is_started or self._first_box is not None

    def process(self, frame: Frame) -> Sighting:
        """One frame, in the order they come. Where ``failure`` is set afterwards, nothing is known of this frame."""
        with self._lock:
            self._check_clock(frame.stamp)
            self._check_size(frame)
            try:
                sighting = self._init(frame) if self._is_pending else self._tracker_update(frame)
            except ValueError as error:
                self._failure = f"{type(error).__name__}: {error}"
                return Sighting(frame.stamp, None)
            self._failure = ""
            self._last_box = None if sighting.box is None else sighting.box.xyxy
            return sighting

    def _init(self, frame: Frame) -> Sighting:
        """Start the tracker; a ValueError of it leaves the start pending for the next frame."""
        if self._first_box is None and not self._instruction.is_understood:
            reason = self._instruction.standstill_reason
            log.log(logging.WARNING if self._instruction.refusal else logging.INFO, "no target: %s", reason)
            return self._begun(Sighting(frame.stamp, None), reason)
        try:
            sighting = self._tracker.init(frame, self._instruction, self._first_box)
        except TargetError as error:
            log.warning("no target: %s", error)
            return self._begun(Sighting(frame.stamp, None), str(error))
        return self._begun(sighting, "")

    def _begun(self, sighting: Sighting, reason: str) -> Sighting:
        self._is_pending, self._first_box, self._reason = False, None, reason
        return sighting

    def _tracker_update(self, frame: Frame) -> Sighting:
        if self._reason:
            return Sighting(frame.stamp, None)
        return self._tracker.update(frame)

    def _check_clock(self, stamp: float) -> None:
        last, self._stamp = self._stamp, stamp
        if last is None or stamp >= last - CLOCK_RESET:
            return
        log.warning("clock went back by %.1f s: tracking starts anew", last - stamp)
        if not self._needs_box:
            self._is_pending = self._instruction.is_understood
        elif self._first_box is None:
            self._reason = "clock went back; this tracker needs a new first box"

    def _check_size(self, frame: Frame) -> None:
        """Start anew from the last box, scaled, where the frames' size changes: a tracker's state is in old pixels."""
        height, width = frame.rgb.shape[:2]
        last, self._size = self._size, (width, height)
        if last is None or last == self._size or self._is_pending or self._reason:
            return
        log.warning("image size changed from %dx%d to %dx%d: tracking starts anew", *last, width, height)
        if self._last_box is not None:
            x, y = width / last[0], height / last[1]
            self._first_box, self._is_pending = self._last_box * (x, y, x, y), True
        elif self._needs_box:
            self._reason = "image size changed while the target was lost; this tracker needs a new first box"
