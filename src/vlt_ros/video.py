"""A video file or a folder of images as a stream of frames (for the video node and ``trackvla track``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp", ".tif", ".tiff")
FOLDER_RATE = 10.0  # frames/s where nothing says it
MAX_RATE = 240.0  # frames/s; some files carry nonsense


class VideoError(ValueError):
    """A file or folder that cannot be played; the message says why and what can."""


@dataclass(frozen=True)
class Video:
    """A playable video; ``open_video`` makes it.

    Attributes:
        rate: frames per second.
        width, height: of the first frame, px; later images of another size are scaled to it.
        count: frames, 0 where the file does not say.
    """

    path: Path
    rate: float
    width: int
    height: int
    count: int
    images: tuple[Path, ...] = field(default=(), repr=False)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """RGB frames (H, W, 3) uint8 from the start; may be called again.

        Raises:
            VideoError: an image of the folder cannot be read.
        """
        for rgb in self._from_images() if self.images else self._from_file():
            is_same = rgb.shape[:2] == (self.height, self.width)
            yield rgb if is_same else np.asarray(cv2.resize(rgb, (self.width, self.height)), np.uint8)

    def _from_images(self) -> Iterator[NDArray[np.uint8]]:
        return (_read_image(path) for path in self.images)

    def _from_file(self) -> Iterator[NDArray[np.uint8]]:
        capture = cv2.VideoCapture(str(self.path))
        try:
            while True:
                is_read, bgr = capture.read()
                if not is_read:
                    return
                yield _rgb(bgr)
        finally:
            capture.release()


def open_video(path: str | Path, rate: float = 0.0) -> Video:
    """Video of a file, a folder of images (in natural order) or a folder holding ``img/``; rate 0 = its own.

    Raises:
        VideoError: it does not exist, holds no image, or no frame of it can be read.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise VideoError(f"no video at {path}; wanted a video file or a folder of images")
    if path.is_dir():
        return _open_folder(path, rate)
    capture = cv2.VideoCapture(str(path))
    try:
        is_read, bgr = capture.read() if capture.isOpened() else (False, None)
        if not is_read or bgr is None:
            raise VideoError(
                f"{path} cannot be read as a video; wanted MP4, MKV, AVI, MOV, WebM or a folder of {', '.join(IMAGES)}"
            )
        own_rate = float(capture.get(cv2.CAP_PROP_FPS))
        count = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
    finally:
        capture.release()
    height, width = bgr.shape[:2]
    return Video(path, _rate(rate, own_rate), width, height, count)


def _open_folder(path: Path, rate: float) -> Video:
    folder = path / "img" if (path / "img").is_dir() else path
    images = tuple(sorted((p for p in folder.iterdir() if p.suffix.lower() in IMAGES), key=_natural))
    if not images:
        raise VideoError(f"no image in {folder}; wanted files ending in {', '.join(IMAGES)}")
    height, width = _read_image(images[0]).shape[:2]
    return Video(path, _rate(rate, FOLDER_RATE), width, height, len(images), images)


def _rate(wanted: float, own: float) -> float:
    if wanted > 0.0:
        return wanted
    return own if 0.0 < own <= MAX_RATE else FOLDER_RATE


def _natural(path: Path) -> list[int | str]:
    """Sorts img2 before img10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def _read_image(path: Path) -> NDArray[np.uint8]:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise VideoError(f"{path} cannot be read as an image; is it cut off?")
    return _rgb(bgr)


def _rgb(bgr: np.ndarray) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
