"""A video file or a folder of images as a stream of frames (for the video node and ``trackvla track``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vlt_ros.containers import cut_note

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp", ".tif", ".tiff")
FORMATS = f"MP4, MKV, AVI, MOV, WebM or a folder of {', '.join(IMAGES)}"
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"  # markers SOI and EOI (ITU-T T.81, B.1.1.3)
JPEG_TAIL = 2**16  # bytes looked through for the end marker
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
        warning: why the file is not whole; "" where nothing says so.
    """

    path: Path
    rate: float
    width: int
    height: int
    count: int
    images: tuple[Path, ...] = field(default=(), repr=False)
    warning: str = ""

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
    note = cut_note(path)
    capture = cv2.VideoCapture(str(path))
    try:
        is_read, bgr = capture.read() if capture.isOpened() else (False, None)
        if not is_read or bgr is None:
            raise VideoError(note or f"{path} cannot be read as a video; wanted {FORMATS}")
        own_rate = float(capture.get(cv2.CAP_PROP_FPS))
        count = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
    finally:
        capture.release()
    height, width = bgr.shape[:2]
    return Video(path, _rate(rate, own_rate), width, height, count, warning=note)


def count_frames(video: Video) -> int:
    """Frames that can be read, by reading them; a container's own count may be wrong."""
    if video.images:
        return len(video.images)
    capture, frames = cv2.VideoCapture(str(video.path)), 0
    try:
        while capture.grab():
            frames += 1
    finally:
        capture.release()
    return frames


def is_picture(path: Path) -> bool:
    """Whether a file of a folder is one of its pictures; hidden ones (macOS's ._0001.jpg) are not."""
    return path.suffix.lower() in IMAGES and not path.name.startswith(".")


def _open_folder(path: Path, rate: float) -> Video:
    folder = path / "img" if (path / "img").is_dir() else path
    images = tuple(sorted((p for p in folder.iterdir() if is_picture(p)), key=_natural))
    if not images:
        raise VideoError(f"no image in {folder}; wanted files ending in {', '.join(IMAGES)}")
    _refuse_depth(images[0])
    height, width = _read_image(images[0]).shape[:2]
    return Video(path, _rate(rate, FOLDER_RATE), width, height, len(images), images)


def _refuse_depth(path: Path) -> None:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is not None and image.ndim == 2 and image.dtype != np.uint8:
        raise VideoError(f"{path} has one channel of {image.dtype}: a depth image (16UC1) is no camera; wanted colour")


def _rate(wanted: float, own: float) -> float:
    if wanted > 0.0:
        return wanted
    return own if 0.0 < own <= MAX_RATE else FOLDER_RATE


def _natural(path: Path) -> list[int | str]:
    """Sorts img2 before img10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def _read_image(path: Path) -> NDArray[np.uint8]:
    data = path.read_bytes()
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if bgr is None or _is_cut_jpeg(data):  # OpenCV fills the missing part of a JPEG with grey
        raise VideoError(f"{path} cannot be read as an image; is it cut off?")
    return _rgb(bgr)


def _is_cut_jpeg(data: bytes) -> bool:
    """True for a JPEG without its end marker; some writers append further bytes to it."""
    return data.startswith(JPEG_START) and JPEG_END not in data[-JPEG_TAIL:]


def _rgb(bgr: np.ndarray) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
