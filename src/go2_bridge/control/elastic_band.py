"""Elastic band: bends the way ahead round obstacles, between the anchored trajectory and pure pursuit.

S. Quinlan and O. Khatib, Elastic Bands: Connecting Path Planning and Control, ICRA 1993; S. Quinlan, Real-time
modification of collision-free paths, Stanford 1994. A band is a chain of bubbles, discs of free space. Contraction
pulls it taut, repulsion pushes it off obstacles, bubbles come and go so that neighbours overlap. The two ends stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from track_common.geometry import arc_lengths
from track_common.types import Array

OVERLAP = 0.7  # neighbours are nearer than this share of the sum of their radii (eband_local_planner's 0.7)
CONTRACTION, REPULSION = 1.0, 4.0  # internal and external gain, 1 and 2 in eband_local_planner; ours keeps more room
STEP = 0.04  # m a unit force moves a bubble in one iteration
ITERATIONS = 14  # bounded time; from the last band it settles in fewer
MAX_BUBBLES = 60
NEAR_START = 0.3  # m; how near the robot itself stands to something is no reason not to leave
SLACK = 0.01  # m; tighter by less than this than where the robot stands is no tighter


@dataclass(frozen=True)
class BandConfig:
    """Radii, m: under ``hard`` a bubble cannot hold the robot, under ``soft`` it is pushed, none is over ``cap``."""

    hard: float
    soft: float
    cap: float = 0.5


@dataclass(frozen=True, eq=False)
class Band:
    """points (M, 2) m and radii (M,) m of free space around each.

    ``is_broken``: it ends before its goal, at the last bubble that holds the robot.
    """

    points: Array
    radii: Array
    is_broken: bool = False


def stretch(line: Array, obstacles: KDTree | None, config: BandConfig) -> Band:
    """Pull a polyline (M, 2), M >= 2, into a band; its ends stay where they are.

    The line may graze obstacles but must go round them on the wanted side: forces do not carry a band over one.
    """
    points = resampled(line, config)
    if obstacles is None:
        return Band(points, np.full(len(points), config.cap))
    radii, away = clearance(points, obstacles, config)
    for _ in range(ITERATIONS):
        points = _moved(points, radii, away, config)
        radii, away = clearance(points, obstacles, config)
        gaps = _gaps(points, radii, config)
        if len(gaps):
            points = np.insert(points, gaps + 1, 0.5 * (points[gaps] + points[gaps + 1]), axis=0)
            radii, away = clearance(points, obstacles, config)
        keep = _needed(points, radii, config)
        points, radii, away = points[keep], radii[keep], away[keep]
    return _cut(points, radii, config)


def clearance(points: Array, obstacles: KDTree, config: BandConfig) -> tuple[Array, Array]:
    """(M,) distance to the nearest obstacle, capped, and (M, 2) unit vectors away from it."""
    distances, nearest = obstacles.query(points)
    away = (points - obstacles.data[nearest]) / np.maximum(distances, 1e-6)[:, None]
    return np.minimum(distances, config.cap), away


def is_free(line: Array, obstacles: KDTree | None, radius: float, skip: float = 0.0) -> bool:
    """True where a disc of ``radius`` (m) passes along the polyline (M, 2), its first ``skip`` metres not looked at."""
    if obstacles is None:
        return True
    points = sampled(line, 0.5 * radius)
    points = points[arc_lengths(points) >= skip]
    return not len(points) or bool(obstacles.query(points)[0].min() > radius)


def resampled(line: Array, config: BandConfig) -> Array:
    """The polyline as a chain whose capped bubbles overlap."""
    return sampled(line, OVERLAP * config.cap)


def sampled(line: Array, spacing: float) -> Array:
    """(K, 2) points of a polyline at most ``spacing`` apart, both ends among them, K >= 2."""
    lengths = arc_lengths(line)
    at = np.linspace(0.0, lengths[-1], max(int(np.ceil(lengths[-1] / spacing)) + 1, 2))
    return np.column_stack([np.interp(at, lengths, line[:, 0]), np.interp(at, lengths, line[:, 1])])


def _moved(points: Array, radii: Array, away: Array, config: BandConfig) -> Array:
    """One step of the inner bubbles under both forces; repulsion along the band is dropped, it only bunches them."""
    legs = np.diff(points, axis=0)
    ahead = legs / np.maximum(_lengths(legs), 1e-6)[:, None]
    pull = CONTRACTION * (ahead[1:] - ahead[:-1])
    shortfall = np.maximum(config.soft - radii[1:-1], 0.0) / config.soft
    push = REPULSION * shortfall[:, None] * away[1:-1]
    along = points[2:] - points[:-2]
    along /= np.maximum(_lengths(along), 1e-6)[:, None]
    push -= (push[:, 0] * along[:, 0] + push[:, 1] * along[:, 1])[:, None] * along
    moved = points.copy()
    moved[1:-1] += STEP * (pull + push)
    return moved


def _gaps(points: Array, radii: Array, config: BandConfig) -> NDArray[np.intp]:
    """Bubbles that do not overlap the next one, where one more is to be put in; none once the chain is full."""
    reach = OVERLAP * (np.maximum(radii[:-1], config.hard) + np.maximum(radii[1:], config.hard))
    gaps = np.flatnonzero(_lengths(np.diff(points, axis=0)) > reach)
    return gaps if len(points) + len(gaps) <= MAX_BUBBLES else gaps[:0]


def _needed(points: Array, radii: Array, config: BandConfig) -> NDArray[np.bool_]:
    """(M,) False for bubbles whose two neighbours overlap by themselves; never two in a row."""
    keep = np.ones(len(points), bool)
    if len(points) < 4:
        return keep
    reach = OVERLAP * (np.maximum(radii[:-2], config.hard) + np.maximum(radii[2:], config.hard))
    is_spare = _lengths(points[2:] - points[:-2]) < reach
    for index in np.flatnonzero(is_spare) + 1:
        keep[index] = not keep[index - 1]
    return keep


def _lengths(steps: Array) -> Array:
    """(M,) lengths of (M, 2); quicker than np.linalg.norm for so few."""
    return np.sqrt(steps[:, 0] ** 2 + steps[:, 1] ** 2)


def _cut(points: Array, radii: Array, config: BandConfig) -> Band:
    """The band up to the first bubble that cannot hold the robot; near the start none is, that is no tighter than it.

    The first, where the robot stands, is not asked.
    """
    needed = np.where(arc_lengths(points) < NEAR_START, min(config.hard, radii[0]) - SLACK, config.hard)
    tight = np.flatnonzero(radii[1:] < needed[1:])
    if not len(tight):
        return Band(points, radii)
    end = max(int(tight[0]) + 1, 1)
    return Band(points[:end], radii[:end], is_broken=True)
