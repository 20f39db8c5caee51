"""Keeps one elastic band alive from sweep to sweep: which side to pass on is decided once, not fifty times a second."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

from go2_bridge.config import ControllerConfig
from go2_bridge.control.detour import detour
from go2_bridge.control.elastic_band import NEAR_START, Band, BandConfig, clearance, is_free, sampled, stretch
from go2_bridge.control.movers import BODY, Mover
from go2_bridge.control.obstacles import ObstacleBuffer
from go2_bridge.control.passing import Meeting, Passing, fenced, meetings
from track_common.geometry import arc_lengths
from track_common.types import Array

SAME_GOAL = 1.0  # m; a goal that moved no farther may be reached by the last band, pulled along
SAME_SIDE = 0.6  # share of the hard radius: an obstacle that came this much nearer has not crossed the band
REACH = 2.5  # m; the widest detour (BORDER in detour.py) and the largest bubble
SIGHT = 0.06  # m; no return that near the line of sight: the voxel of the obstacles and LiDAR noise
MIN_WAY = 0.05  # m; less way is standing, and standing needs no band
ROOM_AHEAD = 0.6  # m of the band whose narrowest place sets the speed
SAME_COURSE = 0.85  # cosine (32 degrees) up to which a trajectory counts as leading to the target
AT_GOAL = 0.15  # m; a band that ends farther off ends where a detour could not go on
WORTH = 0.5  # m; the longest way round people, who will have gone, and the most a kept side may cost


class BandPlanner:
    """Obstacles seen lately and the band through them; one target, one robot."""

    def __init__(self, config: ControllerConfig) -> None:
        half = 0.5 * config.robot_width
        self.radii = BandConfig(hard=half + config.stop_margin, soft=half + config.stop_margin + config.band_margin)
        self._buffer = ObstacleBuffer(config.obstacle_memory)
        self.obstacles = np.zeros((0, 2))  # (N, 2) m in odom
        self._tree: KDTree | None = None  # of what the last band went round
        self._standing: KDTree | None = None  # the same without people
        self.band: Band | None = None
        self._free: Band | None = None  # the last band round what stands
        self._past: Band | None = None  # the last band past people
        self._passing = Passing()

    def on_sweep(self, points_odom: Array, stamp: float) -> None:
        """Take the returns (N, 2) of one sweep; the followed person's must have been left out."""
        self._buffer.push(points_odom, stamp)
        self.obstacles = self._buffer.points()

    def plan(self, line: Array, walkers: Sequence[Mover] = (), pace: float = 0.0, now: float = 0.0) -> Band:
        """Band along a polyline (M, 2) in odom from the robot to where it shall be, or as far as there is a way.

        Args:
            line: starts where the robot is at ``now`` (s).
            walkers: people on their way. The band leads past where the robot would meet them, or, where that were a
                long way round, as if they were not there: the stop layer waits for them.
            pace: m/s at which the robot will go.
        """
        standing = _apart(self.obstacles, walkers)
        self._standing = self._tree = _tree_around(line, standing)
        self.band = self._free = self._band(line, standing, self._tree, self._free)
        met = meetings(self.band.points, pace, walkers, now, self.radii.hard + BODY)
        if met:
            self._pass(met, line, standing, now)
        return self.band

    def _pass(self, met: list[Meeting], line: Array, standing: Array, now: float) -> None:
        """Lead the band past people on the sides chosen or on the other ones, where that is no long way round."""
        assert self.band is not None
        chosen, are_kept = self._passing.sides(met, now)
        for sides in (chosen,) if are_kept else (chosen, [-side for side in chosen]):
            obstacles = np.vstack([standing, fenced(met, sides)])
            tree = _tree_around(line, obstacles)
            past = self._band(line, obstacles, tree, self._past)
            if past.is_broken or np.linalg.norm(past.points[-1] - self.band.points[-1]) > AT_GOAL:
                continue
            if length_of(past.points) < length_of(self.band.points) + WORTH:
                self.band = self._past = past
                self._tree = tree
                self._passing.keep(met, sides, now)
                return

    def _band(self, line: Array, obstacles: Array, tree: KDTree | None, last: Band | None) -> Band:
        """The first of the seeds that stretches into a whole band, else one along a detour."""
        for seed in self._seeds(line, tree, last):
            band = stretch(seed, tree, self.radii)
            if not band.is_broken:
                return band
        way = None if tree is None else detour(line[0], line[-1], obstacles, self.radii.hard, self.radii.soft)
        return Band(line[:1], np.zeros(1), is_broken=True) if way is None else stretch(way, tree, self.radii)

    def room_along(self, way: Array) -> float:
        """Room 0..1 at the narrowest place of the first ``ROOM_AHEAD`` m: 0 = just passable, 1 = as much as wanted."""
        if self._tree is None:
            return 1.0
        points = sampled(way, 0.1)
        points = points[arc_lengths(points) <= ROOM_AHEAD]
        narrowest = float(clearance(points, self._tree, self.radii)[0].min())
        spare = self.radii.soft - self.radii.hard
        return min(max((narrowest - self.radii.hard) / max(spare, 1e-6), 0.0), 1.0)

    def is_in_sight(self, place: Array, target: Array | None) -> bool:
        """True unless something that stands, for all the last plan knew, is between two places (2,) in odom."""
        if target is None:
            return True
        return is_free(np.vstack([place, target]), self._standing, SIGHT, NEAR_START)

    def forget(self) -> None:
        """Drop obstacles and band: odom itself moved."""
        self.forget_obstacles()
        self.band = self._free = self._past = None

    def forget_obstacles(self) -> None:
        """Drop what was seen but keep the band and the side it took."""
        self._buffer.clear()
        self.obstacles, self._tree, self._standing = np.zeros((0, 2)), None, None

    def _seeds(self, line: Array, tree: KDTree | None, last: Band | None) -> list[Array]:
        """Where the band may start from, best first: the open line, the last band on its side, the tight line."""
        if is_free(line, tree, self.radii.soft, NEAR_START):
            return [line]
        again = _again(last, line[0], line[-1])
        seeds = [line] if again is None else [again, line]
        if again is not None and length_of(again) > length_of(line) + WORTH:
            seeds = [line] * is_free(line, tree, self.radii.hard, NEAR_START) + seeds
        return [seed for seed in seeds if is_free(seed, tree, SAME_SIDE * self.radii.hard, NEAR_START)]


