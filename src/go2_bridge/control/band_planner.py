"""Keeps one elastic band alive from sweep to sweep: which side to pass on is decided once, not fifty times a second."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from go2_bridge.config import ControllerConfig
from go2_bridge.control.detour import detour
from go2_bridge.control.elastic_band import Band, BandConfig, clearance, is_free, sampled, stretch
from go2_bridge.control.obstacles import ObstacleBuffer
from track_common.geometry import arc_lengths
from track_common.types import Array

SAME_GOAL = 1.0  # m; a goal that moved no farther may be reached by the last band, pulled along
SAME_SIDE = 0.6  # share of the hard radius: an obstacle that came this much nearer has not crossed the band
REACH = 2.5  # m; the widest detour (BORDER in detour.py) and the largest bubble
SIGHT = 0.06  # m; no return that near the line of sight: the voxel of the obstacles and LiDAR noise
NEAR_START = 0.3  # m; how near the robot itself stands to something is no reason not to leave


class BandPlanner:
    """Obstacles seen lately and the band through them; one target, one robot."""

    def __init__(self, config: ControllerConfig) -> None:
        half = 0.5 * config.robot_width
        self.radii = BandConfig(hard=half + config.stop_margin, soft=half + config.stop_margin + config.band_margin)
        self._buffer = ObstacleBuffer(config.obstacle_memory)
        self.obstacles = np.zeros((0, 2))  # (N, 2) m in odom
        self._tree: KDTree | None = None
        self.band: Band | None = None

    def on_sweep(self, points_odom: Array, stamp: float) -> None:
        """Take the returns (N, 2) of one sweep; the followed person's must have been left out."""
        self._buffer.push(points_odom, stamp)
        self.obstacles = self._buffer.points()

    def plan(self, line: Array) -> Band:
        """Band along a polyline (M, 2) in odom from the robot to where it shall be, or as far as there is a way."""
        self._tree = self._tree_around(line)
        for seed in self._seeds(line):
            self.band = stretch(seed, self._tree, self.radii)
            if not self.band.is_broken:
                return self.band
        way = (
            None if self._tree is None else detour(line[0], line[-1], self.obstacles, self.radii.hard, self.radii.soft)
        )
        self.band = Band(line[:1], np.zeros(1), is_broken=True) if way is None else stretch(way, self._tree, self.radii)
        return self.band

    def room_along(self, way: Array, reach: float) -> float:
        """Room 0..1 at the narrowest place of the first ``reach`` m: 0 = just passable, 1 = as much as is wanted."""
        if self._tree is None:
            return 1.0
        points = sampled(way, 0.1)
        points = points[arc_lengths(points) <= reach]
        narrowest = float(clearance(points, self._tree, self.radii)[0].min())
        spare = self.radii.soft - self.radii.hard
        return min(max((narrowest - self.radii.hard) / max(spare, 1e-6), 0.0), 1.0)

    def is_in_sight(self, place: Array, target: Array | None) -> bool:
        """True unless something known to the last plan stands between two places (2,) in odom."""
        if target is None:
            return True
        return is_free(np.vstack([place, target]), self._tree, SIGHT, NEAR_START)

    def forget(self) -> None:
        """Drop obstacles and band: odom itself moved."""
        self.forget_obstacles()
        self.band = None

    def forget_obstacles(self) -> None:
        """Drop what was seen but keep the band and the side it took."""
        self._buffer.clear()
        self.obstacles, self._tree = np.zeros((0, 2)), None

    def _tree_around(self, line: Array) -> KDTree | None:
        """The obstacles a band or detour along the line (M, 2) can come near; None where there are none."""
        low, high = line.min(axis=0) - REACH, line.max(axis=0) + REACH
        x, y = self.obstacles[:, 0], self.obstacles[:, 1]
        near = self.obstacles[(x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1])]
        return KDTree(near, balanced_tree=False, compact_nodes=False) if len(near) else None  # quicker to build

    def _seeds(self, line: Array) -> list[Array]:
        """Where the band may start from, best first: the open line, the last band on its side, the tight line."""
        if is_free(line, self._tree, self.radii.soft, NEAR_START):
            return [line]
        again = self._last_from(line[0], line[-1])
        seeds = [] if again is None else [again]
        return [seed for seed in (*seeds, line) if is_free(seed, self._tree, SAME_SIDE * self.radii.hard, NEAR_START)]

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
