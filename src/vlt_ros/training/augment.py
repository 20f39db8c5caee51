"""Random changes of crops: colours, mirror, blur."""

from __future__ import annotations

import cv2
import numpy as np

from track_common.types import Array
from vlt_ros.siamese.state import Image

HUE_STEPS = 180  # of OpenCV's hue circle for uint8
BLUR_SIDES = (3, 5, 7)  # px
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def coloured(image: Image, jitter: float, is_grey: bool, rng: np.random.Generator) -> Image:
    """Brightness, contrast, saturation and hue changed by up to ``jitter`` (0..0.5) each; then grey if wanted."""
    if not jitter and not is_grey:
        return image
    brightness, contrast, saturation = 1.0 + rng.uniform(-jitter, jitter, 3)
    pixels = image.astype(np.float32) * np.float32(brightness)
    pixels = (pixels - pixels.mean()) * np.float32(contrast) + pixels.mean()
    grey = (pixels @ GREY)[..., None]
    pixels = grey + (pixels - grey) * np.float32(0.0 if is_grey else saturation)
    made = np.clip(pixels, 0, 255).astype(np.uint8)
    return made if is_grey else _turned(made, round(HUE_STEPS * float(rng.uniform(-jitter, jitter))))


def mirrored(image: Image, box_xyxy: Array) -> tuple[Image, Array]:
    """Left and right swapped, in the picture and in the box (4,)."""
    x0, y0, x1, y1 = box_xyxy
    return np.ascontiguousarray(image[:, ::-1]), np.array([image.shape[1] - x1, y0, image.shape[1] - x0, y1])


def blurred(image: Image, rng: np.random.Generator) -> Image:
    """A box blur of random width."""
    side = int(rng.choice(BLUR_SIDES))
    return cv2.blur(image, (side, side))  # pyright: ignore[reportReturnType]


def _turned(image: Image, steps: int) -> Image:
    if not steps:
        return image
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + steps) % HUE_STEPS
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)  # pyright: ignore[reportReturnType]
