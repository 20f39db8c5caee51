"""The stop layer: no command may sweep the footprint into a LiDAR return within the stopping distance.

It looks at raw returns of the newest sweep, the followed person's included, knows nothing of plans and only slows.
Rules after Nav2's collision_monitor (approach model); here the speed falls smoothly to what can still be braked.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from go2_bridge.config import ControllerConfig
from go2_bridge.safety.floor import heights_above_floor
from track_common.geometry import compose
from track_common.types import STOP, Array, VelocityCommand

HORIZON, SAMPLES = 1.6, 16  # s looked ahead and poses in it; 1.6 s covers braking from 2 m/s with reaction time
FREE = 0.5  # share from which a command is only slowed; below, its parts are tried
CREEP = 0.05  # share of a command not worth sending: it is a stop
PARTS = np.array(  # (K, 3) shares of vx, vy and wz that are tried where the whole command would have to be slowed much
    [(ahead, aside, turn) for ahead in (0.0, 0.15, 0.4, 1.0) for aside in (0.0, 0.5, 1.0) for turn in (0.0, 0.4, 1.0)]
)
PART_SAMPLES, NEAR = 5, 0.75  # poses of a part looked at; m from the hull to what it can reach in that time
OFF = 0.15  # m/s at which the robot leaves a margin
CLOSING = 0.001  # m in one sample; a return already inside the margin shuts every way that brings it nearer
SCRAPE = 0.01  # m; unless the way leads off first and nearer only later, by less than this
SELF_MARGIN = 0.02  # m; returns this near the hull are the robot's own
REACH = 10.0  # m; neither a stop nor a way round anything is planned farther off (control/detour.py)
NOTHING = 1e-6  # m; a return this near the origin is the zero a driver writes where nothing came back


def let_through(
    command: VelocityCommand,
    points: Array,
    margins: Array,
    config: ControllerConfig,
    velocity: VelocityCommand = STOP,
) -> VelocityCommand:
    """What of ``command`` may be carried out: all of it, slowed, or that of its parts which comes nearest to it.

    A robot beside a door post must still be able to go straight on without turning, or to step aside before it goes on.
    Arguments as for ``allowed_share``.
    """
    share = allowed_share(command, points, margins, config, velocity)
    if share >= FREE:
        return _scaled(command, share)
    wanted = _row(command)
    parts = PARTS * wanted
    is_free = _are_free(parts, points, margins, config, velocity)
    parts = np.vstack([share * wanted if share >= CREEP else 0.0 * wanted, parts[is_free]])
    lever = 0.5 * config.robot_length  # what a turn moves, the nose
    missing = (parts - wanted) * (1.0, 1.0, lever)
    vx, vy, wz = parts[int(np.argmin(np.sum(missing**2, axis=1)))]
    return VelocityCommand(float(vx), float(vy), float(wz))


def _are_free(
    commands: Array, points: Array, margins: Array, config: ControllerConfig, velocity: VelocityCommand
) -> NDArray[np.bool_]:
    """(K,) True where a command, rows (K, 3) of vx, vy, wz, can be obeyed whole: no return met before it could stand.

    Coarser in time than ``allowed_share``, all at once; what leads nearer to something too near is never free.
    """
    near = gap_to_footprint(points, config) < NEAR
    points, margins = points[near], margins[near]
    if not len(points):
        return np.ones(len(commands), bool)
    speed, turn = np.hypot(commands[:, 0], commands[:, 1]), np.abs(commands[:, 2])
    braking = np.maximum(speed / config.stop_decel, turn / config.stop_angular_decel)
    needed = config.reaction_time + np.maximum(0.5 * braking, config.time_constant)
    times = needed[:, None] * np.linspace(0.0, 1.0, PART_SAMPLES)  # (K, S) s
    poses = _swept(commands, times, velocity, config.time_constant)  # (K, S, 3)
    gaps = _gap(*_seen_from(poses.reshape(-1, 3), points[:, 0], points[:, 1]), config)
    gaps = gaps.reshape(*poses.shape[:2], len(points))
    is_inside = gaps[:, :1] < margins
    is_met = (gaps < margins) & (~is_inside | (gaps < gaps[:, :1] - CLOSING))
    return np.logical_not(np.any(is_met.reshape(len(commands), -1), axis=1))


def step_off(points: Array, margins: Array, config: ControllerConfig) -> VelocityCommand:
    """Slowly away from the nearest return, where that is inside its margin and the way off is free; else a stop.

    A robot that has come to stand inside a margin may find every way shut, since all but one lead nearer.
    Arguments as for ``allowed_share``.
    """
    gaps = gap_to_footprint(points, config)
    index = int(np.argmin(gaps - margins)) if len(points) else 0
    if not len(points) or gaps[index] > margins[index]:
        return STOP
    hull = np.clip(points[index], *(0.5 * np.outer((-1.0, 1.0), (config.robot_length, config.robot_width))))
    off = hull - points[index]
    size = float(np.linalg.norm(off))
    if size < NOTHING:
        return STOP
    command = VelocityCommand(OFF * float(off[0]) / size, OFF * float(off[1]) / size)
    return command if allowed_share(command, points, margins, config) >= 1.0 else STOP


def allowed_share(
    command: VelocityCommand,
    points: Array,
    margins: Array,
    config: ControllerConfig,
    velocity: VelocityCommand = STOP,
) -> float:
    """Share 0..1 of ``command`` from which the robot can still stop before the first return its footprint would meet.

    Args:
        command: true body velocity wanted.
        points: (N, 2) returns in base_link, floor and own hull removed.
        margins: (N,) room to keep around each, m.
        config: footprint, reaction time, braking and time constant.
        velocity: the robot's own; what the command does not keep of it dies away with the time constant.
    """
    if command == STOP or not len(points):
        return 1.0
    contact = time_to_contact(command, points, margins, config, velocity)
    speed = math.hypot(command.vx, command.vy)
    braking = max(speed / config.stop_decel, abs(command.wz) / config.stop_angular_decel, 1e-3)
    reaction = config.reaction_time
    # share s moves s*(reaction + s*braking/2) seconds' worth of the full command before it stands; solve for contact
    share = (math.sqrt(reaction**2 + 2.0 * braking * contact) - reaction) / braking
    share = min(share, contact / (reaction + config.time_constant))  # the same for speed that falls by equal shares
    return share if share < 1.0 else 1.0


def time_to_contact(
    command: VelocityCommand,
    points: Array,
    margins: Array,
    config: ControllerConfig,
    velocity: VelocityCommand = STOP,
) -> float:
    """Seconds until the footprint, moving as commanded, comes within its margin of a return; inf beyond the horizon."""
    times = np.linspace(0.0, HORIZON, SAMPLES + 1)
    poses = _swept(_row(command), times, velocity, config.time_constant)[0]
    reach = 0.5 * math.hypot(config.robot_length, config.robot_width) + float(margins.max(initial=0.0))
    (x0, y0), (x1, y1) = poses[:, :2].min(axis=0) - reach, poses[:, :2].max(axis=0) + reach
    x, y = points[:, 0], points[:, 1]
    near = np.flatnonzero((x > x0) & (x < x1) & (y > y0) & (y < y1))
    if not len(near):
        return math.inf
    margins = margins[near]
    gaps = _gap(*_seen_from(poses, x[near], y[near]), config)  # (K, N)
    is_inside = gaps[0] < margins
    if np.any(is_inside & (gaps[1] < gaps[0] - CLOSING)):
        return 0.0
    blocked = (gaps < margins) & (~is_inside | (gaps < gaps[0] - SCRAPE))
    hit = np.flatnonzero(blocked.any(axis=1))
    if not len(hit):
        return math.inf
    first = int(hit[0])
    return _crossing(times, gaps[:, blocked[first]], margins[blocked[first]], first)


def _swept(commands: Array, times: Array, velocity: VelocityCommand, time_constant: float) -> Array:
    """(K, T, 3) poses on the way of commands (K, 3), displaced by what each does not keep of the robot's own velocity.

    That part dies away exponentially: it carries the robot on by ``time_constant`` seconds' worth of it.
    """
    own = _row(velocity)
    lost = own - np.clip(commands, np.minimum(own, 0.0), np.maximum(own, 0.0))
    return compose(time_constant * lost[:, None], _arcs(commands, times))


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


def solid_points(points_base: Array, config: ControllerConfig) -> Array:
    """(M, 3) sound returns of a sweep (N, 3) that a robot could walk into: floor, ceiling and its own hull left out."""
    points = sound_points(points_base)
    x, y = points[:, 0], points[:, 1]
    height = heights_above_floor(points, config.base_height, config.max_floor_tilt)
    is_solid = (height > config.min_obstacle_height) & (height < config.max_obstacle_height)
    is_solid &= (np.abs(x) < REACH) & (np.abs(y) < REACH)
    points = points[is_solid]
    return points[_gap(points[:, 0], points[:, 1], config) > SELF_MARGIN]


def sound_points(points_base: Array) -> Array:
    """(M, 3) returns that are finite and not the zeros a driver writes where nothing came back."""
    points = np.asarray(points_base).reshape(-1, 3)
    size = np.abs(points)
    largest = np.maximum(np.maximum(size[:, 0], size[:, 1]), size[:, 2])  # NaN where one is
    is_sound = (largest > NOTHING) & (largest < math.inf)
    return points if is_sound.all() else points[is_sound]


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
    """(K, N) x and y of places (N,) in the frame of each pose (K, 3)."""
    c, s = np.cos(poses[:, 2])[:, None], np.sin(poses[:, 2])[:, None]
    dx, dy = x - poses[:, :1], y - poses[:, 1:2]
    return c * dx + s * dy, c * dy - s * dx


def _crossing(times: Array, gaps: Array, margins: Array, first: int) -> float:
    """Time between samples ``first - 1`` and ``first`` at which the earliest of the gaps (K, M) falls to its margin."""
    before, after = gaps[first - 1], gaps[first]
    level = np.minimum(margins, before)  # one already inside its margin is met at once
    share = np.clip((before - level) / np.maximum(before - after, 1e-9), 0.0, 1.0)
    return float(times[first - 1] + share.min() * (times[first] - times[first - 1]))
