"""Observations and trajectories as maps that msgpack packs, and back, each number checked on arrival."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from track_common.interfaces import Observation
from track_common.types import Array, Box, Camera, Frame, Odometry, Sighting, TargetStatus, Trajectory
from trackvla_ros.remote.fields import Fields, ProtocolError, packed_array

MAX_LABEL, MAX_REASON = 64, 500  # characters
MAX_BOXES, MAX_WAYPOINTS, MAX_CANDIDATES = 64, 200, 1000
MAX_SIDE = 100_000  # px
FAR = 100.0  # m, rad or s; a waypoint or a horizon beyond it is nonsense
ODOMETRY = tuple(field.name for field in dataclasses.fields(Odometry))  # in this order
PLANAR = 7  # of them without height and attitude
NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


def map_from_observation(observation: Observation) -> dict[str, Any]:
    """All but the pixels, which travel as JPEG, and the LiDAR's sweep, which stays on the robot."""
    frame, sighting, odometry = observation.frame, observation.sighting, observation.odometry
    return {
        "stamp": float(frame.stamp),
        "camera": None if frame.camera is None else _map_from_camera(frame.camera),
        "sighting": None if sighting is None else _map_from_sighting(sighting),
        "odometry": None if odometry is None else packed_array(_numbers(odometry)),
    }


def take_observation(fields: Fields) -> Observation:
    """What ``map_from_observation`` wrote; its frame has no pixels yet.

    Raises:
        ProtocolError: naming the field that is not as it should be.
    """
    camera, sighting = fields.map("camera"), fields.map("sighting")
    odometry = fields.maybe_array("odometry", (len(ODOMETRY),), may_be_less=True)
    if odometry is not None and len(odometry) < PLANAR:
        raise ProtocolError(f"message.odometry has {len(odometry)} numbers; wanted {PLANAR} to {len(ODOMETRY)}")
    return Observation(
        Frame(NO_PIXELS, fields.number("stamp"), None if camera is None else _take_camera(camera)),
        None if sighting is None else _take_sighting(sighting),
        odometry=None if odometry is None else Odometry(*odometry.tolist()),
    )


def map_from_trajectory(trajectory: Trajectory) -> dict[str, Any]:
    """All of it, the stamp too."""
    target = trajectory.target_base
    return {
        "stamp": float(trajectory.stamp),
        "poses": packed_array(trajectory.poses_base),
        "times": packed_array(trajectory.times),
        "status": trajectory.status.value,
        "reason": trajectory.reason[:MAX_REASON],
        "target": None if target is None else packed_array(target),
        "candidates": packed_array(trajectory.candidates_base),
        "scores": packed_array(trajectory.scores),
    }


def take_trajectory(fields: Fields) -> Trajectory:
    """What ``map_from_trajectory`` wrote.

    Raises:
        ProtocolError: not finite, too large, of the wrong shape, out of order or off to nowhere.
    """
    poses = fields.array("poses", (MAX_WAYPOINTS, 3), may_be_less=True)
    times = fields.array("times", (len(poses),))
    if poses.shape[1] != 3 or np.abs(poses).max(initial=0.0) > FAR:
        raise ProtocolError(f"message.poses {list(poses.shape)} has other than 3 columns or a number beyond {FAR:g}")
    if (np.diff(times) <= 0.0).any() or np.abs(times).max(initial=0.0) > FAR:
        raise ProtocolError(f"message.times does not rise, or goes beyond {FAR:g} s")
    candidates = fields.array("candidates", (MAX_CANDIDATES, MAX_WAYPOINTS, 3), may_be_less=True)
    status = fields.text("status", MAX_LABEL)
    known = [known.value for known in TargetStatus]
    if status not in known:
        raise ProtocolError(f"message.status is '{status}'; wanted one of {', '.join(known)}")
    return Trajectory(
        fields.number("stamp"),
        poses,
        times,
        TargetStatus(status),
        fields.maybe_array("target", (3,)),
        candidates,
        fields.array("scores", (len(candidates),)),
        fields.text("reason", MAX_REASON),
    )


def _numbers(odometry: Odometry) -> Array:
    return np.array([getattr(odometry, name) for name in ODOMETRY], float)


def _map_from_camera(camera: Camera) -> dict[str, Any]:
    return {
        "width": int(camera.width),
        "height": int(camera.height),
        "lens": packed_array(np.array([camera.fx, camera.fy, camera.cx, camera.cy], float)),
        "mount": packed_array(camera.T_base_camera),
    }


def _take_camera(fields: Fields) -> Camera:
    width, height = (fields.integer(name, low=1, high=MAX_SIDE) for name in ("width", "height"))
    lens, mount = fields.array("lens", (4,)), fields.array("mount", (4, 4))
    fields.end()
    if not (lens[:2] > 0.0).all():
        raise ProtocolError(f"message.camera has focal lengths {lens[:2].tolist()} px; wanted positive ones")
    fx, fy, cx, cy = lens.tolist()
    return Camera(width, height, fx, fy, cx, cy, mount)


def _map_from_sighting(sighting: Sighting) -> dict[str, Any]:
    return {
        "stamp": float(sighting.stamp),
        "box": None if sighting.box is None else _map_from_box(sighting.box),
        "others": [_map_from_box(box) for box in sighting.others[:MAX_BOXES]],
    }


def _take_sighting(fields: Fields) -> Sighting:
    stamp, box = fields.number("stamp"), fields.map("box")
    others = tuple(_take_box(other) for other in fields.maps("others", MAX_BOXES))
    fields.end()
    return Sighting(stamp, None if box is None else _take_box(box), others)


def _map_from_box(box: Box) -> dict[str, Any]:
    return {"xyxy": packed_array(box.xyxy), "score": float(box.score), "label": box.label[:MAX_LABEL]}


def _take_box(fields: Fields) -> Box:
    box = Box(fields.array("xyxy", (4,)), fields.number("score"), fields.text("label", MAX_LABEL))
    fields.end()
    return box
