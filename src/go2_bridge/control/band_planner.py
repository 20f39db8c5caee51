"""Keeps one elastic band alive from sweep to sweep: which side to pass on is decided once, not fifty times a second."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from go2_bridge.config import ControllerConfig
from go2_bridge.control.detour import detour
from go2_bridge.control.elastic_band import Band, BandConfig, clearance, is_free, stretch
from go2_bridge.control.obstacles import ObstacleBuffer
from track_common.geometry import arc_lengths
from track_common.types import Array

SAME_GOAL = 1.0  # m; a goal that moved no farther may be reached by the last band, pulled along
NEAR_START = 0.3  # m; how near the robot itself stands to something is no reason not to leave


class BandPlanner:
    """Obstacles seen lately and the band through them; one target, one robot."""

    def __init__(self, config: ControllerConfig) -> None:
        half = 0.5 * config.robot_width
        self.radii = BandConfig(hard=half + config.stop_margin, soft=half + config.stop_margin + config.band_margin)
        self._buffer = ObstacleBuffer(config.obstacle_memory)
        self._tree: cKDTree | None = None
        self.band: Band | None = None

    def on_sweep(self, points_odom: Array, stamp: float) -> None:
        """Take the returns (N, 2) of one sweep; the followed person's must have been left out."""
        self._buffer.push(points_odom, stamp)
        points = self._buffer.points()
        self._tree = cKDTree(points) if len(points) else None

    def plan(self, line: Array) -> Band:
        """Band along a polyline (M, 2) in odom from the robot to where it shall be, or as far as there is a way."""
        seed = self._seed(line)
        if seed is None:
            self.band = Band(line[:1], np.zeros(1), is_broken=True)
        else:
            self.band = stretch(seed, self._tree, self.radii)
        return self.band

    def room_at(self, point: Array) -> float:
        """Distance (m, capped) from a point (2,) in odom to the nearest obstacle."""
        if self._tree is None:
            return self.radii.cap
        return float(clearance(point[None], self._tree, self.radii)[0][0])

    @property
    def obstacles(self) -> Array:
        """(N, 2) m in odom."""
        return np.zeros((0, 2)) if self._tree is None else np.asarray(self._tree.data)

    def forget(self) -> None:
        """Drop obstacles and band: odom itself moved."""
        self._buffer.clear()
        self._tree, self.band = None, None

    def _seed(self, line: Array) -> Array | None:
        """Where the band starts: open line, last band on its side, tight line or detour; None where there is no way."""
        if is_free(line, self._tree, self.radii.soft, NEAR_START):
            return line
        again = self._last_from(line[0], line[-1])
        if again is not None and is_free(again, self._tree, self.radii.hard, NEAR_START):
            return again
        if self._tree is None or is_free(line, self._tree, self.radii.hard, NEAR_START):
            return line
        return detour(line[0], line[-1], self.obstacles, self.radii.hard, self.radii.soft)

    def _last_from(self, start: Array, goal: Array) -> Array | None:
        """The last band with its passed part dropped and its ends where they are now; None where it leads elsewhere."""
        band = self.band
        if band is None or band.is_broken or np.linalg.norm(band.points[-1] - goal) > SAME_GOAL:
            return None
        return np.vstack([ahead_of(band.points, start), goal])


def ahead_of(points: Array, position: Array) -> Array:
    """(K, 2) the polyline (M, 2) from ``position`` on: what lies behind the point of it nearest to there is dropped."""
    if len(points) < 2:
        return np.vstack([position, points])
    legs = np.diff(points, axis=0)
    squared = np.maximum(np.sum(legs**2, axis=1), 1e-12)
    share = np.clip(np.sum((position - points[:-1]) * legs, axis=1) / squared, 0.0, 1.0)
    nearest = points[:-1] + share[:, None] * legs
    index = int(np.argmin(np.sum((nearest - position) ** 2, axis=1)))
    return np.vstack([position, points[index + 1 :]])


def length_of(points: Array) -> float:
    """Length (m) of a polyline (M, 2)."""
    return float(arc_lengths(points)[-1])
