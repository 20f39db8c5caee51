"""The stop layer: no command may sweep the footprint into a LiDAR return within the stopping distance.

It looks at raw returns of the newest sweep, the followed person's included, and at the bodies of others who walk, of
whom a LiDAR below the knee sees the legs; it knows nothing of plans and only slows.
Rules after Nav2's collision_monitor (approach model); here the speed falls smoothly to what can still be braked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from go2_bridge.config import ControllerConfig
from track_common.geometry import compose
from track_common.types import STOP, Array, VelocityCommand

HORIZON, SAMPLES = 1.6, 16  # s looked ahead and poses in it; 1.6 s covers braking from 2 m/s with reaction time
FREE = 0.95  # share from which a command is only slowed; below, its parts are tried too
CREEP = 0.05  # share of a command not worth sending: it is a stop
AHEAD, ASIDE, TURN = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 0.5, 1.0), (0.0, 0.4, 1.0)
PARTS = np.array(list(product(AHEAD, ASIDE, TURN)))  # (K, 3) shares of vx, vy and wz tried where not all is free
ASIDE_COUNTS = 0.5  # a step farther to the side than wanted keeps the pace: it counts half as much as pace lost
PART_SAMPLES, NEAR = 5, 0.75  # poses of a part looked at; m from the hull to what it can reach in that time
MOVE = 0.6  # s for which what moves itself may come nearer in that time
OFF = 0.15  # m/s at which the robot leaves a margin
CLOSING = 0.001  # m in one sample; a return already inside the margin shuts every way that brings it nearer
STOPS_SHORT = 0.25  # s worth of their pace: half the time somebody takes from walking to standing
GOES_ON = 0.1  # s for which who goes away is counted on: a walker stands within half a second, seen late by a third
COMING_ON = 0.05  # m; less is not what the robot does but what the other one does
SCRAPE = 0.01  # m; unless the way leads off first and nearer only later, by less than this
NOTHING = 1e-6  # m; what is shorter has no direction


@dataclass(frozen=True, eq=False)
class Around:
    """What is around the robot, in base_link.

    Attributes:
        points: (N, 2) m, returns without floor and own hull, and middles of people.
        margins: (N,) m of room to keep around each.
        velocities: (N, 2) m/s over the floor, zero for what is not known to move.
        lasting: (N,) s for which the velocity is counted on.
    """

    points: Array
    margins: Array
    velocities: Array
    lasting: Array

    @classmethod
    def standing(cls, points: Array, margins: Array) -> Around:
        """Of what does not move."""
        return cls(points, margins, np.zeros_like(points), np.zeros(len(points)))

    def where(self, is_kept: NDArray[np.bool_]) -> Around:
        """The points (N,) marked."""
        return Around(self.points[is_kept], self.margins[is_kept], self.velocities[is_kept], self.lasting[is_kept])

    @property
    def allowance(self) -> Array:
        """(N,) m by which a moving robot may come nearer than a standing one would to who comes on by themselves."""
        return np.where(np.any(self.velocities != 0.0, axis=1), COMING_ON, 0.0)

    def at(self, times: Array) -> tuple[Array, Array]:
        """x and y, (T, N) each, after ``times`` (T,) s."""
        moved = np.minimum(times[:, None], self.lasting)
        x, y = (self.points[:, axis] + moved * self.velocities[:, axis] for axis in (0, 1))
        return x, y


def with_target(
    around: Around, is_target: NDArray[np.bool_], room: float, velocity: Array, config: ControllerConfig
) -> Around:
    """What is around, the target's returns (N,) marked: kept off by ``room`` (m) more.

    They go on with its velocity (2,), m/s, as far as somebody who stops short still goes, unless already too near.
    """
    margins = around.margins + room * is_target
    is_moved = is_target & (gap_to_footprint(around.points, config) >= margins)
    moves = np.where(is_moved[:, None], velocity, around.velocities)
    return Around(around.points, margins, moves, np.where(is_moved, STOPS_SHORT, around.lasting))


def with_bodies(around: Around, middles: Array, velocities: Array, radius: float, config: ControllerConfig) -> Around:
    """What is around, people besides: middles (K, 2) m, velocities (K, 2) m/s, ``radius`` (m) to keep off a middle.

    Their returns go on with them, but only as far as somebody who stops short still goes; who goes away is hardly
    counted on to. Who is inside the margin already is not counted on to leave it.
    """
    gaps = np.hypot(*(around.points[:, None] - middles).transpose(2, 0, 1))  # (N, K)
    whose, is_theirs = gaps.argmin(axis=1), gaps.min(axis=1) < radius
    points = np.vstack([around.points, middles])
    margins = np.append(around.margins, np.full(len(middles), radius))
    moves = np.vstack([np.where(is_theirs[:, None], velocities[whose], around.velocities), velocities])
    is_near = gap_to_footprint(points, config) < margins
    is_coming = np.sum(velocities * middles, axis=1) < 0.0
    lasting = np.append(np.full(len(around.points), STOPS_SHORT), np.where(is_coming, HORIZON, GOES_ON))
    return Around(points, margins, np.where(is_near[:, None], 0.0, moves), lasting)


def let_through(
    command: VelocityCommand,
    around: Around,
    config: ControllerConfig,
    velocity: VelocityCommand = STOP,
    besides: Array | None = None,
) -> VelocityCommand:
    """What of ``command`` may be carried out: all of it, slowed, or that of its parts which comes nearest to it.

    A robot beside a door post must still be able to go straight on without turning, or to step aside before it goes on.

    Args:
        besides: (K, 3) vx, vy, wz of commands the caller would take instead; they count like the parts.

    The others as for ``allowed_share``.
    """
    share = allowed_share(command, around, config, velocity)
    if share >= FREE:
        return _scaled(command, share)
    wanted = _row(command)
    parts = PARTS * wanted if besides is None else np.vstack([PARTS * wanted, besides])
    is_free = _are_free(parts, around, config, velocity)
    parts = np.vstack([share * wanted if share >= CREEP else 0.0 * wanted, parts[is_free]])
    missing = (parts - wanted) * (1.0, 1.0, 0.5 * config.robot_length)  # of a turn what it moves, the nose
    missing[:, 1] *= np.where(np.abs(parts[:, 1]) > abs(command.vy), ASIDE_COUNTS, 1.0)
    vx, vy, wz = parts[int(np.argmin(np.sum(missing**2, axis=1)))]
    return VelocityCommand(float(vx), float(vy), float(wz))


def _are_free(
    commands: Array, around: Around, config: ControllerConfig, velocity: VelocityCommand
) -> NDArray[np.bool_]:
    """(K,) True where a command, rows (K, 3) of vx, vy, wz, can be obeyed whole: no return met before it could stand.

    Coarser in time than ``allowed_share``, all at once; what leads nearer to something too near is never free.
    """
    around = around.where(gap_to_footprint(around.points, config) < NEAR + MOVE * np.hypot(*around.velocities.T))
    if not len(around.points):
        return np.ones(len(commands), bool)
    speed, turn = np.hypot(commands[:, 0], commands[:, 1]), np.abs(commands[:, 2])
    braking = np.maximum(speed / config.stop_decel, turn / config.stop_angular_decel)
    needed = config.reaction_time + np.maximum(0.5 * braking, config.coasting_time)
    times = needed[:, None] * np.linspace(0.0, 1.0, PART_SAMPLES)  # (K, S) s
    poses = _swept(commands, times, velocity, config.coasting_time)  # (K, S, 3)
    x, y = around.at(times.reshape(-1))
    gaps = _gap(*_seen_from(poses.reshape(-1, 3), x, y), config).reshape(*poses.shape[:2], -1)
    is_inside = gaps[:, :1] < around.margins
    is_met = (gaps < around.margins) & (~is_inside | (gaps < gaps[:, :1] - CLOSING))
    is_met &= gaps < (_gap(x, y, config) - around.allowance).reshape(*poses.shape[:2], -1)
    return np.logical_not(np.any(is_met.reshape(len(commands), -1), axis=1))


def step_off(around: Around, config: ControllerConfig) -> VelocityCommand:
    """Slowly away from the nearest return, where that is inside its margin and the way off is free; else a stop.

    A robot that has come to stand inside a margin may find every way shut, since all but one lead nearer.
    """
    points, margins = around.points, around.margins
    gaps = gap_to_footprint(points, config)
    index = int(np.argmin(gaps - margins)) if len(points) else 0
    if not len(points) or gaps[index] > margins[index]:
        return STOP
    off = to_footprint(points[index], config)
    size = float(np.linalg.norm(off))
    if size < NOTHING:
        return STOP
    command = VelocityCommand(OFF * float(off[0]) / size, OFF * float(off[1]) / size)
    return command if allowed_share(command, around, config) >= 1.0 else STOP


def allowed_share(
    command: VelocityCommand, around: Around, config: ControllerConfig, velocity: VelocityCommand = STOP
) -> float:
    """Share 0..1 of ``command`` from which the robot can still stop before the first return its footprint would meet.

    Args:
        command: true body velocity wanted.
        around: what it may meet; who comes on by themselves and would meet a standing robot too does not count.
        config: footprint, reaction time, braking and time constant.
        velocity: the robot's own; what the command does not keep of it dies away with the time constant.
    """
    if command == STOP or not len(around.points):
        return 1.0
    contact = time_to_contact(command, around, config, velocity)
    speed = math.hypot(command.vx, command.vy)
    braking = max(speed / config.stop_decel, abs(command.wz) / config.stop_angular_decel, 1e-3)
    reaction = config.reaction_time
    # share s moves s*(reaction + s*braking/2) seconds' worth of the full command before it stands; solve for contact
    share = (math.sqrt(reaction**2 + 2.0 * braking * contact) - reaction) / braking
    share = min(share, contact / (reaction + config.coasting_time))  # the same for speed that falls by equal shares
    return share if share < 1.0 else 1.0


def time_to_contact(
    command: VelocityCommand, around: Around, config: ControllerConfig, velocity: VelocityCommand = STOP
) -> float:
    """Seconds until the footprint, moving as commanded, comes within its margin of a point; inf beyond the horizon."""
    times = np.linspace(0.0, HORIZON, SAMPLES + 1)
    poses = _swept(_row(command), times, velocity, config.coasting_time)[0]
    around = _within_reach(around, poses, config)
    if not len(around.points):
        return math.inf
    margins = around.margins
    x, y = around.at(times)
    gaps = _gap(*_seen_from(poses, x, y), config)  # (K, N)
    is_inside, is_nearer = gaps[0] < margins, gaps < _gap(x, y, config) - around.allowance
    if np.any(is_inside & is_nearer[1] & (gaps[1] < gaps[0] - CLOSING)):
        return 0.0
    blocked = (gaps < margins) & is_nearer & (~is_inside | (gaps < gaps[0] - SCRAPE))
    hit = np.flatnonzero(blocked.any(axis=1))
    if not len(hit):
        return math.inf
    first = int(hit[0])
    return _crossing(times, gaps[:, blocked[first]], margins[blocked[first]], first)


def _within_reach(around: Around, poses: Array, config: ControllerConfig) -> Around:
    """What the footprint can come near on its way through poses (K, 3)."""
    reach = 0.5 * math.hypot(config.robot_length, config.robot_width) + float(around.margins.max(initial=0.0))
    low, high = poses[:, :2].min(axis=0) - reach, poses[:, :2].max(axis=0) + reach
    first = around.points
    last = first + np.minimum(HORIZON, around.lasting)[:, None] * around.velocities
    return around.where(np.all((np.maximum(first, last) > low) & (np.minimum(first, last) < high), axis=1))


def _swept(commands: Array, times: Array, velocity: VelocityCommand, coasting_time: float) -> Array:
    """(K, T, 3) poses on the way of commands (K, 3), displaced by what each does not keep of the robot's own velocity.

    That part dies away exponentially: it carries the robot on by ``coasting_time`` seconds' worth of it.
    """
    own = _row(velocity)
    lost = own - np.clip(commands, np.minimum(own, 0.0), np.maximum(own, 0.0))
    return compose(coasting_time * lost[:, None], _arcs(commands, times))


def arc(command: VelocityCommand, times: Array) -> Array:
    """(T, 3) poses reached after ``times`` (T,) of constant body velocity."""
    return _arcs(_row(command), times)[0]


def _arcs(commands: Array, times: Array) -> Array:
    """(K, T, 3) poses reached after ``times``, (T,) or (K, T), of constant body velocities, rows (K, 3)."""
    vx, vy, wz = (column[:, None] for column in commands.T)
    yaw = wz * times
    along = np.sinc(yaw / np.pi) * times  # sin(yaw)/wz, also at wz = 0
    turning = np.where(np.abs(yaw) > 1e-9, yaw, 1.0)
    aside = np.where(np.abs(yaw) > 1e-9, (1.0 - np.cos(yaw)) / turning, 0.0) * times
    return np.stack([vx * along - vy * aside, vx * aside + vy * along, yaw], axis=-1)


def gap_to_footprint(points: Array, config: ControllerConfig) -> Array:
    """(...) distance of points (..., 2) in base_link from the hull, m; negative inside."""
    return _gap(points[..., 0], points[..., 1], config)


def to_footprint(points: Array, config: ControllerConfig) -> Array:
    """(..., 2) m from points (..., 2) in base_link to the nearest place of the hull; zero inside."""
    half = 0.5 * np.array([config.robot_length, config.robot_width])
    return np.clip(points, -half, half) - points


def _row(command: VelocityCommand) -> Array:
    """(1, 3) vx, vy, wz."""
    return np.array([[command.vx, command.vy, command.wz]])


def _scaled(command: VelocityCommand, share: float) -> VelocityCommand:
    return VelocityCommand(command.vx * share, command.vy * share, command.wz * share)


def _gap(x: Array, y: Array, config: ControllerConfig) -> Array:
    """(...) distance (m) of places x, y (...) in base_link from the hull; negative inside."""
    dx, dy = np.abs(x) - 0.5 * config.robot_length, np.abs(y) - 0.5 * config.robot_width
    inside = np.minimum(np.maximum(dx, dy), 0.0)
    np.maximum(dx, 0.0, out=dx)
    np.maximum(dy, 0.0, out=dy)
    return np.sqrt(dx * dx + dy * dy) + inside


def _seen_from(poses: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """(K, N) x and y of places, (N,) or one row for each pose (K, N), in the frame of each pose (K, 3)."""
    c, s = np.cos(poses[:, 2])[:, None], np.sin(poses[:, 2])[:, None]
    dx, dy = x - poses[:, :1], y - poses[:, 1:2]
    return c * dx + s * dy, c * dy - s * dx


def _crossing(times: Array, gaps: Array, margins: Array, first: int) -> float:
    """Time between samples ``first - 1`` and ``first`` at which the earliest of the gaps (K, M) falls to its margin."""
    before, after = gaps[first - 1], gaps[first]
    level = np.minimum(margins, before)  # one already inside its margin is met at once
    share = np.clip((before - level) / np.maximum(before - after, 1e-9), 0.0, 1.0)
    return float(times[first - 1] + share.min() * (times[first] - times[first - 1]))
