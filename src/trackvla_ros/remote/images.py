"""Frames as JPEG: encoded on the robot, decoded on the server after a look at what decoding them would cost."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.jpeg import END, START, ImageFormatError, checked_header
from trackvla_ros.remote.fields import ProtocolError

MAX_PIXELS = 4096 * 2160  # a 4K camera; 26 MB decoded


def encode_jpeg(rgb: NDArray[np.uint8], quality: int) -> bytes:
    """An rgb image (H, W, 3) as JPEG of ``quality`` 1..100.

    Raises:
        ProtocolError: it has no pixels.
    """
    if not rgb.size:
        raise ProtocolError(f"the image is {rgb.shape}; wanted one with pixels")
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def decode_jpeg(jpeg: bytes, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """The rgb image (H, W, 3) of a JPEG; nothing else than a JPEG reaches a decoder.

    Raises:
        ProtocolError: it is none, is cut short, or holds more than ``max_pixels`` or more scans than a camera's.
    """
    try:
        if not jpeg.startswith(START):
            raise ImageFormatError(f"got an image of {len(jpeg)} bytes that is no JPEG")
        checked_header(jpeg, max_pixels)
    except ImageFormatError as error:
        raise ProtocolError(str(error)) from error
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None or not jpeg.endswith(END):  # OpenCV fills up without a word what was cut off
        raise ProtocolError(f"got a JPEG of {len(jpeg)} bytes that is cut short or spoilt; wanted all of it")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
