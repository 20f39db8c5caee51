"""Images in messages to rgb arrays and back, honouring step, byte order and depth as cv_bridge does (a test compares).

PyPI's ``cv-bridge`` is another, broken package (wrong depth, garbled padding) and is never imported.
"""

from __future__ import annotations

import sys
from array import array
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

MAX_SIDE = 8192  # px; larger is taken for a broken message
CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1, "8UC1": 1, "8UC3": 3, "mono16": 1, "16UC1": 1}
TO_RGB = {
    "bgr8": cv2.COLOR_BGR2RGB,
    "8UC3": cv2.COLOR_BGR2RGB,  # OpenCV's own order
    "rgba8": cv2.COLOR_RGBA2RGB,
    "bgra8": cv2.COLOR_BGRA2RGB,
    "mono8": cv2.COLOR_GRAY2RGB,
    "8UC1": cv2.COLOR_GRAY2RGB,
}
YUV_TO_RGB = {
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "uyvy": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "yuyv": cv2.COLOR_YUV2RGB_YUY2,
}


class MessageError(ValueError):
    """A message that cannot be used: says what it holds and what was wanted. The node drops it and goes on."""


def rgb_from_image(message: Image) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 rgb of a colour or grey image; 16-bit grey is scaled by its own maximum.

    Raises:
        MessageError: unknown encoding, no size, too little data for its height and step.
    """
    pixels = pixels_from_image(message)
    if pixels.dtype == np.float32:
        raise MessageError(f"image encoding '{message.encoding}' is depth; wanted a colour or grey image")
    if message.encoding in YUV_TO_RGB:
        if pixels.shape[1] % 2:
            raise MessageError(
                f"image of encoding '{message.encoding}' is {pixels.shape[1]} px wide; wanted an even width"
            )
        return np.asarray(cv2.cvtColor(pixels, YUV_TO_RGB[message.encoding]), np.uint8)
    if pixels.dtype == np.uint16:
        pixels = (pixels.astype(np.float32) * (255.0 / max(int(pixels.max()), 1))).astype(np.uint8)
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    code = TO_RGB.get(message.encoding)
    return np.array(pixels, np.uint8) if code is None else np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def pixels_from_image(message: Image) -> NDArray[Any]:
    """Pixels as they are, (H, W) or (H, W, C), rows' padding dropped, byte order made native.

    Raises:
        MessageError: see ``rgb_from_image``.
    """
    dtype, channels = _layout(message.encoding)
    height, width, step = int(message.height), int(message.width), int(message.step)
    if not 0 < height <= MAX_SIDE or not 0 < width <= MAX_SIDE:
        raise MessageError(f"image is {width}x{height} px; wanted 1..{MAX_SIDE} each way")
    row = width * channels * dtype.itemsize
    if step < row or step % dtype.itemsize:
        raise MessageError(f"image step is {step} bytes; {width} px of {message.encoding} need {row}")
    if len(message.data) < height * step:
        raise MessageError(f"image has {len(message.data)} bytes; {height} rows of {step} need {height * step}")
    rows = np.frombuffer(message.data, np.uint8, count=height * step).reshape(height, step)[:, :row]
    pixels = np.ascontiguousarray(rows).view(dtype.newbyteorder(">" if message.is_bigendian else "<"))
    pixels = pixels.astype(dtype, copy=False)
    return pixels.reshape(height, width) if channels == 1 else pixels.reshape(height, width, channels)


def rgb_from_compressed(message: CompressedImage) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 rgb of a JPEG or PNG.

    Raises:
        MessageError: the data is empty or no image OpenCV can read.
    """
    if len(message.data) == 0:
        raise MessageError("compressed image is empty; wanted JPEG or PNG data")
    try:
        bgr = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise MessageError(f"compressed image ({message.format}) cannot be decoded: {error}") from error
    if bgr is None:
        raise MessageError(f"compressed image ({message.format}, {len(message.data)} bytes) is no JPEG or PNG")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def image_from_pixels(pixels: NDArray[Any], encoding: str, header: Header) -> Image:
    """Message of (H, W) or (H, W, C) pixels; C-contiguous data is copied once."""
    _, channels = _layout(encoding)
    height, width = pixels.shape[:2]
    message = Image(header=header, height=int(height), width=int(width), encoding=encoding)
    message.is_bigendian = int(sys.byteorder == "big")
    message.step = int(width * channels * pixels.dtype.itemsize)
    data = array("B")  # the one type every distro takes without copying element by element
    data.frombytes(np.ascontiguousarray(pixels).data.cast("B"))
    message.data = data
    return message


def compressed_from_rgb(rgb: NDArray[np.uint8], header: Header, quality: int = 80) -> CompressedImage:
    """JPEG message of an (H, W, 3) rgb array; quality 1..100."""
    bgr = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR)
    ok, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise MessageError(f"image of shape {rgb.shape} cannot be written as JPEG")
    return CompressedImage(header=header, format="rgb8; jpeg compressed bgr8", data=array("B", jpeg.tobytes()))


def _layout(encoding: str) -> tuple[np.dtype[np.generic], int]:
    if encoding in YUV_TO_RGB:
        return np.dtype(np.uint8), 2
    if encoding == "32FC1":
        return np.dtype(np.float32), 1
    if encoding not in CHANNELS:
        known = ", ".join(sorted([*CHANNELS, *YUV_TO_RGB, "32FC1"]))
        raise MessageError(f"image encoding '{encoding}' unknown; known: {known}")
    return np.dtype(np.uint16 if "16" in encoding else np.uint8), CHANNELS[encoding]
