"""The floor plan of an episode from above, with robot and people where they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from evt_bench.episodes import Episode
from evt_bench.world.world import Truth
from track_common.geometry import transform_points
from track_common.types import Array

FLOOR, FURNITURE, OTHER, TARGET, ROBOT = (24, 26, 30), (110, 110, 110), (175, 175, 175), (240, 130, 40), (86, 180, 233)
BODY = np.array([[0.35, 0.0], [-0.35, 0.18], [-0.35, -0.18]])  # m; a GO2's outline as an arrow head
PERSON_RADIUS = 0.25  # m
MARGIN = 0.3  # m round the plan


class PlanView:
    """Draws an episode's floor ``height`` px high; x to the right, y up."""

    def __init__(self, episode: Episode, height: int) -> None:
        self._size = np.array(episode.plan.size) + 2.0 * MARGIN
        self._scale = height / self._size[1]
        width = round(float(self._size[0]) * self._scale / 2) * 2
        self._floor = np.full((height, width, 3), FLOOR, np.uint8)
        for corners in _corners(episode):
            cv2.fillPoly(self._floor, [self._pixels(corners)], FURNITURE, cv2.LINE_AA)
        cv2.polylines(self._floor, [self._pixels(episode.paths[0])], False, TARGET, 1, cv2.LINE_AA)

    def draw(self, truth: Truth) -> NDArray[np.uint8]:
        """(height, width, 3) RGB of one instant."""
        view = self._floor.copy()
        radius = max(2, round(PERSON_RADIUS * self._scale))
        for index, person in reversed(list(enumerate(truth.people))):
            colour = OTHER if index else TARGET
            column, row = self._pixels(person.pose[None, :2])[0]
            cv2.circle(view, (int(column), int(row)), radius, colour, cv2.FILLED, cv2.LINE_AA)
        cv2.fillPoly(view, [self._pixels(transform_points(truth.robot, BODY))], ROBOT, cv2.LINE_AA)
        return view

    def _pixels(self, points: Array) -> NDArray[np.int32]:
        """(N, 2) column, row of points (N, 2) in map, m."""
        columns = (points[:, 0] + 0.5 * self._size[0]) * self._scale
        rows = (0.5 * self._size[1] - points[:, 1]) * self._scale
        return np.round(np.stack([columns, rows], 1)).astype(np.int32)


def _corners(episode: Episode) -> list[Array]:
    """(4, 2) corners in map of each footprint, m; a round one is drawn square."""
    places = episode.plan.footprints
    signs = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    rows = zip(places.centres, places.halves, places.yaws, places.radii, strict=True)
    return [transform_points(np.array([*c, yaw]), signs * (half + radius)) for c, half, yaw, radius in rows]
