"""Everybody in view over time: detections of one frame continue, start and end tracks (detections -> tracks)."""

from __future__ import annotations

import numpy as np

from track_common.boxes import area, clip_to_image, iou
from track_common.types import Array, Frame
from vlt_ros.appearance import Appearance, look
from vlt_ros.association import AssociationConfig, BoxFilter, Track, assign
from vlt_ros.detector import CUT_MARGIN, Detections
from vlt_ros.words import ParsedInstruction

LOOKS_MEMORY = 25  # frames the running means reach back
COVER_SLOWING = 1.3  # a person covered to 1/1.3 is not looked at, one half covered a third as much
LOOKS_AFTER_CROWD = 4  # ... after two people crossed: they may have been mistaken for each other
SECOND_BOX = 0.5  # IoU with a person already seen in this frame
PROVEN_HITS = 5  # detections that prove a person
COVERED = 0.25  # share of a box behind another person's from which its colours are not trusted
WEAK_SCORE = 0.35  # detections below this are placed less exactly where somebody stands before them ...
PLACE_DOUBT = 3.0  # ... their noise grows by this a fully covered box
SIZE_DOUBT = 10.0  # the same of sizes, of sure ones too: two people in one box are no person who grew
NEUTRAL_EVIDENCE = 0.0  # where nothing could be judged


class People:
    """Tracks of all detected people; ``start`` forgets them."""

    def __init__(self, config: AssociationConfig) -> None:
        self._config = config
        self._tracks: list[Track] = []
        self._next_identity = 1

    @property
    def tracks(self) -> list[Track]:
        """Tracks now alive, seen in the newest frame or not long ago."""
        return list(self._tracks)

    def start(self) -> None:
        """Forget everybody; identities go on counting."""
        self._tracks = []

    def step(
        self,
        frame: Frame,
        detections: Detections,
        elapsed: float,
        instruction: ParsedInstruction,
        region_xyxy: Array | None = None,
    ) -> list[Track]:
        """One frame.

        Args:
            frame: the image.
            detections: of the searched region.
            elapsed: seconds since the last frame.
            instruction: what the looks of everybody are compared with.
            region_xyxy: (4,) what was searched, None = the whole image. Who was in view and is not looked for counts
                as still there, moved on at constant velocity.
        """
        appearances = [look(frame.rgb, box, instruction, frame.camera) for box in detections.boxes_xyxy]
        for track in self._tracks:
            track.filter.predict(elapsed, is_coasting=not track.is_seen)
            if not track.is_seen or _is_searched(track, region_xyxy, frame):
                track.unseen += elapsed
        covered = _covered(detections.boxes_xyxy)
        pairs = self._pairs(detections, appearances)
        for t, d in pairs:
            _continue(
                self._tracks[t], detections.boxes_xyxy[d], float(detections.scores[d]), appearances[d], covered[d]
            )
        for d in self._strangers(detections, {d for _, d in pairs}):
            self.add(detections.boxes_xyxy[d], float(detections.scores[d]), appearances[d])
        self._tracks = [t for t in self._tracks if t.unseen <= self._patience(t)]
        return self.tracks

    def _pairs(self, detections: Detections, appearances: list[Appearance]) -> list[tuple[int, int]]:
        """Track and detection indices: sure detections choose first, weak ones continue what is left (ByteTrack).

        Who stands alone may then change its height at once: furniture hides legs. In a crowd that is somebody else.
        """
        is_sure = detections.scores >= self._config.start_score
        pairs: list[tuple[int, int]] = []
        for chosen, may_grow in ((is_sure, False), (~is_sure, False), (is_sure, True)):
            taken_tracks, taken = {t for t, _ in pairs}, {d for _, d in pairs}
            free = [t for t in range(len(self._tracks)) if t not in taken_tracks]
            left = [int(d) for d in np.flatnonzero(chosen) if d not in taken]
            if may_grow:
                free = [t for t in free if self._is_alone(t, detections.boxes_xyxy[sorted(taken)])]
            found = assign(
                [self._tracks[t] for t in free],
                detections.boxes_xyxy[left],
                [appearances[d] for d in left],
                self._config,
                may_grow,
            )
            pairs += [(free[t], left[d]) for t, d in found]
        return pairs

    def _is_alone(self, index: int, others_xyxy: Array) -> bool:
        """True where no other seen person's box (N, 4) touches the track's."""
        return not (iou(self._tracks[index].filter.box_xyxy, others_xyxy) > 0.0).any()

    def _strangers(self, detections: Detections, taken: set[int]) -> list[int]:
        """Sure detections that are nobody yet and no second box of somebody."""
        known = np.array([t.filter.box_xyxy for t in self._tracks if t.is_seen]).reshape(-1, 4)
        return [
            d
            for d in range(len(detections))
            if d not in taken
            and detections.scores[d] >= self._config.start_score
            and not (iou(detections.boxes_xyxy[d], known) > SECOND_BOX).any()
        ]

    def _patience(self, track: Track) -> float:
        """Seconds an unseen track is kept; one seen only once or twice was hardly a person."""
        return self._config.keep_duration * min(1.0, track.hits / PROVEN_HITS)

    def add(self, box_xyxy: Array, score: float, appearance: Appearance) -> Track:
        """Start a track."""
        is_judged = np.isfinite(appearance.evidence)
        track = Track(
            identity=self._next_identity,
            filter=BoxFilter(box_xyxy, self._config),
            stripes=appearance.stripes,
            evidence=appearance.evidence if is_judged else NEUTRAL_EVIDENCE,
            looks=int(is_judged),
            unseen=0.0,
            hits=1,
            score=score,
            appearance=appearance,
            fits={other: fit for other, fit in appearance.fits.items() if np.isfinite(fit)},
        )
        self._next_identity += 1
        self._tracks.append(track)
        return track