def _again(band: Band | None, start: Array, goal: Array) -> Array | None:
    """A band with its passed part dropped and its ends where they are now; None where it leads elsewhere."""
    if band is None or band.is_broken or np.linalg.norm(band.points[-1] - goal) > SAME_GOAL:
        return None
    return np.vstack([ahead_of(band.points, start), goal])


def _tree_around(line: Array, obstacles: Array) -> KDTree | None:
    """The obstacles (N, 2) a band or detour along the line (M, 2) can come near; None where there are none."""
    low, high = line.min(axis=0) - REACH, line.max(axis=0) + REACH
    x, y = obstacles[:, 0], obstacles[:, 1]
    near = obstacles[(x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1])]
    return KDTree(near, balanced_tree=False, compact_nodes=False) if len(near) else None  # quicker to build


def _apart(obstacles: Array, walkers: Sequence[Mover]) -> Array:
    """The obstacles (N, 2) without what was somebody walking: nothing can stand where they have come along."""
    if not walkers or not len(obstacles):
        return obstacles
    courses = np.vstack([walker.course for walker in walkers])
    gaps = np.hypot(obstacles[:, :1] - courses[:, 0], obstacles[:, 1:] - courses[:, 1])
    return obstacles[gaps.min(axis=1) > BODY]


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


def drawn_out(line: Array, target: Array | None) -> Array:
    """The line (M, 2) drawn out to the target (2,): a way round something must end where it is known to be open.

    A line that leads elsewhere than to the target stays: it goes round a corner, of which the planner knew.
    """
    if target is None:
        return line
    course, rest = line[-1] - line[0], target - line[-1]
    length = float(np.linalg.norm(rest))
    if length < MIN_WAY or course @ rest < SAME_COURSE * length * float(np.linalg.norm(course)):
        return line
    return np.vstack([line, target])
