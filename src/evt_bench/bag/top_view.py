"""The small map in a film: what is around the robot, its own forward up, as OpenCV draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from evt_bench.bag.following import FAR, NEAR
from evt_bench.bag.paths import Paths
from track_common.geometry import inverse, transform_points
from track_common.types import Array

SIZE = 320  # px, width and height
RANGE = 5.0  # m from the robot to the edge at its sides
AHEAD = 0.62  # share of the height the robot sits below the top: more is seen ahead than behind
TRAIL = 6.0  # s of path behind robot and target
# RGB, Okabe and Ito; light ones for the dark ground
BACKGROUND, POINTS, RINGS = (24, 26, 30), (150, 150, 150), (0, 120, 90)
ROBOT, TARGET, OTHER, PLAN = (86, 180, 233), (240, 130, 40), (175, 175, 175), (30, 140, 255)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What the map shows at one stamp: LiDAR (N, 2) and plan (H, 2) in base_link, either may be empty.

    ``candidates``: the trajectories (H, 2) in base_link that a network weighed, worst first, with their colours.
    """

    stamp: float
    points_base: Array
    plan_base: Array
    candidates: Sequence[tuple[Array, tuple[int, int, int]]] = ()


def draw_top_view(paths: Paths | None, around: Surroundings) -> NDArray[np.uint8]:
    """(SIZE, SIZE, 3) map; people and trails are missing where their paths are not known."""
    view = np.full((SIZE, SIZE, 3), BACKGROUND, np.uint8)
    robot = _pixels(np.zeros((1, 2)))[0]
    for radius in (NEAR, FAR):
        cv2.circle(view, robot, int(radius * SIZE / (2 * RANGE)), RINGS, 1, cv2.LINE_AA)
    for u, v in _inside(_pixels(around.points_base)):
        view[v, u] = POINTS
    if paths is not None:
        _draw_people(view, paths, around.stamp)
    for points, colour in around.candidates:
        cv2.polylines(view, [_pixels(points)], False, colour, 1, cv2.LINE_AA)
    cv2.polylines(view, [_pixels(around.plan_base)], False, PLAN, 2, cv2.LINE_AA)
    half_length, half_width = 0.35, 0.155  # m, a GO2
    body = np.array([(half_length, 0.0), (-half_length, half_width), (-half_length, -half_width)])
    cv2.fillPoly(view, [_pixels(body * 1.3)], ROBOT, cv2.LINE_AA)
    return view


def _draw_people(view: NDArray[np.uint8], paths: Paths, stamp: float) -> None:
    origin = paths.robot_at(np.array([stamp]))[0]
    if not np.all(np.isfinite(origin)):
        return
    to_base = inverse(origin)
    for track, colour in ((paths.robot[:, :3], ROBOT), (paths.target, TARGET)):
        recent = track[(track[:, 0] <= stamp) & (track[:, 0] > stamp - TRAIL), 1:3]
        cv2.polylines(view, [_pixels(transform_points(to_base, recent))], False, colour, 1, cv2.LINE_AA)
    for name, track in paths.others.items():
        _draw_person(view, to_base, track, stamp, OTHER, name)
    _draw_person(view, to_base, paths.target, stamp, TARGET, "target")


def _draw_person(
    view: NDArray[np.uint8], to_base: Array, track: Array, stamp: float, colour: tuple[int, int, int], name: str
) -> None:
    near = track[np.abs(track[:, 0] - stamp) < 0.2] if len(track) else track
    if not len(near):
        return
    row = near[np.argmin(np.abs(near[:, 0] - stamp))]
    pixel = _pixels(transform_points(to_base, row[None, 1:3]))[0]
    cv2.circle(view, pixel, 6, colour, cv2.FILLED, cv2.LINE_AA)
    if name == "target":
        cv2.circle(view, pixel, 9, colour, 1, cv2.LINE_AA)


def _pixels(points_base: Array) -> NDArray[np.int32]:
    """(N, 2) column, row: x forward is up, y left is left."""
    scale = SIZE / (2.0 * RANGE)
    columns, rows = SIZE / 2.0 - scale * points_base[:, 1], SIZE * AHEAD - scale * points_base[:, 0]
    return np.clip(np.round(np.column_stack([columns, rows])), -10_000, 10_000).astype(np.int32)


def _inside(pixels: NDArray[np.int32]) -> NDArray[np.int32]:
    return pixels[np.all((pixels >= 0) & (pixels < SIZE), axis=1)]
