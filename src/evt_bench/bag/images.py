"""Images of a bag: into RGB for films, and raw ones into JPEG on their way in (a minute: 100 MB, not 1.6 GB)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.typesys.store import Typestore

RAW, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
QUALITY = 90  # of 100, OpenCV's scale
TO_RGB = {  # encoding: channels and OpenCV's conversion
    "rgb8": (3, None),
    "bgr8": (3, cv2.COLOR_BGR2RGB),
    "mono8": (1, cv2.COLOR_GRAY2RGB),
    "rgba8": (4, cv2.COLOR_RGBA2RGB),
    "bgra8": (4, cv2.COLOR_BGRA2RGB),
}


class ImageError(ValueError):
    """An image that has no RGB (depth, Bayer), is not whole, or is no image."""


def rgb_of(message: Any) -> NDArray[np.uint8]:
    """(H, W, 3) of a sensor_msgs/Image or CompressedImage.

    Raises:
        ImageError: the encoding is none of ``TO_RGB``, or the bytes do not make an image.
    """
    return _raw(message) if hasattr(message, "encoding") else _compressed(message)


def compress(raw: bytes, store: Typestore, quality: int = QUALITY) -> bytes:
    """A serialized Image as a serialized CompressedImage with the same header.

    Raises:
        ImageError: as ``rgb_of``.
    """
    message: Any = store.deserialize_cdr(raw, RAW)
    bgr = cv2.cvtColor(_raw(message), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    format_name = f"{message.encoding}; jpeg compressed bgr8"
    out = store.types[COMPRESSED](header=message.header, format=format_name, data=encoded)
    return bytes(store.serialize_cdr(out, COMPRESSED))


def _raw(message: Any) -> NDArray[np.uint8]:
    if message.encoding not in TO_RGB:
        raise ImageError(f"an image is {message.encoding}; wanted {', '.join(TO_RGB)}")
    channels, conversion = TO_RGB[message.encoding]
    width, height, step = message.width, message.height, message.step
    if min(width, height) < 1 or step < width * channels or len(message.data) < height * step:
        raise ImageError(f"an image of {width}x{height}, step {step}, has {len(message.data)} bytes")
    rows = np.asarray(message.data, np.uint8)[: height * step].reshape(height, step)
    pixels = np.ascontiguousarray(rows[:, : width * channels]).reshape(height, width, channels)
    return pixels if conversion is None else np.asarray(cv2.cvtColor(pixels, conversion), np.uint8)


def _compressed(message: Any) -> NDArray[np.uint8]:
    data = np.asarray(message.data, np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if bgr is None:
        raise ImageError(f"{len(data)} bytes of '{message.format}' are no image")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
