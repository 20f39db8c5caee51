"""OpenCV's correlation filters CSRT and KCF: each follows what is inside a first box.

They know no people and no words; they are the baselines the other trackers are measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from track_common.boxes import clip_to_image, from_xyxy, is_usable, to_xyxy
from track_common.config import setting
from track_common.instruction import ParsedInstruction
from track_common.interfaces import TargetError
from track_common.types import Array, Box, Frame, Sighting

MIN_SIDE = 4.0  # px; OpenCV fails on smaller first boxes


@dataclass(frozen=True)
class CsrtConfig:
    """Settings of CSRT (Lukezic et al. 2017); the rest stays at OpenCV's defaults."""

    psr_threshold: float = setting(0.035, "peak-to-sidelobe ratio below which the target is lost", low=0.0, high=1.0)
    template_size: int = setting(200, "side of the template", unit="px", low=32, high=400)


@dataclass(frozen=True)
class KcfConfig:
    """Settings of KCF (Henriques et al. 2015); the rest stays at OpenCV's defaults.

    At OpenCV's own threshold it loses people for good within a few frames, which makes a weak baseline.
    """

    detect_threshold: float = setting(
        0.0, "response below which the target is lost; OpenCV: 0.5, the paper: never", low=0.0, high=1.0
    )


class CorrelationTracker:
    """One of OpenCV's filters started from a first box; see ``track_common.interfaces.Tracker``."""

    name = ""

    def __init__(self) -> None:
        self._filter: Any = None

    def make_filter(self) -> Any:
        """A fresh filter of OpenCV."""
        raise NotImplementedError

    def init(self, frame: Frame, instruction: ParsedInstruction | str, box_xyxy: Array | None = None) -> Sighting:
        """Start from the box (4,); the sentence is not read.

        Raises:
            TargetError: no box, or one with too little inside the image.
        """
        height, width = frame.rgb.shape[:2]
        if box_xyxy is None:
            raise TargetError(
                f"{self.name} starts from a first box and got only a sentence; give a box or use tracker grounded"
            )
        if not is_usable(box_xyxy, width, height, MIN_SIDE):
            raise TargetError(
                f"first box {np.asarray(box_xyxy)} has less than {MIN_SIDE:.0f} px inside the image of {width}x{height}"
            )
        first = clip_to_image(box_xyxy, width, height)
        self._filter = self.make_filter()
        x, y, w, h = (int(round(v)) for v in from_xyxy(first, "xywh"))
        self._filter.init(_bgr(frame), (x, y, w, h))
        return Sighting(frame.stamp, Box(first, 1.0, "target"))

    def update(self, frame: Frame) -> Sighting:
        """The target in the next frame; lost where OpenCV says so or the box has left the image."""
        if self._filter is None:
            return Sighting(frame.stamp, None)
        is_found, box_xywh = self._filter.update(_bgr(frame))
        height, width = frame.rgb.shape[:2]
        box_xyxy = to_xyxy(np.asarray(box_xywh, float), "xywh")
        if not is_found or not is_usable(box_xyxy, width, height):
            return Sighting(frame.stamp, None)
        return Sighting(frame.stamp, Box(clip_to_image(box_xyxy, width, height), 1.0, "target"))


class CsrtTracker(CorrelationTracker):
    """Filter with channel and spatial reliability: slower, follows changes of size."""

    name = "csrt"

    def __init__(self, config: CsrtConfig | None = None) -> None:
        super().__init__()
        self._config = config or CsrtConfig()

    def make_filter(self) -> Any:
        """A fresh CSRT."""
        params = cv2.TrackerCSRT.Params()
        params.psr_threshold, params.template_size = self._config.psr_threshold, self._config.template_size
        return cv2.TrackerCSRT.create(params)


class KcfTracker(CorrelationTracker):
    """Kernelised filter: quick, its box keeps its size."""

    name = "kcf"

    def __init__(self, config: KcfConfig | None = None) -> None:
        super().__init__()
        self._config = config or KcfConfig()

    def make_filter(self) -> Any:
        """A fresh KCF."""
        params = cv2.TrackerKCF.Params()
        params.detect_thresh = self._config.detect_threshold
        return cv2.TrackerKCF.create(params)


def _bgr(frame: Frame) -> np.ndarray:
    """The filters' colour-name features are defined on BGR."""
    return cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
