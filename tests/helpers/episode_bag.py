"""A bag of a small episode with known figures: what simulator, tracker, planner and controller would have recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from evt_bench.bag.definitions import DefinitionStore
from evt_bench.bag.writer import BagWriter
from helpers.messages import header, quaternion, serialized, stamp

REPOSITORY = Path(__file__).resolve().parents[2]
WALL = 1_700_000_000.0  # s, the computer's clock when the episode's stamp is 0
STANDARD = {
    "/image_raw/compressed": "sensor_msgs/msg/CompressedImage",
    "/camera_info": "sensor_msgs/msg/CameraInfo",
    "/instruction": "std_msgs/msg/String",
    "/target_box": "vision_msgs/msg/Detection2DArray",
    "/trajectory": "nav_msgs/msg/Path",
    "/target_point": "geometry_msgs/msg/PointStamped",
    "/target_status": "std_msgs/msg/String",
    "/points": "sensor_msgs/msg/PointCloud2",
    "/odom": "nav_msgs/msg/Odometry",
    "/tf_static": "tf2_msgs/msg/TFMessage",
    "/cmd_vel": "geometry_msgs/msg/Twist",
    "/ground_truth/robot": "nav_msgs/msg/Odometry",
    "/ground_truth/people": "vision_msgs/msg/Detection3DArray",
    "/ground_truth/target_box": "vision_msgs/msg/Detection2DArray",
    "/ground_truth/clearance": "std_msgs/msg/Float32",
}
WIDTH, HEIGHT, FOCAL = 640, 480, 320.0  # hfov 90 deg
CAMERA_HEIGHT = 0.4  # m


@dataclass(frozen=True)
class Episode:
    """What happens; functions of the stamp, s. Positions in the frame map, m; poses are x, y, yaw.

    Delays are seconds after the image was sent at which box, trajectory and command were.
    """

    duration: float = 10.0
    robot: Callable[[float], tuple[float, float, float]] = lambda t: (t, 0.0, 0.0)
    target: Callable[[float], tuple[float, float]] = lambda t: (t + 2.0, 0.0)
    other: Callable[[float], tuple[float, float]] = lambda t: (6.0 - 0.3 * t, 2.0)
    is_tracked: Callable[[float], bool] = lambda t: True
    clearance: Callable[[float], float] = lambda t: 0.8
    pixels: Callable[[float], float] | None = None  # of the target; default 60 % of its box
    has_pixels: bool = True  # are they recorded
    box_shift: float = 0.0  # share of its width the tracker's box lies beside the true one
    image_delay: float = 0.010
    box_delay: float = 0.030
    trajectory_delay: float = 0.045
    command_delay: float = 0.055
    speed: Callable[[float], float] = lambda t: 1.0  # commanded, m/s
    rate: float = 10.0  # Hz of the camera, and of all that follows from it
    truth_rate: float = 20.0  # Hz of ground truth and odometry
    has_truth: bool = True
    has_images: bool = True
    prefix: str = ""  # namespace of all topics, "/robot1"


def write_episode(folder: Path, episode: Episode, share: tuple[Path, ...] = (REPOSITORY / "interfaces",)) -> Path:
    """Write the bag folder; returns it."""
    definitions = DefinitionStore(share)
    with BagWriter(folder) as writer:
        for topic, kind in STANDARD.items():
            writer.add_topic(episode.prefix + topic, definitions.get(kind))
        for sent, topic, values in sorted(_messages(episode), key=lambda entry: entry[0]):
            data = serialized(definitions.typestore, STANDARD[topic], **values)
            time = round((WALL + sent) * 1e9)
            writer.write(episode.prefix + topic, data, time + 200_000, time)
    return folder


Entry = tuple[float, str, dict[str, Any]]


def _messages(episode: Episode) -> list[Entry]:
    entries: list[Entry] = [
        (0.0, "/instruction", {"data": "follow the woman in the red shirt and black trousers"}),
        (0.0, "/tf_static", {"transforms": [_mount("camera_color_optical_frame"), _mount("lidar")]}),
    ]
    for i in range(round(episode.duration * episode.truth_rate) + 1):
        entries += _truth_messages(episode, i / episode.truth_rate)
    for i in range(round(episode.duration * episode.rate) + 1):
        entries += _flow_messages(episode, i / episode.rate)
    return entries


def _truth_messages(episode: Episode, t: float) -> list[Entry]:
    x, y, yaw = episode.robot(t)
    step = 0.01
    speed = math.hypot(*np.subtract(episode.robot(t + step)[:2], (x, y))) / step
    pose = {"position": {"x": x, "y": y}, "orientation": quaternion(yaw)}
    motion = {"pose": {"pose": pose}, "twist": {"twist": {"linear": {"x": speed}}}}
    entries: list[Entry] = [(t, "/odom", {"header": header(t, "odom"), **motion})]
    if not episode.has_truth:
        return entries
    people = [_person("target", "target", episode.target(t)), _person("other", "distractor", episode.other(t))]
    return [
        *entries,
        (t, "/ground_truth/robot", {"header": header(t, "map"), **motion}),
        (t, "/ground_truth/people", {"header": header(t, "map"), "detections": people}),
        (t, "/ground_truth/clearance", {"data": episode.clearance(t)}),
    ]


def _flow_messages(episode: Episode, t: float) -> list[Entry]:
    box = true_box(episode, t)
    shifted = None if box is None else box + np.array([1.0, 0.0, 1.0, 0.0]) * episode.box_shift * (box[2] - box[0])
    tracked = shifted if episode.is_tracked(t) else None
    target = target_base(episode, t)
    path = [{"header": header(t + 0.1 * k, "base_link"), **_pose(0.1 * k * target)} for k in range(1, 11)]
    sent = t + episode.image_delay
    lens = {"k": [FOCAL, 0, WIDTH / 2, 0, FOCAL, HEIGHT / 2, 0, 0, 1], "width": WIDTH, "height": HEIGHT}
    entries: list[Entry] = [
        (sent, "/camera_info", {"header": header(t, "camera_color_optical_frame"), **lens}),
        (sent + 1e-3, "/points", _cloud(episode, t)),
        (sent + episode.box_delay, "/target_box", _boxes(t, tracked, 0.9)),
        (sent + episode.trajectory_delay, "/trajectory", {"header": header(t, "base_link"), "poses": path}),
        (sent + episode.trajectory_delay, "/target_status", {"data": "lost" if tracked is None else "tracked"}),
        (sent + episode.command_delay, "/cmd_vel", {"linear": {"x": episode.speed(t)}}),
    ]
    if tracked is not None:
        point = {"x": float(target[0]), "y": float(target[1]), "z": 0.9}
        entries.append(
            (sent + episode.trajectory_delay, "/target_point", {"header": header(t, "base_link"), "point": point})
        )
    if episode.has_truth:
        pixels = _pixels(episode, t, box) if episode.has_pixels else None
        entries.append((sent, "/ground_truth/target_box", _boxes(t, box, 1.0, pixels)))
    if episode.has_images:
        values = {"header": header(t, "camera_color_optical_frame"), "format": "jpeg", "data": _jpeg(box)}
        entries.append((sent, "/image_raw/compressed", values))
    return entries


def target_base(episode: Episode, t: float) -> np.ndarray:
    """(2,) the target seen from base_link, m."""
    x, y, yaw = episode.robot(t)
    dx, dy = np.subtract(episode.target(t), (x, y))
    return np.array([math.cos(yaw) * dx + math.sin(yaw) * dy, -math.sin(yaw) * dx + math.cos(yaw) * dy])


def true_box(episode: Episode, t: float) -> np.ndarray | None:
    """Box of a person 1.7 m high and 0.5 m wide in the image, clipped to it; None out of view."""
    forward, left = target_base(episode, t)
    if forward < 0.2:
        return None
    u, top, bottom = -left / forward, -(1.7 - CAMERA_HEIGHT) / forward, CAMERA_HEIGHT / forward
    corners = FOCAL * np.array([u - 0.25 / forward, top, u + 0.25 / forward, bottom])
    box = np.clip(corners + np.tile([WIDTH / 2, HEIGHT / 2], 2), 0.0, np.tile([WIDTH, HEIGHT], 2))
    return box if box[2] - box[0] > 2.0 and box[3] - box[1] > 2.0 else None


def _pose(xy: np.ndarray) -> dict[str, Any]:
    return {"pose": {"position": {"x": float(xy[0]), "y": float(xy[1])}, "orientation": quaternion(0.0)}}


def _mount(child: str) -> dict[str, Any]:
    """Camera looking along x at 0.4 m, LiDAR level at 0.5 m."""
    is_camera = child.startswith("camera")
    turn = {"x": -0.5, "y": 0.5, "z": -0.5, "w": 0.5} if is_camera else {"w": 1.0}
    place = {"x": 0.0, "z": CAMERA_HEIGHT} if is_camera else {"z": 0.5}
    frames = {"header": {"stamp": stamp(0.0), "frame_id": "base_link"}, "child_frame_id": child}
    return {**frames, "transform": {"translation": place, "rotation": turn}}


def _person(name: str, kind: str, xy: tuple[float, float]) -> dict[str, Any]:
    box = {"center": {"position": {"x": xy[0], "y": xy[1], "z": 0.85}}, "size": {"x": 0.5, "y": 0.5, "z": 1.7}}
    return {"id": name, "results": [{"hypothesis": {"class_id": kind, "score": 1.0}}], "bbox": box}


def _pixels(episode: Episode, t: float, box: np.ndarray | None) -> float:
    if box is None or episode.pixels is not None:
        return 0.0 if episode.pixels is None else episode.pixels(t)
    return 0.6 * float((box[2] - box[0]) * (box[3] - box[1]))


def _boxes(t: float, box: np.ndarray | None, score: float, pixels: float | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {"header": header(t, "camera_color_optical_frame")}
    if box is not None:
        x0, y0, x1, y1 = (float(v) for v in box)
        shape = {"center": {"position": {"x": (x0 + x1) / 2, "y": (y0 + y1) / 2}}, "size_x": x1 - x0, "size_y": y1 - y0}
        scores = {"target": score} if pixels is None else {"target": score, "pixels": pixels}
        results = [{"hypothesis": {"class_id": name, "score": value}} for name, value in scores.items()]
        values["detections"] = [{"id": "target", "bbox": shape, "results": results}]
    return values


def _cloud(episode: Episode, t: float) -> dict[str, Any]:
    """A wall 1.5 m to the left of the map's x axis and the target's legs, seen in the frame lidar."""
    x, y, yaw = episode.robot(t)
    along = np.arange(-3.0, 5.0, 0.1)
    wall = np.column_stack([along + round(x, 1) - x, np.full(len(along), 1.5) - y])
    c, s = math.cos(yaw), math.sin(yaw)
    seen = np.vstack([wall @ np.array([[c, -s], [s, c]]), target_base(episode, t)])
    xyz = np.column_stack([seen, np.full(len(seen), 0.0)]).astype(np.float32)
    fields = [{"name": n, "offset": 4 * i, "datatype": 7, "count": 1} for i, n in enumerate("xyz")]
    size = {"height": 1, "width": len(xyz), "point_step": 12, "row_step": 12 * len(xyz)}
    return {"header": header(t, "lidar"), "fields": fields, **size, "data": np.frombuffer(xyz.tobytes(), np.uint8)}


def _jpeg(box: np.ndarray | None) -> np.ndarray:
    bgr = np.full((HEIGHT, WIDTH, 3), 190, np.uint8)
    bgr[HEIGHT // 2 :] = 120
    if box is not None:
        x0, y0, x1, y1 = (int(v) for v in box)
        bgr[y0:y1, x0:x1] = (40, 40, 200)
    return cv2.imencode(".jpg", bgr)[1]
