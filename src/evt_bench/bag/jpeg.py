"""Raw images into JPEG on their way into a bag, so that a minute of camera takes 100 MB, not 1.6 GB."""

from __future__ import annotations

import cv2
import numpy as np
from rosbags.typesys.store import Typestore

RAW, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
QUALITY = 90  # of 100, OpenCV's scale
TO_BGR = {
    "rgb8": cv2.COLOR_RGB2BGR,
    "bgr8": None,
    "mono8": None,
    "rgba8": cv2.COLOR_RGBA2BGR,
    "bgra8": cv2.COLOR_BGRA2BGR,
}


class JpegError(ValueError):
    """An image that JPEG cannot hold (depth, Bayer) or whose size does not fit its bytes."""


def compress(raw: bytes, store: Typestore, quality: int = QUALITY) -> bytes:
    """A serialized Image as a serialized CompressedImage with the same header.

    Raises:
        JpegError: the encoding is none of ``TO_BGR``, or the message is not whole.
    """
    message = store.deserialize_cdr(raw, RAW)
    if message.encoding not in TO_BGR:
        raise JpegError(f"an image is {message.encoding}; JPEG takes {', '.join(TO_BGR)}; record it raw")
    channels = {"mono8": 1, "rgba8": 4, "bgra8": 4}.get(message.encoding, 3)
    width, height, step = message.width, message.height, message.step
    if min(width, height) < 1 or step < width * channels or len(message.data) < height * step:
        raise JpegError(f"an image of {width}x{height}, step {step}, has {len(message.data)} bytes")
    rows = np.asarray(message.data, np.uint8)[: height * step].reshape(height, step)
    pixels = rows[:, : width * channels].reshape(height, width, channels)
    conversion = TO_BGR[message.encoding]
    bgr = pixels if conversion is None else cv2.cvtColor(pixels, conversion)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    out = store.types[COMPRESSED](
        header=message.header, format=f"{message.encoding}; jpeg compressed bgr8", data=encoded
    )
    return bytes(store.serialize_cdr(out, COMPRESSED))
