"""``trackvla bench track``: grounded from the sentence alone beside CSRT from the first box, same frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from track_common.boxes import from_xyxy
from vlt_ros.ope import score
from vlt_ros.registry import make_tracker
from vlt_ros.track import TrackOptions, is_box, read_boxes, run_tracker
from vlt_ros.video import Video, open_video

SEQUENCES = ("otb_crossing", "tud_campus", "pets09_s2l1")
STARTS = {"grounded": "sentence", "csrt": "first box"}


@dataclass(frozen=True)
class Target:
    """One person of one sequence: sentence, ground truth file, and whether it is the sequence's main target."""

    sequence: str
    name: str
    instruction: str
    truth: Path
    is_primary: bool


@dataclass(frozen=True)
class TrackRow:
    """Result of one tracker on one target; frames count from the first to the last in which it is in view."""

    sequence: str
    target: str
    is_primary: bool
    tracker: str
    started_from: str
    frames: int
    success_auc: float
    precision_20px: float
    found_share: float
    ms_per_frame: float


def bench_track(
    data: Path, json_file: Path | None = None, on_row: Callable[[TrackRow], None] | None = None
) -> list[TrackRow]:
    """Run both trackers on every target of the three sequences in ``data``.

    Raises:
        FileNotFoundError: a sequence is not there.
    """
    rows = []
    for target in (t for name in SEQUENCES for t in load_targets(data / name)):
        for tracker in STARTS:
            rows.append(_run(target, tracker, open_video(data / target.sequence)))
            if on_row is not None:
                on_row(rows[-1])
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        report = {"mean_primary_auc": mean_auc(rows, True), "mean_all_auc": mean_auc(rows, False)}
        json_file.write_text(json.dumps({**report, "rows": [vars(r) for r in rows]}, indent=2) + "\n", encoding="utf-8")
    return rows


def mean_auc(rows: list[TrackRow], only_primary: bool) -> dict[str, float]:
    """Mean success AUC of each tracker over targets."""
    kept = [r for r in rows if r.is_primary or not only_primary]
    return {t: round(float(np.mean([r.success_auc for r in kept if r.tracker == t])), 4) for t in STARTS}


def load_targets(folder: Path) -> list[Target]:
    """Main target and, where ``targets.json`` lists them, the further ones of a sequence folder.

    Raises:
        FileNotFoundError: no sentence or ground truth there.
    """
    sentence, truth = folder / "language.txt", folder / "groundtruth.txt"
    if not sentence.is_file() or not truth.is_file():
        raise FileNotFoundError(
            f"no sequence at {folder}; wanted img/, language.txt and groundtruth.txt (TRACKVLA_DATA)"
        )
    targets = [Target(folder.name, "main", sentence.read_text(encoding="utf-8").strip(), truth, True)]
    listing = folder / "targets.json"
    if listing.is_file():
        for entry in json.loads(listing.read_text(encoding="utf-8"))["targets"]:
            if not entry["primary"]:
                path = folder / "targets" / f"{entry['id']}.txt"
                targets.append(Target(folder.name, str(entry["id"]), entry["language"], path, False))
    return targets


def _run(target: Target, tracker: str, video: Video) -> TrackRow:
    """One tracker from the first frame that shows the target to the last."""
    truth = read_boxes(target.truth)
    shown = np.flatnonzero(is_box(truth))
    first, last = int(shown[0]), int(shown[-1])
    clip = Video(video.path, video.rate, video.width, video.height, last - first + 1, video.images[first : last + 1])
    box = tuple(float(v) for v in from_xyxy(truth[first], "xywh")) if STARTS[tracker] == "first box" else None
    options = TrackOptions(video.path, target.instruction, box, tracker)  # pyright: ignore[reportArgumentType]
    boxes, times = [], []
    for _, sighting, elapsed in run_tracker(make_tracker(tracker), clip, options):
        boxes.append(np.zeros(4) if sighting.box is None else sighting.box.xyxy)
        times.append(elapsed)
    found, result = np.array(boxes), score(np.array(boxes), truth[first : last + 1])
    return TrackRow(
        target.sequence,
        target.name,
        target.is_primary,
        tracker,
        STARTS[tracker],
        len(found),
        round(result.success_auc, 4),
        round(result.precision, 4),
        round(float(is_box(found).mean()), 4),
        round(1e3 * float(np.median(times)), 2),
    )
