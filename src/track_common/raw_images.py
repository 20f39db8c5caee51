"""Raw images of any encoding a camera driver sends -> rgb; nodes, recorder and scoring decode with this file alone.

Names and layouts are those of sensor_msgs/image_encodings.hpp; ``nv12`` is not among them, but drivers send it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 8192  # px; larger is taken for a broken message
COLOURS = {  # encoding without its depth: channels, OpenCV's conversion to rgb
    "rgb": (3, None),
    "bgr": (3, cv2.COLOR_BGR2RGB),
    "rgba": (4, cv2.COLOR_RGBA2RGB),
    "bgra": (4, cv2.COLOR_BGRA2RGB),
    "mono": (1, cv2.COLOR_GRAY2RGB),
    "bayer_rggb": (1, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr": (1, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg": (1, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg": (1, cv2.COLOR_BayerGRBG2RGB),
}
UNNAMED = {"C1": (1, cv2.COLOR_GRAY2RGB), "C3": (3, cv2.COLOR_BGR2RGB), "C4": (4, cv2.COLOR_BGRA2RGB)}  # OpenCV's order
PACKED = {
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "uyvy": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "yuyv": cv2.COLOR_YUV2RGB_YUY2,
}
PLANAR = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21}  # brightness, then colour at half the size
DEPTH = ("16UC1", "32FC1")  # REP 118: millimetres, metres
CHANNELS = {
    **{f"{name}{bits}": channels for name, (channels, _) in COLOURS.items() for bits in (8, 16)},
    **{f"{bits}U{name}": channels for name, (channels, _) in UNNAMED.items() for bits in (8, 16)},
    **dict.fromkeys(PACKED, 2),
    **dict.fromkeys(PLANAR, 1),
    "32FC1": 1,
}
TO_RGB = {
    **{f"{name}{bits}": code for name, (_, code) in COLOURS.items() for bits in (8, 16)},
    **{f"{bits}U{name}": code for name, (_, code) in UNNAMED.items() for bits in (8, 16)},
    **PACKED,
    **PLANAR,
}


class ImageError(ValueError):
    """An image that has no rgb (depth, an unknown encoding), is not whole, or is no image."""


@dataclass(frozen=True, eq=False)
class RawImage:
    """The fields of a sensor_msgs/Image.

    Attributes:
        encoding: as in sensor_msgs/image_encodings.hpp.
        height: px.
        width: px.
        step: bytes a row, padding included.
        data: at least ``height * step`` bytes; anything with the buffer protocol.
        is_bigendian: byte order of 16- and 32-bit values.
    """

    encoding: str
    height: int
    width: int
    step: int
    data: Any
    is_bigendian: bool = False

    @classmethod
    def of(cls, message: Any) -> RawImage:
        """The same of any object with the fields of a sensor_msgs/Image: rclpy's or a bag reader's."""
        size = int(message.height), int(message.width), int(message.step)
        return cls(str(message.encoding), *size, message.data, bool(message.is_bigendian))


def rgb_of(image: RawImage) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 rgb; 16-bit values are scaled by the image's own maximum, since cameras fill 10 to 16 bits.

    Raises:
        ImageError: unknown encoding, depth, no size, or too little data for its height and step.
    """
    if image.encoding in PLANAR:
        return _converted(_planes(image), image.encoding)
    pixels = pixels_of(image)
    if image.encoding in DEPTH:
        raise ImageError(f"image encoding '{image.encoding}' is depth; wanted a colour or grey image")
    if image.encoding in PACKED or image.encoding.startswith("bayer"):
        _check_even(image)
    if pixels.dtype == np.uint16:
        pixels = (pixels.astype(np.float32) * (255.0 / max(int(pixels.max()), 1))).astype(np.uint8)
    return _converted(pixels, image.encoding)


def pixels_of(image: RawImage) -> NDArray[Any]:
    """Pixels as they are, (H, W) or (H, W, C), rows' padding dropped, byte order made native.

    Raises:
        ImageError: see ``rgb_of``.
    """
    dtype, channels = layout(image.encoding)
    pixels = _rows(image, image.height, image.width * channels * dtype.itemsize, dtype.itemsize)
    pixels = pixels.view(dtype.newbyteorder(">" if image.is_bigendian else "<")).astype(dtype, copy=False)
    shape = (image.height, image.width)
    return pixels.reshape(shape) if channels == 1 else pixels.reshape(*shape, channels)


def layout(encoding: str) -> tuple[np.dtype[np.generic], int]:
    """Type of a value and values a pixel.

    Raises:
        ImageError: the encoding is unknown; the known ones are listed.
    """
    if encoding not in CHANNELS:
        raise ImageError(f"image encoding '{encoding}' unknown; known: {', '.join(sorted(CHANNELS))}")
    if encoding == "32FC1":
        return np.dtype(np.float32), 1
    return np.dtype(np.uint16 if "16" in encoding else np.uint8), CHANNELS[encoding]


def _converted(pixels: NDArray[Any], encoding: str) -> NDArray[np.uint8]:
    code = TO_RGB[encoding]
    try:
        return np.array(pixels, np.uint8) if code is None else np.asarray(cv2.cvtColor(pixels, code), np.uint8)
    except cv2.error as error:
        raise ImageError(f"image of encoding '{encoding}' cannot be converted: {error}") from error


def _planes(image: RawImage) -> NDArray[np.uint8]:
    """(1.5 H, W): the plane of brightness and, below it, the rows of colour.

    ``height`` is the picture's, or, as some drivers have it, that of both planes together.
    """
    _check_even(image)
    rows = image.height * 3 // 2
    if len(image.data) < rows * image.step and image.height % 3 == 0:
        rows = image.height
    return _rows(image, rows, image.width, 1)


def _rows(image: RawImage, height: int, row: int, item: int) -> NDArray[np.uint8]:
    """(height, row) bytes, the padding of the rows dropped; ``item`` is the size of a value, bytes."""
    if not 0 < image.height <= MAX_SIDE or not 0 < image.width <= MAX_SIDE:
        raise ImageError(f"image is {image.width}x{image.height} px; wanted 1..{MAX_SIDE} each way")
    if image.step < row or image.step % item:
        raise ImageError(f"image step is {image.step} bytes; {image.width} px of {image.encoding} need {row}")
    needed = height * image.step
    if len(image.data) < needed:
        raise ImageError(f"image has {len(image.data)} bytes; {height} rows of {image.step} need {needed}")
    data = np.frombuffer(image.data, np.uint8, count=needed)
    return np.ascontiguousarray(data.reshape(height, image.step)[:, :row])


def _check_even(image: RawImage) -> None:
    """Colour is shared by pairs of pixels: side by side, and in Bayer and planar images above one another too."""
    if image.width % 2:
        raise ImageError(f"image of encoding '{image.encoding}' is {image.width} px wide; wanted an even width")
    if image.encoding not in PACKED and image.height % 2:
        raise ImageError(f"image of encoding '{image.encoding}' is {image.height} px high; wanted an even height")
