"""Trackers of the benchmark's own: one that is told the truth, and none at all for policies that look themselves."""

from __future__ import annotations

from evt_bench.world.world import World
from track_common.instruction import ParsedInstruction
from track_common.types import Array, Box, Frame, Sighting


class TruthTracker:
    """A tracker that is told the target's visible box: what remains is the policy's and the controller's doing."""

    def __init__(self, world: World, min_pixels: int = 800) -> None:
        self._world, self._min_pixels = world, min_pixels

    def init(self, frame: Frame, instruction: ParsedInstruction | str, box_xyxy: Array | None = None) -> Sighting:
        """Nothing to learn from the sentence."""
        return self.update(frame)

    def update(self, frame: Frame) -> Sighting:
        """The true box, unless too little of the target shows to be found by anybody."""
        view = self._world.target_view(with_share=False)
        if view.box_xyxy is None or view.pixels < self._min_pixels:
            return Sighting(frame.stamp, None)
        return Sighting(frame.stamp, Box(view.box_xyxy, 1.0, "target"))


class NoTracker:
    """Finds nobody: what remains is what the policy sees in the image."""

    def init(self, frame: Frame, instruction: ParsedInstruction | str, box_xyxy: Array | None = None) -> Sighting:
        """Nothing to look for."""
        return self.update(frame)

    def update(self, frame: Frame) -> Sighting:
        """No box."""
        return Sighting(frame.stamp, None)
