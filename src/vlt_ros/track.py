"""``trackvla track``: one tracker over one video; boxes, a film and, with ground truth, scores."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from track_common.boxes import from_xyxy, to_xyxy
from track_common.config import ConfigError
from track_common.drawing import TRUTH, draw_box, draw_sighting
from track_common.film import FilmWriter
from track_common.instruction import parse_instruction
from track_common.interfaces import TargetError, Tracker
from track_common.types import Array, Frame, Sighting
from vlt_ros.containers import short_note
from vlt_ros.evaluation.annotations import check_inside, read_annotation
from vlt_ros.evaluation.metrics import InView, score_in_view
from vlt_ros.registry import TRACKERS, make_tracker
from vlt_ros.video import Video, count_frames, open_video

Progress = Callable[[int, int], None]  # frames done, frames in all (0 = not known)


@dataclass(frozen=True)
class TrackOptions:
    """What to track where.

    Attributes:
        video: file, folder of images, or folder holding ``img/``.
        box_xywh: first box in pixels of the first frame, None = from the sentence alone.
        ground_truth: text file (``evaluation.annotations``); 0,0,0,0 or nan = target not in view.
        target_id: whose rows of a MOTChallenge file; None where it has one id only.
        json_file: where the report goes as JSON.
        out: folder for ``boxes.txt`` and ``film.mp4``, None = neither is written.
        rate: frames per second; 0 = the video's own.
        params: settings of the tracker over its defaults.
    """

    video: Path
    instruction: str = ""
    box_xywh: tuple[float, float, float, float] | None = None
    tracker: str = "grounded"
    ground_truth: Path | None = None
    target_id: int | None = None
    json_file: Path | None = None
    out: Path | None = None
    rate: float = 0.0
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrackReport:
    """What a tracker found.

    Attributes:
        boxes_xyxy: (N, 4) a frame, zeros where lost.
        ms_per_frame: the tracker's median.
        score: with ground truth.
        warning: what is wrong with the video, "" where nothing is.
    """

    tracker: str
    video: str
    instruction: str
    boxes_xyxy: Array
    ms_per_frame: float
    score: InView | None
    warning: str = ""

    @property
    def found_share(self) -> float:
        """Share of the frames with a box."""
        return float(np.mean(is_box(self.boxes_xyxy))) if len(self.boxes_xyxy) else 0.0

    def as_row(self) -> dict[str, object]:
        """Flat figures for JSON and tables."""
        return {
            "tracker": self.tracker,
            "video": self.video,
            "instruction": self.instruction,
            "frames": len(self.boxes_xyxy),
            "found_share": round(self.found_share, 4),
            "ms_per_frame": round(self.ms_per_frame, 2),
            "success_auc": None if self.score is None else round(self.score.success_auc, 4),
            "precision_20px": None if self.score is None else round(self.score.precision, 4),
            "warning": self.warning or None,
            "frames_judged": None if self.score is None else self.score.frames,
        }


def track_video(options: TrackOptions, progress: Progress | None = None) -> TrackReport:
    """Track through the whole video and write what was asked for.

    Raises:
        ConfigError: unknown tracker, or one that needs a box without one.
        VideoError, TargetError: the video, the sentence (said before the video is opened) or the box cannot be used.
        ResultError: ground truth that cannot be read or does not fit the video, before a frame is tracked.
    """
    tracker = make_tracker(options.tracker, options.params)
    if TRACKERS[options.tracker].needs_box and options.box_xywh is None:
        raise ConfigError(f"tracker {options.tracker} starts from a first box; add --box x,y,w,h")
    if options.box_xywh is None and (reason := parse_instruction(options.instruction).standstill_reason):
        raise TargetError(reason if options.instruction.strip() else f"{reason}; add --instruction or --box x,y,w,h")
    video = open_video(options.video, options.rate)
    truth = _truth(options, video)
    boxes, times = [], []
    with ExitStack() as stack:
        film = None if options.out is None else stack.enter_context(FilmWriter(options.out / "film.mp4", video.rate))
        for index, (frame, sighting, elapsed) in enumerate(run_tracker(tracker, video, options)):
            boxes.append(np.zeros(4) if sighting.box is None else sighting.box.xyxy)
            times.append(elapsed)
            if film is not None:
                film.write(_drawn(frame.rgb, sighting, None if truth is None else truth[index : index + 1]))
            if progress is not None:
                progress(index + 1, video.count)
    warning = video.warning or short_note(video.path, len(boxes), video.count)
    return _finish(options, np.array(boxes).reshape(-1, 4), times, truth, warning)


def run_tracker(
    tracker: Tracker,
    video: Video,
    options: TrackOptions,
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = lambda rgb: rgb,
) -> Iterator[tuple[Frame, Sighting, float]]:
    """Frames, what the tracker saw in each and its time in seconds.

    Args:
        tracker: not started yet.
        video: its frames are read from the start.
        options: the sentence and the first box.
        change: done to every image (H, W, 3) before the tracker sees it.
    """
    first = None if options.box_xywh is None else to_xyxy(np.array(options.box_xywh), "xywh")
    for index, rgb in enumerate(video.frames()):
        frame = Frame(change(rgb), index / video.rate)
        start = time.perf_counter()
        sighting = tracker.init(frame, options.instruction, first) if index == 0 else tracker.update(frame)
        yield frame, sighting, time.perf_counter() - start


def is_box(boxes_xyxy: Array) -> NDArray[np.bool_]:
    """(N,) True for boxes (N, 4) with an area."""
    return np.all(boxes_xyxy[:, 2:] > boxes_xyxy[:, :2], axis=1)


def _truth(options: TrackOptions, video: Video) -> Array | None:
    """(N, 4) xyxy one a frame of the video, None where none was given."""
    if options.ground_truth is None:
        return None
    boxes_xywh = read_annotation(options.ground_truth, count_frames(video), options.target_id)
    check_inside(boxes_xywh, (video.width, video.height), options.ground_truth)
    return np.nan_to_num(to_xyxy(boxes_xywh, "xywh"))


def _finish(options: TrackOptions, boxes: Array, times: list[float], truth: Array | None, warning: str) -> TrackReport:
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        np.savetxt(options.out / "boxes.txt", from_xyxy(boxes, "xywh"), fmt="%.2f", delimiter=",")
    report = TrackReport(
        tracker=options.tracker,
        video=str(options.video),
        instruction=options.instruction,
        boxes_xyxy=boxes,
        ms_per_frame=1e3 * float(np.median(times)) if times else 0.0,
        score=None if truth is None else score_in_view(boxes, truth),
        warning=warning,
    )
    if options.json_file is not None:
        options.json_file.parent.mkdir(parents=True, exist_ok=True)
        options.json_file.write_text(json.dumps(report.as_row(), indent=2) + "\n", encoding="utf-8")
    return report


def _drawn(rgb: NDArray[np.uint8], sighting: Sighting, truth: Array | None) -> NDArray[np.uint8]:
    drawn = draw_sighting(rgb, sighting)
    if truth is not None and len(truth) and is_box(truth)[0]:
        drawn = draw_box(drawn, truth[0], "", TRUTH, thickness=1)
    return drawn
