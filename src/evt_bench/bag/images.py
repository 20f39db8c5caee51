"""Images of a bag: into RGB for films, and raw ones into JPEG on their way in (a minute: 100 MB, not 1.6 GB)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.typesys.store import Typestore

from track_common import raw_images
from track_common.jpeg import ImageFormatError, checked_header
from track_common.raw_images import ImageError, RawImage

__all__ = ["COMPRESSED", "RAW", "ImageError", "compress", "rgb_of"]

RAW, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
MAX_PIXELS = 4096 * 4096  # of an encoded image, as the nodes take them
QUALITY = 90  # of 100, OpenCV's scale


def rgb_of(message: Any) -> NDArray[np.uint8]:
    """(H, W, 3) of a sensor_msgs/Image or CompressedImage.

    Raises:
        ImageError: the encoding has no rgb, or the bytes do not make an image.
    """
    return raw_images.rgb_of(RawImage.of(message)) if hasattr(message, "encoding") else _compressed(message)


def compress(raw: bytes, store: Typestore, quality: int = QUALITY) -> bytes:
    """A serialized Image as a serialized CompressedImage with the same header.

    Raises:
        ImageError: as ``rgb_of``.
    """
    message: Any = store.deserialize_cdr(raw, RAW)
    bgr = cv2.cvtColor(rgb_of(message), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    format_name = f"{message.encoding}; jpeg compressed bgr8"
    out = store.types[COMPRESSED](header=message.header, format=format_name, data=encoded)
    return bytes(store.serialize_cdr(out, COMPRESSED))


def _compressed(message: Any) -> NDArray[np.uint8]:
    data = np.asarray(message.data, np.uint8)
    try:
        checked_header(data.tobytes(), MAX_PIXELS)
    except ImageFormatError as error:
        raise ImageError(f"'{message.format}': {error}") from error
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None:
        raise ImageError(f"{len(data)} bytes of '{message.format}' are no image")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