def _is_searched(track: Track, region_xyxy: Array | None, frame: Frame) -> bool:
    """True where the region (4,) holds all that the image shows of the track."""
    if region_xyxy is None:
        return True
    box = clip_to_image(track.filter.box_xyxy, frame.rgb.shape[1], frame.rgb.shape[0])
    return bool((box[:2] > region_xyxy[:2] + CUT_MARGIN).all() and (box[2:] < region_xyxy[2:] - CUT_MARGIN).all())


def blend(old: Array, new: Array, rate: float) -> Array:
    """Stripes (3, D) moved by ``rate`` towards new ones, where those are shown; never-shown old ones are taken over."""
    shown = (new.sum(axis=1) > 0.0)[:, None]
    known = (old.sum(axis=1) > 0.0)[:, None]
    return np.where(shown, np.where(known, old + rate * (new - old), new), old)


def _continue(track: Track, box_xyxy: Array, score: float, appearance: Appearance, covered: float) -> None:
    """Take one more detection into a track; colours and size only as far as nobody stands before it."""
    place_noise = 1.0 if score >= WEAK_SCORE else 1.0 + PLACE_DOUBT * covered
    size_noise = place_noise * (1.0 + SIZE_DOUBT * covered)
    track.filter.correct(box_xyxy, np.array([place_noise, place_noise, size_noise, size_noise]))
    track.unseen, track.score, track.appearance = 0.0, score, appearance
    track.hits += 1
    if covered > COVERED:
        track.looks = min(track.looks, LOOKS_AFTER_CROWD)
    clear = float(np.clip(1.0 - COVER_SLOWING * covered, 0.0, 1.0))
    rate = clear / min(track.looks + 1, LOOKS_MEMORY)
    track.stripes = blend(track.stripes, appearance.stripes, max(rate, 0.1 * clear))
    for other, fit in appearance.fits.items():
        if np.isfinite(fit):
            old = track.fits.get(other, fit)
            track.fits[other] = old + rate * (fit - old)
    if np.isfinite(appearance.evidence):
        track.evidence += rate * (appearance.evidence - track.evidence)
        track.looks += 1


def _covered(boxes_xyxy: Array) -> Array:
    """(N,) largest share of each box that lies behind one other box; the lower bottom edge is in front."""
    if len(boxes_xyxy) == 0:
        return np.zeros(0)
    low = np.maximum(boxes_xyxy[:, None, :2], boxes_xyxy[None, :, :2])
    high = np.minimum(boxes_xyxy[:, None, 2:], boxes_xyxy[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=-1) / np.maximum(area(boxes_xyxy), 1.0)[:, None]
    is_front = boxes_xyxy[None, :, 3] > boxes_xyxy[:, None, 3]
    return np.where(is_front, shared, 0.0).max(axis=1)
