"""OpenCV's own trackers by network: NanoTrack, VitTrack and DaSiamRPN, with ONNX files that the user brings.

Each follows what is inside a first box and reads no sentence, as CSRT and KCF do; only the network behind differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from track_common.config import ConfigError, setting
from track_common.types import Box, Frame, Sighting
from vlt_ros.correlation import CorrelationTracker

ONNX = "ONNX file: "
OPENCV_NAMES = {"head": "neckhead", "network": "net"}  # of parameters, where ours are others


def _lost_below(default: float) -> Any:
    return setting(default, "score below which the target is lost", low=0.0, high=1.0)


@dataclass(frozen=True)
class OpencvNanoConfig:
    """Files of NanoTrack (v2 from OpenCV 4.7 on): its two halves."""

    backbone: str = setting("", f"{ONNX}NanoTrack's backbone")
    head: str = setting("", f"{ONNX}NanoTrack's neck and head")
    lost_below: float = _lost_below(0.0)


@dataclass(frozen=True)
class OpencvVitConfig:
    """File of VitTrack."""

    network: str = setting("", f"{ONNX}VitTrack")
    lost_below: float = _lost_below(0.2)


@dataclass(frozen=True)
class OpencvDaSiamConfig:
    """Files of DaSiamRPN: the network and its two kernels."""

    model: str = setting("", f"{ONNX}DaSiamRPN's network")
    kernel_cls1: str = setting("", f"{ONNX}DaSiamRPN's kernel of the classification branch")
    kernel_r1: str = setting("", f"{ONNX}DaSiamRPN's kernel of the regression branch")
    lost_below: float = _lost_below(0.0)


class NetworkTracker(CorrelationTracker):
    """One of OpenCV's networks; its files are loaded when it is made, so that a wrong one is refused at once."""

    def __init__(self, name: str, kind: Any, files: dict[str, str], lost_below: float) -> None:
        """``kind`` is OpenCV's class, ``files`` its parameters by name.

        Raises:
            ConfigError: a file is not given, not there, or not what the network wants.
        """
        super().__init__()
        self.name = name
        self._kind, self._files, self._lost_below = kind, files, lost_below
        self.make_filter()

    def make_filter(self) -> Any:
        """A fresh tracker of OpenCV with its files."""
        params = self._kind.Params()
        for parameter, file in self._files.items():
            if not Path(file).is_file():
                got = f"'{file}' is no file" if file else "is not given"
                raise ConfigError(f"{self.name}: the ONNX file {parameter} {got}; wanted {', '.join(self._files)}")
            setattr(params, OPENCV_NAMES.get(parameter, parameter), file)
        try:
            return self._kind.create(params)
        except cv2.error as error:
            files = ", ".join(self._files.values())
            raise ConfigError(f"{self.name}: OpenCV cannot load {files}: {error.err or error}") from error

    def update(self, frame: Frame) -> Sighting:
        """The target in the next frame; lost where the network's score is below the limit."""
        sighting = super().update(frame)
        if sighting.box is None:
            return sighting
        score = float(self._filter.getTrackingScore())
        if not score >= self._lost_below:
            return Sighting(frame.stamp, None)
        return Sighting(frame.stamp, Box(sighting.box.xyxy, score, sighting.box.label))


def make_nano(config: OpencvNanoConfig) -> NetworkTracker:
    """NanoTrack by OpenCV."""
    files = {"backbone": config.backbone, "head": config.head}
    return NetworkTracker("opencv_nano", cv2.TrackerNano, files, config.lost_below)


def make_vit(config: OpencvVitConfig) -> NetworkTracker:
    """VitTrack by OpenCV."""
    return NetworkTracker("opencv_vit", cv2.TrackerVit, {"network": config.network}, config.lost_below)


def make_dasiamrpn(config: OpencvDaSiamConfig) -> NetworkTracker:
    """DaSiamRPN by OpenCV."""
    files = {"model": config.model, "kernel_cls1": config.kernel_cls1, "kernel_r1": config.kernel_r1}
    return NetworkTracker("opencv_dasiamrpn", cv2.TrackerDaSiamRPN, files, config.lost_below)
