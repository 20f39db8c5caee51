"""People who walk their paths, make way for one another and do not walk through furniture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evt_bench.world.footprints import Footprints
from track_common.geometry import arc_lengths, point_at, wrap_angle
from track_common.types import Array

LOOKAHEAD = 0.5  # m ahead on the path a walker heads for
ARRIVED = 0.2  # m
TURN_RATE = 2.5  # rad/s; people turn on the spot in about a second
PERSONAL_SPACE = 0.9  # m between middles at which people begin to make way
ROBOT_SPACE = 0.9  # m from its nearest end at which everybody, the target too, makes way for the robot
JITTER = 0.2  # share by which pace varies (EVT-Bench: factor U(0.8, 1.2))
PACE_TIME = 1.0  # s a pace is kept
PERSON_CLEARANCE = 0.22  # m from furniture
STANDING = 0.05  # m/s below which a person counts as standing


@dataclass(frozen=True, eq=False)
class Walker:
    """One person on the way.

    Attributes:
        path: (H, 2) m; a single point means standing there; lengths: (H,) m along it.
        speed: pace asked for, m/s.
        position: (2,) m; yaw in rad; velocity (2,) m/s over the floor.
        carrot: arc length of the point headed for, m.
        walked: m, drives the stride.
        loops: walks back and forth instead of stopping at the end.
        yields: makes way for other people; the target does not.
        pace: present factor on the speed, and when it is drawn again, s.
    """

    path: Array
    lengths: Array
    speed: float
    position: Array
    yaw: float
    velocity: Array
    carrot: float = 0.0
    walked: float = 0.0
    loops: bool = False
    yields: bool = True
    pace: tuple[float, float] = (1.0, 0.0)

    @classmethod
    def start(cls, path: Array, speed: float, *, loops: bool, yields: bool) -> Walker:
        """At the start of the path, looking along it."""
        ahead = point_at(path, LOOKAHEAD) - path[0]
        yaw = float(np.arctan2(ahead[1], ahead[0])) if np.any(ahead) else 0.0
        return cls(path, arc_lengths(path), speed, path[0].copy(), yaw, np.zeros(2), loops=loops, yields=yields)

    def point_at(self, distance: float) -> Array:
        """(2,) point of the path at an arc length, m; its ends beyond them."""
        x = np.interp(distance, self.lengths, self.path[:, 0])
        return np.array([x, np.interp(distance, self.lengths, self.path[:, 1])])

    @property
    def is_walking(self) -> bool:
        """True where the legs move."""
        return bool(np.hypot(*self.velocity) > STANDING)

    @property
    def has_arrived(self) -> bool:
        """True at the end of a path that is walked once."""
        return not self.loops and float(np.hypot(*(self.path[-1] - self.position))) < ARRIVED


def step_walkers(
    walkers: tuple[Walker, ...],
    robot: Array,
    footprints: Footprints,
    time: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[Walker, ...]:
    """Everybody ``time[1]`` s later than ``time[0]``; robot (K, 2) are places along it: nobody walks into its nose."""
    positions = np.stack([w.position for w in walkers])
    walkers = tuple(_on_path(walker, time[0], rng) for walker in walkers)
    others = [np.delete(positions, index, axis=0) for index in range(len(walkers))]
    velocities = [_velocity(w, o, robot, time[1]) for w, o in zip(walkers, others, strict=True)]
    moved = _keep_off(positions + time[1] * np.stack(velocities), footprints)
    return tuple(_moved(walker, position, time[1]) for walker, position in zip(walkers, moved, strict=True))


def _velocity(walker: Walker, others: Array, robot: Array, dt: float) -> Array:
    """(2,) m/s over the floor that the walker turns to within ``dt`` s, furniture apart."""
    wanted = _way(walker)
    if walker.yields:
        wanted = wanted + _make_way(walker.position, others, PERSONAL_SPACE)
    nearest = robot[np.hypot(*(robot - walker.position).T).argmin()]
    wanted = wanted + _make_way(walker.position, nearest[None], ROBOT_SPACE)
    pace = walker.speed * walker.pace[0]
    size = float(np.hypot(*wanted))
    velocity = wanted * (pace / size if size > 1.0 else pace)
    return walker.velocity + (velocity - walker.velocity) * min(1.0, dt / 0.25)


def _moved(walker: Walker, position: Array, dt: float) -> Walker:
    """The walker at a position (2,) ``dt`` s later, turned towards where it went."""
    velocity = (position - walker.position) / dt
    speed = float(np.hypot(*velocity))
    turn = float(wrap_angle(np.arctan2(velocity[1], velocity[0]) - walker.yaw)) if speed > STANDING else 0.0
    yaw = float(wrap_angle(walker.yaw + np.clip(turn, -TURN_RATE * dt, TURN_RATE * dt)))
    return replace(walker, position=position, velocity=velocity, yaw=yaw, walked=walker.walked + dt * speed)


def _on_path(walker: Walker, now: float, rng: np.random.Generator) -> Walker:
    """The point headed for moved on, the path turned round at its end, the pace redrawn once a second."""
    carrot, length = walker.carrot, float(walker.lengths[-1])
    while carrot < length and _is_passed(walker, carrot):
        carrot += 0.05
    path, lengths = walker.path, walker.lengths
    if walker.loops and carrot >= length and np.hypot(*(path[-1] - walker.position)) < LOOKAHEAD:
        path, carrot = path[::-1], 0.0
        lengths = arc_lengths(path)
    pace = walker.pace
    if now >= pace[1]:
        pace = (float(rng.uniform(1.0 - JITTER, 1.0 + JITTER)), now + PACE_TIME)
    return replace(walker, path=path, lengths=lengths, carrot=carrot, pace=pace)


def _is_passed(walker: Walker, carrot: float) -> bool:
    """True where a point of the path is close, or, after making way, farther than what comes next."""
    here, next_one = (float(np.hypot(*(walker.point_at(s) - walker.position))) for s in (carrot, carrot + 0.3))
    return here < LOOKAHEAD or next_one < here


def _way(walker: Walker) -> Array:
    """(2,) unit vector to the point headed for; shorter close to the end, zero on arrival."""
    if walker.has_arrived or walker.speed <= 0.0:
        return np.zeros(2)
    delta = walker.point_at(walker.carrot) - walker.position
    distance = float(np.hypot(*delta))
    return delta / max(distance, 0.3)


def _make_way(position: Array, others: Array, space: float) -> Array:
    """(2,) push away from everybody nearer than ``space``, a little to the right: two do not block each other."""
    delta = position - others
    distance = np.maximum(np.hypot(delta[:, 0], delta[:, 1]), 1e-3)
    strength = 4.0 * np.clip(1.0 - distance / space, 0.0, 1.0) / distance
    push = (strength[:, None] * delta).sum(axis=0)
    return push + 0.9 * np.array([push[1], -push[0]])


def _keep_off(positions: Array, footprints: Footprints) -> Array:
    """(P, 2) the positions, moved out of the clearance of furniture and walls."""
    distance, way = footprints.nearest(positions)
    return positions + np.maximum(0.0, PERSON_CLEARANCE - distance)[:, None] * way
