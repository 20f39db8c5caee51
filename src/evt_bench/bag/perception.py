"""How well the target was kept in sight: losses, and overlap with the truth where the simulator recorded it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evt_bench.bag.recording import Recording, Sample
from track_common.boxes import iou
from track_common.types import Sighting

MIN_LOSS = 0.3  # s without the target's box; shorter is a missed frame, not a loss
HIT_IOU = 0.5  # overlap from which a box is on the target (PASCAL VOC)


@dataclass(frozen=True)
class Losses:
    """When the tracker had no box for the target, after it first had one.

    Attributes:
        n: losses of at least ``MIN_LOSS``.
        durations: of each, s; the last one may last to the end of the bag.
        seen_share: share of the tracker's frames with a box.
        status_share: share of time by target_status (a value of TargetStatus); empty where not recorded.
    """

    n: int
    durations: tuple[float, ...]
    seen_share: float
    status_share: dict[str, float]


@dataclass(frozen=True)
class Overlap:
    """The tracker's box against the true one, over frames both looked at.

    Attributes:
        n: frames in which the target was in view.
        mean_iou: over those frames, 0 where the tracker had no box.
        hit_share: share of them with an overlap of at least ``HIT_IOU``.
        n_out_of_view: frames in which it was not in view.
        false_share: share of those in which the tracker had a box all the same; None where there were none.
    """

    n: int
    mean_iou: float
    hit_share: float
    n_out_of_view: int
    false_share: float | None


def losses(recording: Recording) -> Losses | None:
    """None where no target_box was recorded."""
    sightings = [sample.value for sample in recording.tracks["target_box"]]
    if not sightings:
        return None
    durations = tuple(end - begin for begin, end in loss_spans(recording))
    seen = float(np.mean([s.box is not None for s in sightings]))
    return Losses(len(durations), durations, seen, _status_share(recording.tracks["target_status"]))


def loss_spans(recording: Recording) -> list[tuple[float, float]]:
    """Begin and end stamp of each loss of at least ``MIN_LOSS``."""
    gaps = _gaps([sample.value for sample in recording.tracks["target_box"]])
    return [(begin, end) for begin, end in gaps if end - begin >= MIN_LOSS]


def _gaps(sightings: Sequence[Sighting]) -> list[tuple[float, float]]:
    """From the first frame without a box to the next with one, or to the last frame; after the first box only."""
    gaps: list[tuple[float, float]] = []
    lost_since: float | None = None
    was_seen = False
    for sighting in sightings:
        if sighting.box is None and was_seen and lost_since is None:
            lost_since = sighting.stamp
        elif sighting.box is not None:
            if lost_since is not None:
                gaps.append((lost_since, sighting.stamp))
            was_seen, lost_since = True, None
    return gaps if lost_since is None else [*gaps, (lost_since, sightings[-1].stamp)]


def overlap(recording: Recording) -> Overlap | None:
    """None where the bag has no true boxes for frames the tracker looked at, or the target was never in view."""
    true_boxes = {sample.stamp: sample.value.box for sample in recording.tracks["ground_truth/target_box"]}
    pairs = [(s.value.box, true_boxes[s.stamp]) for s in recording.tracks["target_box"] if s.stamp in true_boxes]
    in_view = [(box, true) for box, true in pairs if true is not None]
    if not in_view:
        return None
    overlaps = np.array([0.0 if box is None else float(iou(box.xyxy, true.xyxy)) for box, true in in_view])
    out_of_view = [box for box, true in pairs if true is None]
    false_share = float(np.mean([box is not None for box in out_of_view])) if out_of_view else None
    hits = float(np.mean(overlaps >= HIT_IOU))
    return Overlap(len(in_view), float(np.mean(overlaps)), hits, len(out_of_view), false_share)


def _status_share(samples: Sequence[Sample]) -> dict[str, float]:
    """A status holds until the next message; the last one counts for nothing."""
    lengths: dict[str, float] = {}
    for sample, following in zip(samples[:-1], samples[1:], strict=True):
        lengths[sample.value] = lengths.get(sample.value, 0.0) + following.stamp - sample.stamp
    total = sum(lengths.values())
    return {status: length / total for status, length in sorted(lengths.items())} if total > 0.0 else {}
