"""A film of a run: the camera's images with boxes, instruction and trajectory, beside them a map and the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evt_bench.bag.clouds import clouds_base, solid, transform_to_base
from evt_bench.bag.following import FAR, NEAR
from evt_bench.bag.images import ImageError, rgb_of
from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.paths import Paths, read_paths
from evt_bench.bag.recording import Recording, Sample
from evt_bench.bag.top_view import BACKGROUND, ROBOT, SIZE, TARGET, Surroundings, draw_top_view
from track_common.drawing import TRUTH, draw_box, draw_sighting, draw_text, draw_trajectory
from track_common.film import FilmWriter
from track_common.geometry import relative, transform_points
from track_common.types import Array, Camera

HEIGHT = 480  # px, of the camera's image in the film and of the panel beside it
MAX_AGE = 0.5  # s after which a box or trajectory is no longer shown
RATES = (1.0, 60.0)  # frames per second a film may have
STATUS_COLOURS = {
    "tracked": (60, 220, 120),
    "coasting": (240, 200, 60),
    "searching": (240, 150, 40),
    "lost": (255, 80, 60),
    "stopped": (200, 120, 220),
    "idle": (150, 150, 160),
}
WHITE = (235, 235, 235)
GAUGE = (16, 130, 288, 18)  # px in the readouts: left, top, width, height of the distance bar
GAUGE_RANGE = 5.0  # m at its right end


@dataclass(frozen=True, eq=False)
class _Moment:
    """What is known at the stamp of one image."""

    stamp: float
    rgb: NDArray[np.uint8]
    cloud_base: Array
    sighting: Sample | None
    trajectory: Sample | None
    truth: Sample | None
    status: Sample | None
    command: Sample | None
    candidates: Sample | None


def save_film(recording: Recording, path: Path | str, progress: Callable[[int, int], None] | None = None) -> int:
    """Write an MP4; returns its number of frames. ``progress(done, total)`` is called after each image.

    Raises:
        BagReadError: the bag has no images.
    """
    if recording.image_name is None:
        raise BagReadError(f"{recording.path} holds no images; record image_raw or image_raw/compressed for a film")
    stamps = recording.stamps(recording.image_name)
    camera, paths = camera_of(recording), read_paths(recording)
    frames = 0
    with FilmWriter(path, _rate(stamps)) as film:
        for moment in _moments(recording):
            film.write(np.hstack([_picture(recording, moment, camera, paths), _panel(moment, paths, stamps[0])]))
            frames += 1
            if progress is not None:
                progress(frames, len(stamps))
    return frames


def camera_of(recording: Recording) -> Camera | None:
    """The camera and where it sits, from camera_info and tf_static; None where either is missing."""
    if not recording.tracks["camera_info"]:
        return None
    info = recording.tracks["camera_info"][-1].value
    mount = transform_to_base(recording, info.header.frame_id)
    if mount is None:
        return None
    k = info.k
    return Camera(info.width, info.height, float(k[0]), float(k[4]), float(k[2]), float(k[5]), mount)


def _rate(stamps: Array) -> float:
    span = float(stamps[-1] - stamps[0])
    return float(np.clip((len(stamps) - 1) / span, *RATES)) if span > 0.0 else RATES[0]


def _moments(recording: Recording) -> Iterator[_Moment]:
    """Every image that can be decoded, with the newest of all else at its stamp."""
    clouds = clouds_base(recording)
    cloud, following_cloud = np.zeros((0, 3)), next(clouds, None)
    for sample in recording.decoded(str(recording.image_name)):
        while following_cloud is not None and following_cloud[0] <= sample.stamp:
            cloud, following_cloud = following_cloud[1], next(clouds, None)
        try:
            rgb = rgb_of(sample.value)
        except ImageError:
            continue
        names = (
            "target_box",
            "trajectory",
            "ground_truth/target_box",
            "target_status",
            "cmd_vel",
            "trajectory/candidates",
        )
        yield _Moment(sample.stamp, rgb, cloud, *(_newest(recording, name, sample.stamp) for name in names))


def _newest(recording: Recording, name: str, stamp: float) -> Sample | None:
    """The newest sample not younger than the image, unless it is older than ``MAX_AGE``."""
    stamps = recording.stamps(name)
    place = int(np.searchsorted(stamps, stamp, side="right")) - 1
    if place < 0 or stamp - stamps[place] > MAX_AGE:
        return None
    return recording.tracks[name][place]


def _picture(recording: Recording, moment: _Moment, camera: Camera | None, paths: Paths | None) -> NDArray[np.uint8]:
    """The image with everything drawn in, ``HEIGHT`` high."""
    rgb = moment.rgb
    if camera is not None and moment.candidates is not None:
        rgb = _with_candidates(rgb, camera, moment, paths)
    if camera is not None and moment.trajectory is not None and len(moment.trajectory.value.poses_base):
        rgb = draw_trajectory(rgb, camera, plan_now(moment.trajectory, moment.stamp, paths))
    if moment.truth is not None and moment.truth.value.box is not None:
        rgb = draw_box(rgb, moment.truth.value.box.xyxy, "", TRUTH, thickness=1)
        rgb = draw_text(rgb, "true box", (rgb.shape[1], 0), TRUTH)
    if moment.sighting is not None:
        rgb = draw_sighting(rgb, moment.sighting.value)
    said = [s.value for s in recording.tracks["instruction"] if s.stamp <= moment.stamp + MAX_AGE]
    if said:
        rgb = draw_text(rgb, said[-1][:90], (8, rgb.shape[0] - 8), WHITE)
    width = round(rgb.shape[1] * HEIGHT / rgb.shape[0] / 2) * 2
    return rgb if rgb.shape[:2] == (HEIGHT, width) else np.asarray(cv2.resize(rgb, (width, HEIGHT)), np.uint8)


def _with_candidates(rgb: NDArray[np.uint8], camera: Camera, moment: _Moment, paths: Paths | None) -> NDArray[np.uint8]:
    """The trajectories the network weighed, bad ones dark, good ones yellow, and the best one's score."""
    assert moment.candidates is not None
    found, planned = moment.candidates.value, moment.candidates.stamp
    for candidate in found:
        points = carried(candidate.points_base, planned, moment.stamp, paths)
        rgb = draw_trajectory(rgb, camera, points, candidate.colour, 1)
    scores = [c.score for c in found if c.score is not None]
    if scores:
        words = f"best of {len(found)} trajectories: {max(scores):.2f}"
        rgb = draw_text(rgb, words, (rgb.shape[1], rgb.shape[0] - 8), found[-1].colour)
    return rgb


