"""Films: RGB frames into an H.264 MP4 that browsers play (trackvla track, trackvla score)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

CODEC = "libx264"
PIXEL_FORMAT = "yuv420p"  # the one every browser decodes; needs even sides
CRF = "23"  # x264's own default quality


class FilmWriter:
    """Context manager: ``write`` takes one RGB frame after another; the size is that of the first.

    The file is complete once the block is left, also by an exception; a block without a frame leaves no file.
    """

    def __init__(self, path: str | Path, fps: float) -> None:
        if not (np.isfinite(fps) and fps > 0.0):
            raise ValueError(f"a film's rate is {fps} frames per second; wanted a number above 0")
        self._path = Path(path)
        self._rate = Fraction(fps).limit_denominator(1000)
        self._container: OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._size = (0, 0)

    def __enter__(self) -> FilmWriter:
        return self

    def write(self, rgb: NDArray[np.uint8]) -> None:
        """Append one frame (H, W, 3) uint8; an odd last row or column is cut, since the codec needs even sides.

        Raises:
            ValueError: not an RGB uint8 image, or of another size than the first.
        """
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise ValueError(f"a film frame is {rgb.dtype} {rgb.shape}; wanted uint8 (H, W, 3)")
        even = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
        if self._stream is None:
            self._open(even.shape[1], even.shape[0])
        if (even.shape[1], even.shape[0]) != self._size:
            raise ValueError(f"a film frame is {even.shape[1]}x{even.shape[0]}; the first was {self._size}")
        self._mux(av.VideoFrame.from_ndarray(even, format="rgb24"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._container is not None:
            self._mux(None)
            self._container.close()
            self._container = None

    def _open(self, width: int, height: int) -> None:
        if min(width, height) < 2:
            raise ValueError(f"a film frame is {width}x{height}; wanted at least 2x2")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        container = av.open(str(self._path), "w", format="mp4")
        stream = container.add_stream(CODEC, rate=self._rate, options={"crf": CRF, "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, PIXEL_FORMAT
        stream.thread_count = 1
        self._container, self._stream, self._size = container, stream, (width, height)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        """Encode one frame, or with None what the encoder still holds."""
        if self._stream is None or self._container is None:
            raise ValueError("this film is closed")
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
