"""Success, precision and normalised precision of one sequence, pure functions over arrays (LaSOT toolkit's protocol).

Boxes are x, y, w, h in pixels. A rate is divided by the full length of the sequence, absent frames included: they count
as failures (Fan et al. 2019; dividing by the present frames instead gives about one point more).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from track_common.boxes import clip_to_image, from_xyxy, iou, to_xyxy
from track_common.types import Array

OVERLAPS = np.linspace(0.0, 1.0, 21)  # IoU, exceeded strictly
DISTANCES = np.arange(51, dtype=float)  # px, reached or below
RELATIVE_DISTANCES = np.linspace(0.0, 0.5, 51)  # shares of the target's width and height, reached or below
REPORTED_DISTANCE = 20  # index of 20 px
REPORTED_RELATIVE = 20  # index of 0.20


@dataclass(frozen=True, eq=False)
class Curves:
    """Shares of frames over the thresholds: success (21,), precision (51,), norm_precision (51,), each 0..1."""

    success: Array
    precision: Array
    norm_precision: Array

    @property
    def scores(self) -> tuple[float, float, float]:
        """Success AUC, precision at 20 px, normalised precision at 0.20; 0..1."""
        reported = self.precision[REPORTED_DISTANCE], self.norm_precision[REPORTED_RELATIVE]
        return float(self.success.mean()), float(reported[0]), float(reported[1])

    @property
    def norm_precision_area(self) -> float:
        """Mean over the 51 thresholds, 0..1: what TNL2K's script prints and TrackingNet's server reports."""
        return float(self.norm_precision.mean())

    @property
    def is_zero(self) -> bool:
        """True where no frame counts at any overlap; the toolkit leaves such a sequence out of the mean."""
        return not self.success.any()


def repair(boxes_xywh: Array, truth_xywh: Array) -> Array:
    """Result as the toolkit reads it: of the truth's length, row 1 the truth's, unusable rows repeat the one before.

    Args:
        boxes_xywh: (M, 4) as written by a tracker, M >= N.
        truth_xywh: (N, 4).

    Raises:
        ValueError: fewer rows than the truth.
    """
    if len(boxes_xywh) < len(truth_xywh):
        raise ValueError(f"{len(boxes_xywh)} boxes for {len(truth_xywh)} frames; wanted one a frame")
    boxes = np.array(boxes_xywh[: len(truth_xywh)], float)
    boxes[0] = truth_xywh[0]
    is_usable = np.all(np.isfinite(boxes), axis=1) & np.all(boxes[:, 2:] > 0, axis=1)
    is_usable[0] = True
    return boxes[np.maximum.accumulate(np.where(is_usable, np.arange(len(boxes)), 0))]


def curves(boxes_xywh: Array, truth_xywh: Array, is_absent: NDArray[np.bool_] | None = None) -> Curves:
    """Curves of repaired boxes (N, 4); ``is_absent`` (N,) marks frames without the target."""
    frames = len(truth_xywh)
    if is_absent is not None:
        boxes_xywh, truth_xywh = boxes_xywh[~is_absent], truth_xywh[~is_absent]
    is_valid = np.all(truth_xywh > 0, axis=1)  # the toolkit gives the others -1, which counts as near
    return _shares(boxes_xywh, truth_xywh, is_valid, frames)


def _shares(boxes_xywh: Array, truth_xywh: Array, is_valid: NDArray[np.bool_], frames: int) -> Curves:
    overlaps = np.where(is_valid, iou(to_xyxy(boxes_xywh, "xywh"), to_xyxy(truth_xywh, "xywh")), -1.0)
    apart = boxes_xywh[:, :2] + (boxes_xywh[:, 2:] - 1) / 2 - truth_xywh[:, :2] - (truth_xywh[:, 2:] - 1) / 2
    sides = np.where(is_valid[:, None], truth_xywh[:, 2:], 1.0)
    distances = np.where(is_valid, np.hypot(*apart.T), -1.0)
    relative = np.where(is_valid, np.hypot(*(apart / sides).T), -1.0)
    return Curves(
        (overlaps[:, None] > OVERLAPS).sum(axis=0) / frames,
        (distances[:, None] <= DISTANCES).sum(axis=0) / frames,
        (relative[:, None] <= RELATIVE_DISTANCES).sum(axis=0) / frames,
    )


@dataclass(frozen=True)
class InView:
    """frames: those that show the target; success_auc and precision (20 px): shares of them, 0..1."""

    frames: int
    success_auc: float
    precision: float


def score_in_view(boxes_xyxy: Array, truth_xyxy: Array) -> InView:
    """Score of boxes (N, 4) on the frames that show the target; boxes that are NaN or empty are misses.

    For robots a frame without the target is no frame to judge; the benchmarks count it as a failure (``curves``).

    Raises:
        ValueError: the two differ in length, or no frame shows the target.
    """
    if boxes_xyxy.shape != truth_xyxy.shape:
        raise ValueError(f"{len(boxes_xyxy)} boxes but {len(truth_xyxy)} lines of ground truth; wanted one a frame")
    is_shown = _has_area(truth_xyxy)
    if not is_shown.any():
        raise ValueError("the ground truth shows the target in no frame")
    found = np.where(_has_area(boxes_xyxy)[:, None], boxes_xyxy, np.nan)[is_shown]
    seen = int(is_shown.sum())
    part = _shares(from_xyxy(found, "xywh"), from_xyxy(truth_xyxy[is_shown], "xywh"), np.ones(seen, bool), seen)
    return InView(seen, *part.scores[:2])


def _has_area(boxes_xyxy: Array) -> NDArray[np.bool_]:
    return np.all(np.isfinite(boxes_xyxy), axis=1) & np.all(boxes_xyxy[:, 2:] > boxes_xyxy[:, :2], axis=1)


@dataclass(frozen=True)
class Got10k:
    """GOT-10k's figures, 0..1: average overlap, and the shares of frames with an overlap above 0.5 and above 0.75."""

    ao: float
    sr50: float
    sr75: float


def got10k_overlaps(
    boxes_xywh: Array, truth_xywh: Array, is_absent: NDArray[np.bool_], size: tuple[int, int] | None = None
) -> Array:
    """(M,) overlaps of the frames GOT-10k's toolkit counts: not the first one, only those that show the target.

    Args:
        boxes_xywh, truth_xywh: (N, 4); a box without area overlaps nothing.
        is_absent: (N,).
        size: width and height of the images; both boxes are cut to it first. None: they are not cut.
    """
    corners = [to_xyxy(boxes, "xywh")[1:][~is_absent[1:]] for boxes in (boxes_xywh, truth_xywh)]
    if size is not None:
        corners = [clip_to_image(boxes, *size) for boxes in corners]
    return iou(np.nan_to_num(corners[0]), corners[1])


def got10k_score(overlaps: Array) -> Got10k:
    """Figures of overlaps (M,) over all frames of all sequences; the benchmark's mean is over frames."""
    return Got10k(float(overlaps.mean()), float((overlaps > 0.5).mean()), float((overlaps > 0.75).mean()))


def mean_curves(parts: list[Curves]) -> Curves:
    """Mean over sequences, not frames; curves that are zero everywhere are left out, as the toolkit does."""
    kept = [part for part in parts if not part.is_zero] or parts
    return Curves(
        np.mean([part.success for part in kept], axis=0),
        np.mean([part.precision for part in kept], axis=0),
        np.mean([part.norm_precision for part in kept], axis=0),
    )
