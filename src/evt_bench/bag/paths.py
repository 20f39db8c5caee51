"""Where robot, target and others went, seen from above: from the simulator's truth, else from odometry and planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evt_bench.bag.clock import longest
from evt_bench.bag.clouds import clouds_base, solid
from evt_bench.bag.recording import Recording, Sample
from track_common.geometry import transform_points
from track_common.types import Array

TRUTH, ESTIMATE = "ground truth", "odometry and the planner's target_point"
MAX_GAP = 0.5  # s between samples that may be joined; the target estimated at longer intervals is not known in between
PERSON_RADIUS = 0.6  # m around a person's middle: their arms and legs
CELL = 0.05  # m; obstacle points closer than that are one


@dataclass(frozen=True, eq=False)
class Paths:
    """Paths in one frame by stamp, from one source.

    Attributes:
        source: ``TRUTH`` or ``ESTIMATE``.
        robot: (N, 4) stamp s, x m, y m, yaw rad.
        target: (M, 3) stamp, x, y; M = 0 where nothing says where the target is.
        others: (K, 3) of each further person by name; none without ground truth.
    """

    source: str
    robot: Array
    target: Array
    others: Mapping[str, Array]

    def robot_at(self, stamps: Array) -> Array:
        """(S, 3) x, y, yaw at ``stamps``, interpolated; NaN where it is not known."""
        unwrapped = np.column_stack([self.robot[:, :3], np.unwrap(self.robot[:, 3])])
        return interpolate(unwrapped, stamps)

    def target_at(self, stamps: Array) -> Array:
        """(S, 2) x, y at ``stamps``, interpolated; NaN where it is not known."""
        return interpolate(self.target, stamps)


def read_paths(recording: Recording) -> Paths | None:
    """None where the bag has no pose of the robot at all."""
    name = "ground_truth/robot" if recording.has_ground_truth else "odom"
    robot = np.array([(s.stamp, *s.value.pose) for s in recording.tracks[name]]).reshape(-1, 4)
    robot = _rising(_finite(robot))
    if not len(robot):
        return None
    if recording.has_ground_truth:
        target, others = _true_people(recording.tracks["ground_truth/people"])
        return Paths(TRUTH, robot, target, others)
    bare = Paths(ESTIMATE, robot, np.zeros((0, 3)), {})
    return Paths(ESTIMATE, robot, _estimated_target(recording.tracks["target_point"], bare), {})


def interpolate(track: Array, stamps: Array) -> Array:
    """(S, D) values of a track (N, 1 + D) at ``stamps``; NaN outside it and inside gaps above ``MAX_GAP``."""
    if not len(track):
        return np.full((len(stamps), track.shape[1] - 1), np.nan)
    values = np.column_stack([np.interp(stamps, track[:, 0], column) for column in track[:, 1:].T])
    after = np.clip(np.searchsorted(track[:, 0], stamps), 0, len(track) - 1)
    before = np.where(track[after, 0] > stamps, np.maximum(after - 1, 0), after)
    is_far = (np.abs(stamps - track[before, 0]) > MAX_GAP) | (np.abs(track[after, 0] - stamps) > MAX_GAP)
    slack = 1e-6  # s; stamps of one instant that went through nanoseconds
    is_outside = (stamps < track[0, 0] - slack) | (stamps > track[-1, 0] + slack)
    values[is_far | is_outside] = np.nan
    return values


def obstacle_points(recording: Recording, paths: Paths, period: float = 0.5) -> Array:
    """(N, 2) LiDAR returns in the frame of the paths, one cloud per ``period`` seconds, thinned to ``CELL``.

    Returns near where a person is known to be at that moment are left out.
    """
    seen: set[tuple[int, int]] = set()
    for stamp, points in clouds_base(recording, period):
        pose = paths.robot_at(np.array([stamp]))[0]
        if np.all(np.isfinite(pose)):
            still = _without_people(transform_points(pose, solid(points)), paths, stamp)
            seen.update(map(tuple, np.round(still / CELL).astype(int).tolist()))
    return np.array(sorted(seen), float).reshape(-1, 2) * CELL


def _without_people(points: Array, paths: Paths, stamp: float) -> Array:
    for track in (paths.target, *paths.others.values()):
        middle = interpolate(track, np.array([stamp]))[0]
        if np.all(np.isfinite(middle)):
            points = points[np.linalg.norm(points - middle, axis=1) > PERSON_RADIUS]
    return points


def _true_people(samples: list[Sample]) -> tuple[Array, dict[str, Array]]:
    rows: dict[str, list[tuple[float, float, float]]] = {}
    targets: set[str] = set()
    for sample in samples:
        for name, person in sample.value.items():
            rows.setdefault(name, []).append((sample.stamp, *person.position[:2]))
            targets |= {name} if person.is_target else set()
    tracks = {name: _rising(_finite(np.array(values))) for name, values in rows.items()}
    target = next((tracks[name] for name in sorted(targets)), np.zeros((0, 3)))
    return target, {name: track for name, track in tracks.items() if name not in targets}


def _estimated_target(samples: list[Sample], robot: Paths) -> Array:
    stamps = np.array([sample.stamp for sample in samples])
    poses = robot.robot_at(stamps)
    points = np.array([sample.value[:2] for sample in samples]).reshape(-1, 2)
    track = np.column_stack([stamps, transform_points(poses, points)])
    return _rising(_finite(track))


def _finite(track: Array) -> Array:
    return track[np.all(np.isfinite(track), axis=1)]


def _rising(track: Array) -> Array:
    """The longest stretch of rows on one clock, without those not later than all before.

    A stamp from 1970 or the future, or a clock that was set while recording, begins a stretch of its own.
    """
    kept = track[longest(track[:, 0])]
    latest = np.maximum.accumulate(kept[:, 0])
    return kept[np.concatenate([np.ones(len(kept[:1]), bool), kept[1:, 0] > latest[:-1]])]
