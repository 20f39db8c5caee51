"""What is drawn into camera images for people: boxes, text and the planned trajectory. All return a new image."""

from __future__ import annotations

import unicodedata

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.types import Array, Camera, Sighting

Colour = tuple[int, int, int]  # RGB
TARGET: Colour = (40, 220, 60)
OTHER: Colour = (170, 170, 170)
TRUTH: Colour = (255, 200, 0)
PATH: Colour = (30, 140, 255)
NEAR_PLANE = 0.05  # m in front of the camera; nearer points are not drawn


def draw_box(
    rgb: NDArray[np.uint8], box_xyxy: Array, text: str = "", colour: Colour = TARGET, thickness: int = 2
) -> NDArray[np.uint8]:
    """Copy of the image (H, W, 3) with a box in pixels and its text above; a box that is not finite is left out.

    Args:
        rgb: (H, W, 3) uint8.
        box_xyxy: (4,) corners, px.
        text: one line above the box.
        colour: r, g, b, 0..255.
        thickness: of the lines, px.
    """
    drawn = rgb.copy()
    if not np.all(np.isfinite(box_xyxy)):
        return drawn
    bound = 4 * max(rgb.shape)  # OpenCV's integers
    x0, y0, x1, y1 = (int(v) for v in np.clip(np.round(box_xyxy), -bound, bound))
    cv2.rectangle(drawn, (x0, y0), (x1, y1), colour, thickness)
    return draw_text(drawn, text, (x0, y0 - 4), colour) if text else drawn


def draw_text(rgb: NDArray[np.uint8], text: str, corner: tuple[int, int], colour: Colour = TARGET) -> NDArray[np.uint8]:
    """Copy of the image with one line of text, its lower left at ``corner`` (px) or as near as the image allows.

    Args:
        rgb: (H, W, 3) uint8.
        text: one line, of any characters.
        corner: x, y of its lower left, px.
        colour: r, g, b, 0..255.
    """
    drawn, text = rgb.copy(), _plain(text)
    scale = max(0.35, rgb.shape[1] / 1400.0)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = int(np.clip(corner[0], 0, max(0, rgb.shape[1] - width)))
    y = int(np.clip(corner[1], height + 2, rgb.shape[0] - 2))
    cv2.rectangle(drawn, (x, y - height - 2), (x + width, y + 3), (0, 0, 0), cv2.FILLED)
    cv2.putText(drawn, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
    return drawn


def _plain(text: str) -> str:
    """In the characters of OpenCV's Hershey fonts: letters without their accents, one ? for any other."""
    letters = (c for c in unicodedata.normalize("NFKD", text.replace("\n", " ")) if not unicodedata.combining(c))
    return "".join(letters).encode("ascii", "replace").decode()


def draw_sighting(rgb: NDArray[np.uint8], sighting: Sighting) -> NDArray[np.uint8]:
    """Copy of the image with target and candidates, or the word LOST where the target is not seen."""
    drawn = rgb
    for other in sighting.others:
        drawn = draw_box(drawn, other.xyxy, f"{other.label} {other.score:.2f}", OTHER, thickness=1)
    if sighting.box is None:
        return draw_text(drawn, "LOST", (4, 4), (255, 60, 60))
    return draw_box(drawn, sighting.box.xyxy, f"target {sighting.box.score:.2f}")


def draw_trajectory(
    rgb: NDArray[np.uint8], camera: Camera, poses_base: Array, colour: Colour = PATH, thickness: int = 2
) -> NDArray[np.uint8]:
    """Copy of the image with ground points joined by lines; points behind the camera are left out.

    Args:
        rgb: (H, W, 3).
        camera: with its mount in base_link.
        poses_base: (N, >= 2) m in base_link at z = 0.
        colour: RGB.
        thickness: px of the lines; from 2 on the points are marked too.
    """
    drawn = rgb.copy()
    pixels = project(camera, np.column_stack([poses_base[:, :2], np.zeros(len(poses_base))]))
    bound = 4.0 * max(rgb.shape)
    points = [tuple(int(v) for v in np.clip(p, -bound, bound)) if np.all(np.isfinite(p)) else None for p in pixels]
    for start, end in zip(points[:-1], points[1:], strict=True):
        if start is not None and end is not None:
            cv2.line(drawn, start, end, colour, thickness, cv2.LINE_AA)
    for point in points if thickness > 1 else ():
        if point is not None:
            cv2.circle(drawn, point, 3, colour, cv2.FILLED, cv2.LINE_AA)
    return drawn


def project(camera: Camera, points_base: Array) -> Array:
    """Pixels (N, 2) of points (N, 3) in base_link, metres; NaN for points not in front of the camera."""
    T_camera_base = np.linalg.inv(camera.T_base_camera)
    points = points_base @ T_camera_base[:3, :3].T + T_camera_base[:3, 3]
    depth = np.where(points[:, 2] > NEAR_PLANE, points[:, 2], np.nan)
    u = camera.fx * points[:, 0] / depth + camera.cx
    v = camera.fy * points[:, 1] / depth + camera.cy
    return np.column_stack([u, v])
