"""Which of the people in view is the one meant: words at first, then more and more what the target looked like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from track_common.boxes import from_xyxy, iou
from track_common.config import setting
from track_common.types import Array
from vlt_ros.appearance import similarity
from vlt_ros.association import Track
from vlt_ros.context import Scene, Thing, first_evidence, lasting_evidence
from vlt_ros.people import blend
from vlt_ros.words import ParsedInstruction

LIKENESS_LEVEL = 0.85  # colour likeness that speaks neither for nor against (docs/tracking.md)
TRUST_DURATION = 2.0  # s seen until the memory counts fully
MEETING = 0.15  # IoU of two people who may be mistaken for each other
APART_MEMORY = 0.7  # s
NEAR = 0.5  # body heights; nearer than this is no distance
WALK = 1.5  # body heights/s; people walk 0.8, the rest is the camera turning
LONG_RATE = 0.01  # of the long-term memory, a frame
SHORT_RATE = 0.08  # of the short-term memory, a frame
WORDS_SLACK = 0.6  # nats; who is taken for the target again must fit the words nearly as well as it did
PLACED = 0.2  # how much prominence counts where the sentence says where the target stands
EVIDENCE_CAP = 1.2  # nats; words never outweigh everything


@dataclass(frozen=True)
class IdentityConfig:
    """When a person is taken for the target and when not any more."""

    min_evidence: float = setting(0.0, "words must fit at least this well to take a target", unit="nats")
    switch_margin: float = setting(0.5, "another person must fit this much better to become the target", unit="nats")
    switch_duration: float = setting(0.4, "... and for this long", unit="s", low=0.0, high=10.0)
    reacquire_duration: float = setting(0.2, "a person found again must fit this long", unit="s", low=0.0, high=10.0)
    min_likeness: float = setting(0.72, "... and be this much like the target", low=0.0, high=1.0)
    distance_weight: float = setting(1.0, "against a person a body height away from the target", unit="nats", low=0.0)
    apart_weight: float = setting(0.8, "against a person seen beside the target before", unit="nats", low=0.0)
    likeness_weight: float = setting(6.0, "nats per unit of colour likeness", low=0.0, high=50.0)


@dataclass(frozen=True, eq=False)
class Memory:
    """What the target looks like: stripes (3, D) over all its time and lately, and how long it was seen (s)."""

    long_term: Array
    short_term: Array
    seen: float

    def likeness(self, stripes: Array) -> float:
        """0..1; the better of the two memories, so that neither a new light nor an old mistake decides alone."""
        return max(similarity(self.long_term, stripes), similarity(self.short_term, stripes))

    def after(self, stripes: Array, elapsed: float) -> Memory:
        """Memory with one more clear look."""
        long_rate = max(LONG_RATE, 0.1 * (1.0 - self.trust))
        return Memory(
            blend(self.long_term, stripes, long_rate), blend(self.short_term, stripes, SHORT_RATE), self.seen + elapsed
        )

    @property
    def trust(self) -> float:
        """0..1, growing with the time seen."""
        return min(1.0, self.seen / TRUST_DURATION)


class TargetChooser:
    """Holds the target's identity and memory; ``choose`` is called once a frame."""

    def __init__(self, config: IdentityConfig, instruction: ParsedInstruction, memory: Memory | None = None) -> None:
        self._config, self._instruction, self._memory = config, instruction, memory
        self._scene = Scene((), (), 1)
        self._identity: int | None = None
        self._place: Array | None = None
        self._unseen = 0.0
        self._evidence = config.min_evidence  # how well the words fitted the target when it was taken
        self._rival: tuple[int, float] | None = None  # identity and how long it has fitted better

    @property
    def memory(self) -> Memory | None:
        """What the target looks like, None before there was one."""
        return self._memory

    @property
    def is_choosing(self) -> bool:
        """True while it still matters where people stand: until the memory is sure."""
        return self._memory is None or self._memory.trust < 1.0

    def take(self, track: Track) -> None:
        """Make a track the target, for good until another fits better."""
        self._identity, self._rival = track.identity, None
        if self._memory is None:
            self._memory = Memory(track.stripes, track.stripes, 0.0)
            self._evidence = self._words(track)

    def choose(
        self, tracks: list[Track], image_size: tuple[int, int], elapsed: float, things: Sequence[Thing] = ()
    ) -> Track | None:
        """The target's track, seen in this frame or not; None where there is none.

        Args:
            tracks: everybody of the target's kind.
            image_size: width and height, pixels.
            elapsed: seconds since the last frame.
            things: what else the sentence mentions and the frame shows.
        """
        seen = [t for t in tracks if t.is_seen]
        self._scene = Scene(seen, things, image_size[0], self._instruction.target.category)
        target = next((t for t in tracks if t.identity == self._identity), None)
        self._follow_place(target, elapsed)
        _note_apart(target, tracks, elapsed)
        rivals = [t for t in tracks if t.is_seen and t is not target and self._is_possible(t, image_size)]
        best = max(rivals, key=lambda t: self.fit(t, image_size), default=None)
        if best is not None and self._has_convinced(best, target, image_size, elapsed):
            if target is not None and target.is_seen and self._memory is not None and self._memory.trust < 1.0:
                self._memory = None  # of somebody taken by mistake
            self.take(best)
            target = best
        return target

    def remember(self, track: Track, elapsed: float) -> None:
        """A clear look at the target."""
        stripes = track.appearance.stripes
        if self._memory is not None and self._memory.likeness(stripes) >= self._memory.trust * LIKENESS_LEVEL:
            self._memory = self._memory.after(stripes, elapsed)

    def fit(self, track: Track, image_size: tuple[int, int]) -> float:
        """How well a track fits the sentence and the memory (nats); without either, how prominent it stands."""
        fit = self._words(track)
        if not self._instruction.attributes and self._memory is None:
            is_placed = bool(self._instruction.target.relations or self._instruction.target.selection)
            fit += (PLACED if is_placed else 1.0) * _prominence(track, image_size)
        if self._memory is not None:
            likeness = self._memory.likeness(track.stripes) - LIKENESS_LEVEL
            against = self._distance(track) + self._config.apart_weight * min(track.apart, 1.0)
            fit += self._memory.trust * (self._config.likeness_weight * likeness - against)
        return fit

    def _words(self, track: Track) -> float:
        """How well the sentence fits (nats): looks always, where a person stands only until the memory is sure."""
        fit = min(track.evidence, EVIDENCE_CAP) + lasting_evidence(self._instruction, track, self._scene)
        doubt = 1.0 if self._memory is None else 1.0 - self._memory.trust
        return fit + doubt * first_evidence(self._instruction, track, self._scene) if doubt > 0.0 else fit

    def _follow_place(self, target: Track | None, elapsed: float) -> None:
        """Keep where the target was last seen and for how long it has not been."""
        if target is not None and target.is_seen:
            self._place, self._unseen = target.filter.box_xyxy, 0.0
        else:
            self._unseen += elapsed

    def _distance(self, track: Track) -> float:
        """How much farther than a walk a track is from where the target was last seen, 0..1; fades as time passes."""
        if self._place is None:
            return 0.0
        there, here = from_xyxy(self._place, "cxcywh"), from_xyxy(track.filter.box_xyxy, "cxcywh")
        gap = float(np.hypot(*(here[:2] - there[:2]))) / there[3]
        return float(np.clip(gap - NEAR - WALK * self._unseen, 0.0, 1.0)) * self._config.distance_weight

    def _is_possible(self, track: Track, image_size: tuple[int, int]) -> bool:
        """Words must fit until the memory is sure, then likeness must, the more the surer it is."""
        if self._memory is None:
            return self._words(track) >= self._config.min_evidence
        needed = self._memory.trust * self._config.min_likeness
        is_like = self._memory.likeness(track.stripes) >= needed and self.fit(track, image_size) >= 0.0
        words_needed = max(self._config.min_evidence, self._evidence - WORDS_SLACK)
        return is_like and (self._memory.trust >= 1.0 or self._words(track) >= words_needed)

    def _has_convinced(self, best: Track, target: Track | None, image_size: tuple[int, int], elapsed: float) -> bool:
        """True where ``best`` has fitted better than the target long enough to take its place."""
        if target is not None and target.is_seen:
            needed, wait = self._config.switch_margin, self._config.switch_duration
            if self.fit(best, image_size) < self.fit(target, image_size) + needed:
                self._rival = None
                return False
        else:
            wait = self._config.reacquire_duration if self._memory is not None else 0.0
        held = self._rival[1] + elapsed if self._rival is not None and self._rival[0] == best.identity else 0.0
        self._rival = (best.identity, held)
        return held >= wait


def _note_apart(target: Track | None, tracks: list[Track], elapsed: float) -> None:
    """Who is seen beside the target is somebody else, until the two meet, or for a while after the target was lost."""
    is_seen = target is not None and target.is_seen
    for track in tracks:
        if target is not None and float(iou(track.filter.box_xyxy, target.filter.box_xyxy)) > MEETING:
            track.apart = 0.0
        elif not is_seen:
            track.apart *= float(np.exp(-elapsed / APART_MEMORY))
        elif track.is_seen:
            track.apart += elapsed


def _prominence(track: Track, image_size: tuple[int, int]) -> float:
    """Near the middle and large: log share of the image height less the offset from the middle in half widths."""
    centre_x, _, _, height = from_xyxy(track.filter.box_xyxy, "cxcywh")
    offset = abs(centre_x - image_size[0] / 2.0) / (image_size[0] / 2.0)
    return float(np.log(max(height, 1.0) / image_size[1]) - offset)
