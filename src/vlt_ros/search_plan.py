"""Where the detector looks in the next frame, and how closely (image -> part of it -> detections): one pass a frame.

A detector's time goes with the area of its input. Of a target that is followed only its surroundings are searched, in
a small input; the whole image comes round now and then, and at once when the target was not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from track_common.boxes import from_xyxy
from track_common.config import setting
from track_common.types import Array
from vlt_ros.association import Track
from vlt_ros.detector import SIDE

CLOSE_UP = 4.5  # sides of the region in which a small target that is out of sight is searched, in target heights
MIN_REGION = 96.0  # px, sides of a region at least
TILES = 4  # parts of the image searched in turn while there is no target
MULTIPLE = 32  # px; sides of the detector's input


@dataclass(frozen=True)
class SearchConfig:
    """How much of the image is searched how often."""

    small_height: float = setting(
        0.25, "unseen targets lower than this share of the image are sought close up", low=0.0
    )
    is_searching_tiles: bool = setting(True, "search parts of the image close up while there is no target")
    near_side: int = setting(192, "detector's input for the surroundings of the target", unit="px", low=96, high=SIDE)
    near_heights: float = setting(2.2, "sides of the surroundings", unit="target heights", low=1.2, high=10.0)
    whole_period: float = setting(
        0.5, "the whole image is searched at least this often; 0: always", unit="s", low=0.0, high=5.0
    )


@dataclass(frozen=True, eq=False)
class View:
    """One look of the detector: region (4,) in pixels, which may reach over the border, None = the whole image."""

    region_xyxy: Array | None = None
    side: int = SIDE  # px, of the detector's input

    @property
    def is_whole(self) -> bool:
        """True where the whole image is searched."""
        return self.region_xyxy is None


class SearchPlan:
    """Chooses the next view; ``next`` is called once a frame."""

    def __init__(self, config: SearchConfig) -> None:
        self._config = config
        self._since_whole = np.inf  # s
        self._was_whole = False
        self._tile = 0

    def next(self, target: Track | None, is_choosing: bool, image_size: tuple[int, int], elapsed: float) -> View:
        """The view of this frame.

        Args:
            target: as the last frame left it, None = there is none.
            is_choosing: True while the target is not sure yet: every other view then is the whole image.
            image_size: width and height, pixels.
            elapsed: seconds since the last frame.
        """
        self._since_whole += elapsed
        view = self._view(target, is_choosing, image_size, elapsed)
        self._was_whole = view.is_whole
        if view.is_whole:
            self._since_whole = 0.0
        return view

    def _view(self, target: Track | None, is_choosing: bool, image_size: tuple[int, int], elapsed: float) -> View:
        is_followed = target is not None and target.is_seen
        if self._since_whole >= self._config.whole_period - 1e-6 or not (
            self._was_whole or (is_followed and not is_choosing)
        ):
            return View()
        if target is None:
            self._tile = (self._tile + 1) % TILES
            return View(_tile(self._tile, *image_size)) if self._config.is_searching_tiles else View()
        if is_followed:
            return View(_around(target, self._config.near_heights, elapsed), self._config.near_side)
        is_small = target.filter.box_xyxy[3] - target.filter.box_xyxy[1] <= self._config.small_height * image_size[1]
        return View(_around(target, CLOSE_UP, elapsed)) if is_small else View()


def _around(target: Track, heights: float, elapsed: float) -> Array:
    """(4,) square round where the target should be after ``elapsed`` s, with sides of so many of its heights."""
    centre_x, centre_y, wide, tall = from_xyxy(target.filter.box_xyxy, "cxcywh") + elapsed * target.filter.rate
    half = max(heights * max(tall, wide), MIN_REGION) / 2.0
    return np.array([centre_x - half, centre_y - half, centre_x + half, centre_y + half])


def _tile(index: int, width: int, height: int) -> Array:
    """(4,) one of the four overlapping quarters, each 60 % of the sides; it reaches over the image's own border."""
    right, down = index % 2, index // 2
    x = (0.4 * width, 1.1 * width) if right else (-0.1 * width, 0.6 * width)
    y = (0.4 * height, 1.1 * height) if down else (-0.1 * height, 0.6 * height)
    return np.array([x[0], y[0], x[1], y[1]])
