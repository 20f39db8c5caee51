"""``trackvla bench track``: trackers beside CSRT and KCF on the same frames, with right words and with wrong ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.boxes import from_xyxy
from track_common.config import lookup
from track_common.interfaces import TargetError
from track_common.types import Array
from vlt_ros.clips import SENTENCES, ClipError, ClipTarget, find_clips, load_clips
from vlt_ros.evaluation.metrics import score_in_view
from vlt_ros.paired import Difference, differences
from vlt_ros.registry import TRACKERS, make_tracker
from vlt_ros.track import TrackOptions, is_box, run_tracker
from vlt_ros.video import Video, open_video

BASELINES = ("csrt", "kcf")
WRONG = " (wrong sentence)"
SHAKE = 0.01  # of the first box's height: spread by which each of its sides is moved in a shaken run, about a pixel
SHIFT = 6  # px: most by which all images of a shaken run are moved, each way; the truth moves with them
GAIN = 0.04  # most by which they are made brighter or darker
SHAKES = 10  # shaken runs where nothing else is said


@dataclass(frozen=True)
class BenchPlan:
    """What to compare.

    Attributes:
        data: folder of clips, of any depth up to two (``clips.find_clips``).
        trackers: names in the registry; those that need a box get the first one, all of them get the sentence.
        params: tracker -> settings over its defaults.
        is_wrong_too: also run ``trackers`` with another person's sentence.
        baselines: trackers to stand beside them.
        shakes: further runs of every tracker, from images and first boxes that are moved a little at random, alike
            for all trackers: how much of a difference is chance.
        sequences: names of the clips; empty = all.
    """

    data: Path
    trackers: tuple[str, ...] = ("grounded",)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_wrong_too: bool = False
    baselines: tuple[str, ...] = BASELINES
    shakes: int = SHAKES
    sequences: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrackRow:
    """Result of one tracker on one target; frames count from the first to the last that shows it.

    Attributes:
        tracker: its name, with ``WRONG`` after it where it was given another person's sentence.
        started_from: "sentence" or "first box".
        success_auc, precision_20px: over the frames in ``frames`` that show the target.
        crossing_frames, crossing_auc: the frames of them in which people cross; the AUC is None without any.
        ms_per_frame: median wall time of an update, one thread.
        shake: 0 = as recorded and from the true first box, else the number of the shaken run.
        refusal: why the tracker did not start, "" where it did; it has no box then.
        causes: success AUC and number of the frames in which the target crosses somebody, is hidden, small or turned.
    """

    sequence: str
    target: str
    is_primary: bool
    tracker: str
    started_from: str
    sentence: str
    frames: int
    success_auc: float
    precision_20px: float
    crossing_frames: int
    crossing_auc: float | None
    found_share: float
    ms_per_frame: float
    shake: int = 0
    refusal: str = ""
    causes: Mapping[str, tuple[float, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class TrackSummary:
    """One tracker over all targets and runs: mean success AUC of main, of all, and of all on frames where people cross.

    ``crossing_auc`` is the mean over targets that are crossed, ``crossing_frame_auc`` over the frames themselves;
    ``targets`` and ``crossing_frames`` count every run; ``frames_per_second`` is of the median of the medians.
    """

    tracker: str
    main_auc: float
    all_auc: float
    crossing_auc: float | None
    crossing_frame_auc: float | None
    crossing_frames: int
    targets: int
    frames_per_second: float


def bench_track(
    plan: BenchPlan, json_file: Path | None = None, on_row: Callable[[TrackRow], None] | None = None
) -> list[TrackRow]:
    """Run every tracker of the plan on every target; the rows are written to ``json_file`` with their summaries.

    Raises:
        ConfigError: unknown tracker or setting.
        ClipError, ResultError: a clip is not there, or cannot be read.
    """
    cv2.setNumThreads(1)
    runs = [(name, is_wrong) for name in plan.trackers for is_wrong in (False, True)[: 1 + plan.is_wrong_too]]
    runs += [(name, False) for name in plan.baselines if name not in plan.trackers]
    rows = []
    targets = load_clips(find_clips(plan.data, plan.sequences))
    _need_words(targets, [name for name, _ in runs])
    for target in targets:
        for name, is_wrong in runs:
            for shake in range(1 + plan.shakes):
                rows.append(_run(target, name, plan.params.get(name, {}), is_wrong, shake))
                if on_row is not None:
                    on_row(rows[-1])
    if json_file is not None:
        report = {
            "summary": [asdict(part) for part in summarise(rows)],
            "differences": [{**asdict(one), "verdict": one.verdict} for one in compare(rows)],
            "causes": causes(rows),
            "rows": [asdict(row) for row in rows],
        }
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return rows


def _need_words(targets: Sequence[ClipTarget], trackers: Sequence[str]) -> None:
    by_words = [name for name in trackers if not lookup("tracker", name, TRACKERS).needs_box]
    silent = [target.clip for target in targets if not target.sentence]
    if by_words and silent:
        raise ClipError(
            f"{silent[0]} has no {' or '.join(SENTENCES)}, and {by_words[0]} starts from a sentence; "
            "write one, choose clips by --sequence, or trackers that start from a box (--tracker csrt)"
        )


def summarise(rows: Sequence[TrackRow]) -> list[TrackSummary]:
    """A line a tracker, in the order of their first rows."""
    names = list(dict.fromkeys(row.tracker for row in rows))
    return [_summary(name, [row for row in rows if row.tracker == name]) for name in names]


def compare(rows: Sequence[TrackRow]) -> list[Difference]:
    """Paired differences of success AUC between all trackers."""
    scores: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        scores.setdefault(row.tracker, {}).setdefault(f"{row.sequence}/{row.target}", []).append(row.success_auc)
    return differences(scores)


def causes(rows: Sequence[TrackRow]) -> dict[str, dict[str, tuple[float, int]]]:
    """Tracker -> cause -> success AUC over all its frames, and their number; causes without a frame are absent."""
    made: dict[str, dict[str, tuple[float, int]]] = {}
    for row in rows:
        own = made.setdefault(row.tracker, {})
        for cause, (auc, frames) in row.causes.items():
            before, count = own.get(cause, (0.0, 0))
            own[cause] = ((before * count + auc * frames) / (count + frames), count + frames)
    return made


def _summary(name: str, rows: list[TrackRow]) -> TrackSummary:
    crossed = [(row.crossing_auc, row.crossing_frames) for row in rows if row.crossing_auc is not None]
    frames = sum(count for _, count in crossed)
    return TrackSummary(
        tracker=name,
        main_auc=_mean(row.success_auc for row in rows if row.is_primary),
        all_auc=_mean(row.success_auc for row in rows),
        crossing_auc=_mean(auc for auc, _ in crossed) if crossed else None,
        crossing_frame_auc=round(sum(auc * count for auc, count in crossed) / frames, 4) if crossed else None,
        crossing_frames=sum(row.crossing_frames for row in rows),
        targets=len(rows),
        frames_per_second=round(1e3 / float(np.median([row.ms_per_frame for row in rows])), 1),
    )


def _mean(values: Iterable[float]) -> float:
    return round(float(np.mean(list(values))), 4)


def _run(target: ClipTarget, name: str, params: Mapping[str, Any], is_wrong: bool, shake: int) -> TrackRow:
    """One tracker from the first frame that shows the target to the last."""
    span, needs_box = target.span, lookup("tracker", name, TRACKERS).needs_box
    whole, truth = open_video(target.clip), target.truth_xyxy[span]
    if len(whole.images) < len(target.truth_xyxy):
        raise ClipError(f"{target.clip} has {len(whole.images)} images for {len(target.truth_xyxy)} boxes")
    clip = Video(whole.path, whole.rate, whole.width, whole.height, len(truth), whole.images[span])
    shaken = Shake.of(shake)
    truth = np.where(truth.any(axis=1, keepdims=True), truth + np.tile(shaken.shift, 2), 0.0)
    box = tuple(float(v) for v in from_xyxy(_shaken(truth[0], shake), "xywh")) if needs_box else None
    sentence = target.wrong_sentence if is_wrong else target.sentence
    options = TrackOptions(whole.path, sentence, box, name)  # pyright: ignore[reportArgumentType]
    boxes, times, refusal = [], [], ""
    try:
        for _, sighting, elapsed in run_tracker(make_tracker(name, params), clip, options, shaken.applied):
            boxes.append(np.zeros(4) if sighting.box is None else sighting.box.xyxy)
            times.append(elapsed)
    except TargetError as error:
        boxes, times, refusal = [np.zeros(4)] * len(truth), [0.0], str(error)
    found, crossing = np.array(boxes), target.is_crossing[span]
    result = score_in_view(found, truth)
    return TrackRow(
        sequence=target.clip.name,
        target=target.name,
        is_primary=target.is_main,
        tracker=name + WRONG * is_wrong,
        started_from="first box" if needs_box else "sentence",
        sentence=sentence,
        frames=len(found),
        success_auc=round(result.success_auc, 4),
        precision_20px=round(result.precision, 4),
        crossing_frames=int(crossing.sum()),
        crossing_auc=_crossing_auc(found, truth, crossing),
        found_share=round(float(is_box(found).mean()), 4),
        ms_per_frame=round(max(1e3 * float(np.median(times[1:] or times)), 0.001), 3),
        shake=shake,
        refusal=refusal,
        causes=_by_cause(found, truth, {name: mask[span] for name, mask in target.causes.items()}),
    )


@dataclass(frozen=True)
class Shake:
    """How the images of a run are moved: px to the right and down, and the factor of their brightness."""

    shift: tuple[int, int] = (0, 0)
    gain: float = 1.0

    @classmethod
    def of(cls, number: int) -> Shake:
        """The shake of a run, the same for every tracker; run 0 is as recorded."""
        if not number:
            return cls()
        random = np.random.default_rng([number, SHIFT])
        right, down = (int(value) for value in random.integers(-SHIFT, SHIFT + 1, 2))
        return cls((right, down), float(1.0 + random.uniform(-GAIN, GAIN)))

    def applied(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image moved, its border repeated, and made brighter or darker."""
        if self == Shake():
            return rgb
        matrix = np.array([[1.0, 0.0, self.shift[0]], [0.0, 1.0, self.shift[1]]])
        moved = cv2.warpAffine(rgb, matrix, rgb.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.convertScaleAbs(moved, alpha=self.gain), np.uint8)


def _by_cause(found: Array, truth: Array, causes: Mapping[str, NDArray[np.bool_]]) -> dict[str, tuple[float, int]]:
    shown = {name: mask & truth.any(axis=1) for name, mask in causes.items()}
    return {
        name: (score_in_view(found[mask], truth[mask]).success_auc, int(mask.sum()))
        for name, mask in shown.items()
        if mask.any()
    }


def _shaken(box_xyxy: Array, shake: int) -> Array:
    """The box (4,) with its sides moved at random; itself for 0."""
    spread = SHAKE * float(box_xyxy[3] - box_xyxy[1]) if shake else 0.0
    return box_xyxy + spread * np.random.default_rng(shake).normal(size=4)


def _crossing_auc(found: Array, truth: Array, crossing: NDArray[np.bool_]) -> float | None:
    if not crossing.any():
        return None
    return round(score_in_view(found[crossing], truth[crossing]).success_auc, 4)