def plan_now(trajectory: Sample, stamp: float, paths: Paths | None) -> Array:
    """(H, 2) the planned path in base_link at ``stamp``; as planned where the robot's own path is not known."""
    return carried(trajectory.value.poses_base[:, :2], trajectory.stamp, stamp, paths)


def carried(points_base: Array, planned: float, stamp: float, paths: Paths | None) -> Array:
    """Points (N, 2) of base_link at ``planned`` (s) in base_link at ``stamp``; those not finite are left out."""
    points = points_base[np.all(np.isfinite(points_base), axis=1)]
    if paths is None:
        return points
    then, now = paths.robot_at(np.array([planned, stamp]))
    if not np.all(np.isfinite([then, now])):
        return points
    return transform_points(relative(now, then), points)


def _panel(moment: _Moment, paths: Paths | None, start: float) -> NDArray[np.uint8]:
    """(HEIGHT, SIZE, 3): map above, figures below."""
    plan = np.zeros((0, 2)) if moment.trajectory is None else plan_now(moment.trajectory, moment.stamp, paths)
    weighed = moment.candidates
    lines = (
        ()
        if weighed is None
        else [(carried(c.points_base, weighed.stamp, moment.stamp, paths), c.colour) for c in weighed.value]
    )
    view = draw_top_view(paths, Surroundings(moment.stamp, solid(moment.cloud_base), plan, lines))
    return np.vstack([view, _readouts(moment, paths, start)])


def _readouts(moment: _Moment, paths: Paths | None, start: float) -> NDArray[np.uint8]:
    panel = np.full((HEIGHT - SIZE, SIZE, 3), BACKGROUND, np.uint8)
    status = moment.status.value if moment.status is not None else ""
    _write(panel, f"{moment.stamp - start:5.1f} s", (16, 30), WHITE)
    _write(panel, status, (150, 30), STATUS_COLOURS.get(status, WHITE))
    commanded = (
        "" if moment.command is None else f"  (asked {np.hypot(moment.command.value.vx, moment.command.value.vy):.2f})"
    )
    distance, speed = _distance_and_speed(paths, moment.stamp)
    _write(panel, f"speed     {_figure(speed, 'm/s')}{commanded}", (16, 64), ROBOT)
    _write(panel, f"distance  {_figure(distance, 'm')}", (16, 98), TARGET)
    _draw_gauge(panel, distance)
    return panel


def _distance_and_speed(paths: Paths | None, stamp: float) -> tuple[float, float]:
    """Metres to the target, m/s over the last 0.2 s; NaN where not known."""
    if paths is None:
        return np.nan, np.nan
    stamps = np.array([stamp - 0.2, stamp])
    before, now = paths.robot_at(stamps)[:, :2]
    gap = paths.target_at(stamps)[1] - now
    return float(np.hypot(*gap)), float(np.hypot(*(now - before)) / 0.2)


def _figure(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if np.isfinite(value) else "n/a"


def _draw_gauge(panel: NDArray[np.uint8], distance: float) -> None:
    """A bar from 0 to ``GAUGE_RANGE`` m with the followed band and a mark at the distance."""
    left, top, width, height = GAUGE
    scale = width / GAUGE_RANGE
    cv2.rectangle(panel, (left, top), (left + width, top + height), (60, 62, 66), cv2.FILLED)
    low, high = int(left + NEAR * scale), int(left + FAR * scale)
    cv2.rectangle(panel, (low, top), (high, top + height), (0, 110, 80), cv2.FILLED)
    if np.isfinite(distance):
        mark = int(left + min(distance, GAUGE_RANGE) * scale)
        cv2.rectangle(panel, (mark - 2, top - 4), (mark + 2, top + height + 4), TARGET, cv2.FILLED)


def _write(panel: NDArray[np.uint8], text: str, place: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(panel, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
