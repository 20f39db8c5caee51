"""Images in messages to rgb arrays and back, as cv_bridge does it (a test compares); raw ones by ``raw_images``.

PyPI's ``cv-bridge`` is another, broken package (wrong depth, garbled padding) and is never imported.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from track_common.jpeg import ImageFormatError, checked_header
from track_common.raw_images import ImageError, RawImage, layout, pixels_of, rgb_of

MAX_PIXELS = 4096 * 4096  # of an encoded image; 50 MB decoded


class MessageError(ValueError):
    """A message that cannot be used: says what it holds and what was wanted. The node drops it and goes on."""


def rgb_from_image(message: Image) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 rgb of a colour or grey image, by ``track_common.raw_images``.

    Raises:
        MessageError: unknown encoding, no size, too little data for its height and step.
    """
    with _as_message_error():
        return rgb_of(RawImage.of(message))


def pixels_from_image(message: Image) -> NDArray[Any]:
    """Pixels as they are, (H, W) or (H, W, C), rows' padding dropped, byte order made native.

    Raises:
        MessageError: see ``rgb_from_image``.
    """
    with _as_message_error():
        return pixels_of(RawImage.of(message))


def rgb_from_compressed(message: CompressedImage) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 rgb of a JPEG or PNG; an EXIF turn is not made, since camera_info describes the unturned image.

    Raises:
        MessageError: the data is empty, no JPEG or PNG, larger than ``MAX_PIXELS``, or a JPEG of more scans than a
            camera's.
    """
    if len(message.data) == 0:
        raise MessageError("compressed image is empty; wanted JPEG or PNG data")
    data = np.frombuffer(message.data, np.uint8)
    try:
        checked_header(data.tobytes(), MAX_PIXELS)
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except (cv2.error, ImageFormatError) as error:
        raise MessageError(f"compressed image ({message.format}) cannot be decoded: {error}") from error
    if bgr is None:
        raise MessageError(f"compressed image ({message.format}, {len(message.data)} bytes) is no JPEG or PNG")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def image_from_pixels(pixels: NDArray[Any], encoding: str, header: Header) -> Image:
    """Message of (H, W) or (H, W, C) pixels; C-contiguous data is copied once.

    Args:
        pixels: (H, W) or (H, W, C), of the type that the encoding names.
        encoding: of sensor_msgs, such as rgb8 or 16UC1.
        header: of the message.
    """
    with _as_message_error():
        _, channels = layout(encoding)
    height, width = pixels.shape[:2]
    message = Image(header=header, height=int(height), width=int(width), encoding=encoding)
    message.is_bigendian = int(sys.byteorder == "big")
    message.step = int(width * channels * pixels.dtype.itemsize)
    data = array("B")  # the one type every distro takes without copying element by element
    data.frombytes(np.ascontiguousarray(pixels).data.cast("B"))
    message.data = data
    return message


def compressed_from_rgb(rgb: NDArray[np.uint8], header: Header, quality: int = 80) -> CompressedImage:
    """JPEG message of an (H, W, 3) rgb array; quality 1..100.

    Args:
        rgb: (H, W, 3) uint8.
        header: of the message.
        quality: of the JPEG, 1..100.
    """
    bgr = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR)
    ok, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise MessageError(f"image of shape {rgb.shape} cannot be written as JPEG")
    return CompressedImage(header=header, format="rgb8; jpeg compressed bgr8", data=array("B", jpeg.tobytes()))


@contextmanager
def _as_message_error() -> Iterator[None]:
    try:
        yield
    except ImageError as error:
        raise MessageError(str(error)) from error
