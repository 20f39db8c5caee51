"""The grounded tracker: finds the person a sentence describes and keeps that identity (image + sentence -> box).

Each frame: detect people, continue their tracks, let words and memory say which of them is meant. A target that is not
seen is reported lost; one the detector misses for a moment counts as seen only where its colours are still in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from track_common.boxes import area, clip_to_image, is_usable
from track_common.config import setting
from track_common.interfaces import TargetError
from track_common.types import Array, Box, Frame, Sighting
from vlt_ros.appearance import look
from vlt_ros.association import AssociationConfig, Track
from vlt_ros.context import Thing
from vlt_ros.detector import Detections, DetectorConfig, PersonDetector, uncut
from vlt_ros.identity import IdentityConfig, Memory, TargetChooser
from vlt_ros.people import People
from vlt_ros.search_plan import SearchConfig, SearchPlan, View
from vlt_ros.things import categories_of, things_in
from vlt_ros.visibility import unseen_words
from vlt_ros.words import ParsedInstruction, as_instruction

NO_INSTRUCTION = ParsedInstruction("")
MAX_STEP = 0.5  # s; a longer gap says nothing more about where a person went
DEFAULT_STEP = 1.0 / 15.0  # s; assumed where stamps stand still or run backwards
FIRST_BOX_OVERLAP = 0.4  # IoU at which a detection is taken for the given first box


@dataclass(frozen=True)
class GroundedConfig(DetectorConfig, AssociationConfig, IdentityConfig, SearchConfig):
    """All settings of the grounded tracker."""

    bridge_duration: float = setting(1.5, "how long colours alone may confirm the target", unit="s", low=0.0, high=5.0)
    bridge_likeness: float = setting(0.85, "colour likeness that confirms it", low=0.0, high=1.0)


class GroundedTracker:
    """Tracker of a described person; see ``track_common.interfaces.Tracker``."""

    def __init__(self, config: GroundedConfig | None = None, detector: PersonDetector | None = None) -> None:
        self._config = config or GroundedConfig()
        self._detector = detector or PersonDetector(self._config)
        self._people = People(self._config)
        self._instruction = NO_INSTRUCTION
        self._chooser = TargetChooser(self._config, self._instruction)
        self._stamp: float | None = None
        self._target: Track | None = None
        self._plan = SearchPlan(self._config)
        self._things: tuple[Thing, ...] = ()

    def init(self, frame: Frame, instruction: ParsedInstruction | str, box_xyxy: Array | None = None) -> Sighting:
        """New target; with a box (4,) that person, its looks remembered at once; without, whom the words fit.

        Raises:
            TargetError: the box lies outside the image, or there is no box and the sentence is not understood or says
                nothing that this tracker can see.
        """
        parsed = _followed(as_instruction(instruction), has_box=box_xyxy is not None)
        height, width = frame.rgb.shape[:2]
        if box_xyxy is not None and not is_usable(box_xyxy, width, height):
            raise TargetError(f"first box {np.asarray(box_xyxy)} is not inside the image of {width}x{height} pixels")
        self._instruction, self._stamp, self._target = parsed, None, None
        self._people.start()
        self._plan, self._things = SearchPlan(self._config), ()
        memory = None
        if box_xyxy is not None:
            stripes = look(frame.rgb, np.asarray(box_xyxy, float), parsed, frame.camera).stripes
            memory = Memory(stripes, stripes, seen=1.0)
        self._chooser = TargetChooser(self._config, parsed, memory)
        if box_xyxy is not None:
            self._start_at(frame, np.asarray(box_xyxy, float))
        return self.update(frame)

    def update(self, frame: Frame) -> Sighting:
        """The target in the next frame."""
        elapsed = self._elapsed(frame.stamp)
        height, width = frame.rgb.shape[:2]
        view = self._plan.next(self._target, self._chooser.is_choosing, (width, height), elapsed)
        found = self._detect(frame, view)
        tracks = self._people.step(frame, found, elapsed, self._instruction, view.region_xyxy)
        if view.is_whole:
            self._things = things_in(frame, found, self._instruction) if self._chooser.is_choosing else ()
        self._target = self._chooser.choose(tracks, (width, height), elapsed, self._things)
        if self._target is not None and self._target.is_seen and not self._is_crowded(self._target, tracks):
            self._chooser.remember(self._target, elapsed)
        others = tuple(
            self._as_box(t, frame, t.score, str(t.identity)) for t in tracks if t.is_seen and t is not self._target
        )
        return Sighting(frame.stamp, self._target_box(frame, tracks), others)

    def _detect(self, frame: Frame, view: View) -> Detections:
        """Detections of the target's class and, in the whole image, of what else the sentence mentions."""
        wanted = categories_of(self._instruction)[: None if view.is_whole and self._chooser.is_choosing else 1]
        found = self._detector.detect(frame.rgb, view.region_xyxy, wanted, view.side)
        return found if view.region_xyxy is None else uncut(found, view.region_xyxy)

    def _start_at(self, frame: Frame, box_xyxy: Array) -> None:
        """Start the target's track at a given box."""
        appearance = look(frame.rgb, box_xyxy, self._instruction, frame.camera)
        self._target = self._people.add(box_xyxy, 1.0, appearance)
        self._chooser.take(self._target)

    def _target_box(self, frame: Frame, tracks: list[Track]) -> Box | None:
        """The target's box where it is seen: detected, or for a moment confirmed by its colours."""
        target, memory = self._target, self._chooser.memory
        if target is None or memory is None:
            return None
        if target.is_seen:
            return self._as_box(target, frame, target.score, "target")
        if target.unseen > self._config.bridge_duration or self._is_crowded(target, tracks):
            return None
        box_xyxy = target.filter.box_xyxy
        if not is_usable(box_xyxy, frame.rgb.shape[1], frame.rgb.shape[0]):
            return None
        likeness = memory.likeness(look(frame.rgb, box_xyxy, self._instruction, frame.camera).stripes)
        if likeness < self._config.bridge_likeness:
            return None
        return self._as_box(target, frame, likeness * self._config.score_threshold, "target")

    def _is_crowded(self, target: Track, tracks: list[Track]) -> bool:
        """True where another seen person's box covers a quarter of the target's: its colours may be the other's."""
        box = target.filter.box_xyxy
        for other in tracks:
            if other is target or not other.is_seen:
                continue
            their = other.filter.box_xyxy
            shared = np.prod(np.clip(np.minimum(box[2:], their[2:]) - np.maximum(box[:2], their[:2]), 0.0, None))
            if shared > 0.25 * area(box):
                return True
        return False

    def _as_box(self, track: Track, frame: Frame, score: float, label: str) -> Box:
        clipped = clip_to_image(track.filter.box_xyxy, frame.rgb.shape[1], frame.rgb.shape[0])
        return Box(clipped, float(np.clip(score, 0.0, 1.0)), label)

    def _elapsed(self, stamp: float) -> float:
        """Seconds since the last frame, kept sane: 0 for the first."""
        last, self._stamp = self._stamp, stamp
        if last is None:
            return 0.0
        step = stamp - last
        return min(step, MAX_STEP) if step > 0.0 else DEFAULT_STEP


def _followed(instruction: ParsedInstruction, has_box: bool) -> ParsedInstruction:
    """A sentence that this tracker can go by; with a box, one that it cannot is left out."""
    reason = instruction.standstill_reason or unseen_words(instruction)
    if not reason:
        return instruction
    if has_box:
        return NO_INSTRUCTION
    raise TargetError(reason)
