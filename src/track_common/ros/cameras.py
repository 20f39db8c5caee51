"""camera_info to the pinhole camera that trackers and policies compute with, and back."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from track_common.ros.images import MessageError
from track_common.types import Array, Camera

MIN_FOCAL, MAX_PIXELS = 1.0, 1e5  # px; a number outside these is of no camera


def camera_from_info(message: CameraInfo, T_base_camera: Array) -> Camera:
    """Pinhole camera of the images as they are sent: region of interest and binning counted in, distortion not.

    Raises:
        MessageError: no size or a focal length that is not positive (an uncalibrated driver sends zeros).
    """
    k, (width, height) = message.k, image_size_from_info(message)
    x, y = max(int(message.binning_x), 1), max(int(message.binning_y), 1)
    fx, fy, cx, cy = k[0] / x, k[4] / y, (k[2] - message.roi.x_offset) / x, (k[5] - message.roi.y_offset) / y
    is_lens = all(MIN_FOCAL < f < MAX_PIXELS for f in (fx, fy)) and all(abs(v) < MAX_PIXELS for v in message.k)
    if not (0 < width < MAX_PIXELS and 0 < height < MAX_PIXELS and is_lens):
        raise MessageError(f"camera_info has size {width}x{height}, fx {fx}, fy {fy}; wanted a camera's")
    return Camera(width, height, float(fx), float(fy), float(cx), float(cy), T_base_camera)


def image_size_from_info(message: CameraInfo) -> tuple[int, int]:
    """(width, height) in px of the images: the region of interest (all where it is empty) over the binning."""
    width, height = int(message.roi.width or message.width), int(message.roi.height or message.height)
    return width // max(int(message.binning_x), 1), height // max(int(message.binning_y), 1)


def info_from_camera(camera: Camera, header: Header) -> CameraInfo:
    """camera_info of a camera without distortion."""
    message = CameraInfo(
        header=header, width=int(camera.width), height=int(camera.height), distortion_model="plumb_bob"
    )
    fx, fy, cx, cy = (float(v) for v in (camera.fx, camera.fy, camera.cx, camera.cy))
    message.d = [0.0] * 5
    message.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def fitted_camera(camera: Camera, width: int, height: int) -> Camera:
    """The camera for an image of width x height px: itself, or scaled where the image has the same shape.

    Args:
        camera: as camera_info describes it.
        width, height: size of the image, px.

    Raises:
        MessageError: the image has another shape: cut off or stretched, one cannot tell which.
    """
    if (width, height) == (camera.width, camera.height):
        return camera
    x, y = width / camera.width, height / camera.height
    if abs(camera.height * x - height) > 1.0:  # px; a rounded side
        raise MessageError(_contradiction((width, height), (camera.width, camera.height)))
    return Camera(width, height, x * camera.fx, y * camera.fy, x * camera.cx, y * camera.cy, camera.T_base_camera)


def check_image_size(rgb: np.ndarray, size: tuple[int, int]) -> None:
    """Raises MessageError where an image (H, W, 3) has another size than its camera_info says; 0 says nothing.

    A focal length in pixels of another size puts the target at a wrong distance and bearing.
    """
    height, width = rgb.shape[:2]
    if 0 not in size and size != (width, height):
        raise MessageError(_contradiction((width, height), size))


def _contradiction(image: tuple[int, int], info: tuple[int, int]) -> str:
    return (
        f"image is {image[0]}x{image[1]}, its camera_info says {info[0]}x{info[1]}; wanted one size: set the camera "
        "driver's resolution and calibration alike, or resize both with image_proc's ResizeNode"
    )
