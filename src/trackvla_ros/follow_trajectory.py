"""Waypoints that keep a standoff behind a target whose place and pace are known: the last step to a trajectory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from track_common.geometry import arc_lengths, arc_of_nearest, point_at, wrap_angle
from track_common.types import Array

HORIZON, STEP = 10, 0.1  # waypoints and seconds between them (TrackVLA, arXiv 2505.23189: 10 is best; step is ours)
RESTING = 0.1  # m/s; a slower robot counts as standing
STANDING = 0.15  # m/s along the line between them; a slower target is not chased for its pace
CARROT, GLANCE = 0.4, 1.6  # m along a way that is not straight: where the next step is aimed at, and what is faced
TIMES = STEP * np.arange(1, HORIZON + 1)  # (H,) s after the image stamp


@dataclass(frozen=True)
class Motion:
    """How the robot may follow; metres, seconds, radians.

    ``rest_nearer`` and ``rest_farther``: how far a standing target may come or shift from the standoff before a robot
    at rest moves again; one that moves settles within ``hold_band``.
    """

    standoff: float
    hold_band: float
    rest_nearer: float
    rest_farther: float
    gain: float
    max_speed: float
    max_reverse: float
    max_accel: float
    max_decel: float
    max_turn: float


@dataclass(frozen=True, eq=False)
class _Rest:
    """What is left of the way: its length (m), unit vectors (2,) of its next and last piece, the point (2,) to face."""

    distance: float
    line: Array
    last: Array
    faced: Array


def follow(
    target_base: Array, target_velocity: Array, robot_velocity: Array, motion: Motion, way_base: Array | None = None
) -> Array:
    """(H, 3) poses in base_link at the image stamp that close in on the standoff and face the target.

    Args:
        target_base: (2,) m at the image stamp.
        target_velocity: (2,) m/s over the ground, in base_link axes at the image stamp.
        robot_velocity: (2,) m/s of the robot, same axes: the first waypoints continue it.
        motion: standoff and limits; the standoff counts along the way.
        way_base: (M, 2) m, M > 2, from the robot to the target where something is between; None: straight there.
            What is faced is then the way, ``GLANCE`` ahead.
    """
    position, yaw, velocity = np.zeros(2), 0.0, np.asarray(robot_velocity, float)
    band = _band_of(velocity, motion)
    poses = np.empty((HORIZON, 3))
    rest = _rest(position, target_base, way_base)
    for index, time in enumerate(TIMES):
        wanted = _approach(rest, target_velocity, yaw, motion, band)
        is_slower = float(np.linalg.norm(wanted)) < float(np.linalg.norm(velocity))
        rate = motion.max_decel if is_slower else motion.max_accel
        velocity = _towards(velocity, wanted, rate * STEP)
        position = position + velocity * STEP
        rest = _rest(position, target_base + target_velocity * time, way_base)
        gap = rest.faced - position
        yaw = _turn(yaw, math.atan2(gap[1], gap[0]), motion.max_turn)
        poses[index] = position[0], position[1], yaw
    return poses


def turn(bearing: float, motion: Motion) -> Array:
    """(H, 3) poses that turn on the spot to a bearing (rad) in base_link."""
    poses, yaw = np.zeros((HORIZON, 3)), 0.0
    for index in range(HORIZON):
        yaw = _turn(yaw, bearing, motion.max_turn)
        poses[index, 2] = yaw
    return poses


def stand() -> Array:
    """(H, 3) poses that stay where the image was taken."""
    return np.zeros((HORIZON, 3))


def _band_of(robot_velocity: Array, motion: Motion) -> tuple[float, float]:
    """How much nearer and farther than the standoff a standing target is left where it is: hysteresis."""
    if float(np.linalg.norm(robot_velocity)) < RESTING:
        return motion.rest_nearer, motion.rest_farther
    return motion.hold_band, motion.hold_band


def _rest(position: Array, target: Array, way: Array | None) -> _Rest:
    """What lies between a place (2,) and the target (2,), straight or along a way (M, 2) drawn out or cut to it."""
    if way is None:
        gap = target - position
        distance = max(float(np.linalg.norm(gap)), 1e-3)
        return _Rest(distance, gap / distance, gap / distance, target)
    lengths = arc_lengths(way)
    is_before = lengths < arc_of_nearest(way, lengths, target)
    points = np.vstack([way[:1], way[1:][is_before[1:]], target])
    lengths = arc_lengths(points)
    here = arc_of_nearest(points, lengths, position)
    end = float(lengths[-1])
    carrot = point_at(points, min(here + CARROT, end)) - position
    last = target - point_at(points, max(end - CARROT, 0.0))
    faced = point_at(points, min(here + GLANCE, end))
    return _Rest(max(end - here, 1e-3), _unit(carrot), _unit(last), faced)


def _approach(rest: _Rest, target_velocity: Array, yaw: float, motion: Motion, band: tuple[float, float]) -> Array:
    """Wanted velocity (2,): along the way to the target, with its pace, slower while still turning to it."""
    pace = float(target_velocity @ rest.last)
    error = rest.distance - motion.standoff
    if -band[0] < error < band[1] and abs(pace) < STANDING:
        return np.zeros(2)
    speed = min(max(motion.gain * error + pace, -motion.max_reverse), motion.max_speed)
    facing = max(math.cos(math.atan2(rest.line[1], rest.line[0]) - yaw), 0.0)
    return rest.line * speed * facing


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _turn(yaw: float, bearing: float, rate: float) -> float:
    step = float(wrap_angle(bearing - yaw))
    return float(wrap_angle(yaw + min(max(step, -rate * STEP), rate * STEP)))


def _towards(velocity: Array, wanted: Array, limit: float) -> Array:
    change = wanted - velocity
    size = float(np.linalg.norm(change))
    return velocity + change * min(1.0, limit / max(size, 1e-9))
