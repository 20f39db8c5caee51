"""Boxes: formats at the edges, overlap in the middle; inside the code a box is always xyxy in pixels."""

from __future__ import annotations

import numpy as np

from track_common.types import Array

FORMATS = ("xyxy", "xywh", "cxcywh")


def to_xyxy(boxes: Array, box_format: str) -> Array:
    """Boxes (..., 4) of a named format as corners x0, y0, x1, y1.

    Raises:
        ValueError: the format is not one of ``FORMATS``.
    """
    a, b, c, d = np.moveaxis(np.asarray(boxes, float), -1, 0)
    if box_format == "xyxy":
        corners = (a, b, c, d)
    elif box_format == "xywh":
        corners = (a, b, a + c, b + d)
    elif box_format == "cxcywh":
        corners = (a - c / 2, b - d / 2, a + c / 2, b + d / 2)
    else:
        raise ValueError(f"box_format '{box_format}' unknown; use {', '.join(FORMATS)}")
    return np.stack(corners, axis=-1)


def from_xyxy(boxes_xyxy: Array, box_format: str) -> Array:
    """Corners (..., 4) in a named format; the inverse of ``to_xyxy``."""
    x0, y0, x1, y1 = np.moveaxis(np.asarray(boxes_xyxy, float), -1, 0)
    if box_format == "xyxy":
        values = (x0, y0, x1, y1)
    elif box_format == "xywh":
        values = (x0, y0, x1 - x0, y1 - y0)
    elif box_format == "cxcywh":
        values = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
    else:
        raise ValueError(f"box_format '{box_format}' unknown; use {', '.join(FORMATS)}")
    return np.stack(values, axis=-1)


def iou(first_xyxy: Array, second_xyxy: Array) -> Array:
    """Intersection over union of boxes (..., 4), broadcast; 0 where either box has no area."""
    first, second = np.asarray(first_xyxy, float), np.asarray(second_xyxy, float)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=-1)
    union = area(first) + area(second) - shared
    return np.where(union > 0.0, shared / np.where(union > 0.0, union, 1.0), 0.0)


def area(boxes_xyxy: Array) -> Array:
    """Area (px^2) of boxes (..., 4); 0 for a box turned inside out."""
    boxes = np.asarray(boxes_xyxy, float)
    return np.prod(np.clip(boxes[..., 2:] - boxes[..., :2], 0.0, None), axis=-1)


def clip_to_image(boxes_xyxy: Array, width: int, height: int) -> Array:
    """Boxes (..., 4) cut to the image.

    Args:
        boxes_xyxy: (..., 4) corners x0, y0, x1, y1, px.
        width, height: size of the image, px.
    """
    return np.clip(np.asarray(boxes_xyxy, float), 0.0, [width, height, width, height])


def is_usable(box_xyxy: Array, width: int, height: int, min_side: float = 2.0) -> bool:
    """True where the box is finite and at least ``min_side`` pixels wide and high inside the image.

    Args:
        box_xyxy: (4,) corners, px; may be infinite or NaN.
        width, height: size of the image, px.
        min_side: least width and height inside the image, px.
    """
    box = np.asarray(box_xyxy, float)
    if box.shape != (4,) or not np.all(np.isfinite(box)):
        return False
    inside = clip_to_image(box, width, height)
    return bool(inside[2] - inside[0] >= min_side and inside[3] - inside[1] >= min_side)
