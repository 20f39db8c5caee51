"""One-pass evaluation of boxes against ground truth: success AUC and precision (Wu et al. 2013, OTB)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from track_common.boxes import from_xyxy, iou
from track_common.types import Array

THRESHOLDS = np.linspace(0.0, 1.0, 21)  # IoU
PRECISION_RADIUS = 20.0  # px


@dataclass(frozen=True)
class OpeScore:
    """frames: judged ones; success_auc: mean share with IoU > t; precision: share with centre error <= 20 px."""

    frames: int
    success_auc: float
    precision: float


def score(boxes_xyxy: Array, truth_xyxy: Array) -> OpeScore:
    """Score of boxes (N, 4) against the truth (N, 4); NaN or empty boxes are misses, truth without area is left out.

    Raises:
        ValueError: the two differ in length, or no frame has the target in view.
    """
    if boxes_xyxy.shape != truth_xyxy.shape:
        raise ValueError(f"{len(boxes_xyxy)} boxes but {len(truth_xyxy)} lines of ground truth; wanted one a frame")
    is_judged = np.all(np.isfinite(truth_xyxy), axis=1) & np.all(truth_xyxy[:, 2:] > truth_xyxy[:, :2], axis=1)
    if not is_judged.any():
        raise ValueError("the ground truth shows the target in no frame")
    boxes, truth = boxes_xyxy[is_judged], truth_xyxy[is_judged]
    is_found = np.all(np.isfinite(boxes), axis=1) & np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
    overlap = np.where(is_found, iou(np.nan_to_num(boxes), truth), 0.0)
    gaps = from_xyxy(np.nan_to_num(boxes), "cxcywh")[:, :2] - from_xyxy(truth, "cxcywh")[:, :2]
    is_near = is_found & (np.hypot(gaps[:, 0], gaps[:, 1]) <= PRECISION_RADIUS)
    success = (overlap[:, None] > THRESHOLDS).mean(axis=0)
    return OpeScore(int(is_judged.sum()), float(success.mean()), float(is_near.mean()))
