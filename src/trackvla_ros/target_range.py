"""Where a person stands, from a box and the LiDAR returns in it: the measurement behind box -> trajectory.

A camera 0.4 m above the floor sees only legs and torso nearer than 1.7 m, so no single cue holds at every range. Each
edge of the box that is not cut off by the image gives one: the lower edge meets the floor, the upper edge a head of
about known height; the width is the last resort. LiDAR points inside the box, if any agree, replace them all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from track_common.boxes import clip_to_image, is_usable
from track_common.types import Array, Camera

EDGE_PX = 3.0  # px; an edge this close to the image border is taken as cut off
MIN_RANGE, MAX_RANGE = 0.25, 15.0  # m; nearer the box fills the image, farther it is a few pixels
SLOPE_STD = 0.02  # rad; detector edges (about 4 px at 640) and the pitch of a trotting base
LEAST_RISE = 4.0  # spreads of body height; a camera nearer to eye level cannot range by the head
STEP_STD = 0.12  # m; half a stride between the foot that is seen and the body's axis
BESIDE_PX = 25.0  # px beside a box in which whatever hides a person begins
CLUSTER_GAP = 0.35  # m; returns farther apart in range belong to different things
MIN_CLUSTER = 3  # returns; fewer are noise
SURFACE_TO_AXIS = 0.12  # m; a LiDAR sees the skin, the filter follows the axis
LIDAR_STD = 0.08  # m; spread of the returns of a walking body
SLIVER = 0.4  # share of the body width; a narrower box shows a body half behind something
HIDDEN_DOUBT = 3.0  # what shows of it may be any part: the measurement is this much worse
BEARING_STD = 0.02  # rad; 6 px of 640 at HFOV 90


@dataclass(frozen=True)
class Person:
    """What is assumed of a person's size, metres: mean and spread of adults of both sexes."""

    height: float = 1.70
    height_std: float = 0.10
    width: float = 0.50
    width_std: float = 0.13


ANIMALS = {  # COCO class: the same of adults of common breeds, seen from any side
    "bird": Person(0.3, 0.15, 0.3, 0.15),
    "cat": Person(0.35, 0.08, 0.4, 0.2),
    "dog": Person(0.6, 0.2, 0.6, 0.3),
    "sheep": Person(0.9, 0.15, 0.8, 0.35),
    "bear": Person(1.3, 0.3, 1.2, 0.5),
    "cow": Person(1.5, 0.2, 1.5, 0.7),
    "zebra": Person(1.5, 0.2, 1.4, 0.6),
    "horse": Person(1.9, 0.3, 1.5, 0.7),
    "elephant": Person(3.0, 0.5, 3.0, 1.3),
    "giraffe": Person(4.8, 0.6, 2.0, 0.8),
}


@dataclass(frozen=True, eq=False)
class Measurement:
    """One look at the target: position_base (2,) m, its covariance (2, 2) m^2, and what gave the range.

    ``is_hidden``: only a sliver of the body shows; ``is_doubtful``: and nothing says which part of it.
    """

    position_base: Array
    covariance: Array
    source: str
    is_hidden: bool
    is_doubtful: bool


def measure(
    box_xyxy: Array, camera: Camera, points_base: Array | None, person: Person, ground: float = 0.0
) -> Measurement | None:
    """Place the person of a box on the floor; None for a box that is empty, not finite or outside the image.

    Args:
        box_xyxy: (4,) pixels.
        camera: with T_base_camera at the image stamp.
        points_base: (N, 3) LiDAR returns in base_link at the image stamp, or None.
        person: size prior.
        ground: height of the floor in base_link, m (0 where base_link lies on the floor, -0.31 for a GO2's).
    """
    if not is_usable(box_xyxy, camera.width, camera.height):
        return None
    box = clip_to_image(box_xyxy, camera.width, camera.height)
    distance, std = range_from_box(box, camera, person, ground)
    source, cut = "box", cut_sides(box, camera)
    is_at_border = any(cut)
    if points_base is not None and len(points_base):
        seen = _project(points_base, camera, ground)
        lidar = _range_from_seen(seen, box, (distance, std))
        if lidar is not None:
            distance, std, source = lidar, LIDAR_STD, "lidar"
        cut = cut[0] or _is_covered(seen, box[0], box, distance), cut[1] or _is_covered(seen, box[2], box, distance)
    is_placed = cut[0] != cut[1]  # one side shows: the axis lies half a body's width from it
    is_hidden = not is_at_border and (box[2] - box[0]) * distance / camera.fx < SLIVER * person.width
    is_doubtful = is_hidden and not is_placed
    doubt = HIDDEN_DOUBT if is_doubtful else 1.0
    bearing = bearing_of_box(box, camera, distance, person, cut)
    along = np.array([math.cos(bearing), math.sin(bearing)])
    across = np.array([-along[1], along[0]])
    side_std = max(distance * BEARING_STD, 0.03 if not is_placed else 0.1)
    covariance = doubt**2 * (std**2 * np.outer(along, along) + side_std**2 * np.outer(across, across))
    position = camera.T_base_camera[:2, 3] + distance * along
    return Measurement(position, covariance, source, bool(is_hidden), bool(is_doubtful))


def range_from_box(box_xyxy: Array, camera: Camera, person: Person, ground: float) -> tuple[float, float]:
    """Horizontal distance from the camera and its standard deviation (m), from the edges that are not cut off."""
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    column = 0.5 * (x0 + x1)
    eye = float(camera.T_base_camera[2, 3]) - ground
    cues = []
    if y1 < camera.height - EDGE_PX:
        cues.append(_range_at_height(camera, column, y1, -eye, STEP_STD))
    rise = person.height - eye
    if y0 > EDGE_PX and rise > LEAST_RISE * person.height_std:
        cues.append(_range_at_height(camera, column, y0, rise, person.height_std / rise, relative=True))
    found = [cue for cue in cues if cue is not None]
    if len(found) == 2:
        return _merge(*found)
    if found:
        return found[0]
    return _range_from_width(x0, x1, camera, person)


def cut_sides(box_xyxy: Array, camera: Camera) -> tuple[bool, bool]:
    """Whether the image cuts the box off on its left and on its right."""
    return bool(box_xyxy[0] <= EDGE_PX), bool(box_xyxy[2] >= camera.width - EDGE_PX)


def bearing_of_box(box_xyxy: Array, camera: Camera, distance: float, person: Person, cut: tuple[bool, bool]) -> float:
    """Direction (rad, in base_link) of the person's axis; a side cut off is replaced by half a body's width."""
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    half = 0.5 * person.width * camera.fx / max(distance, MIN_RANGE)
    column = 0.5 * (x0 + x1)
    if cut[0] and not cut[1]:
        column = min(column, x1 - half)
    elif cut[1] and not cut[0]:
        column = max(column, x0 + half)
    ray = _ray(camera, column, 0.5 * (y0 + y1))
    return math.atan2(ray[1], ray[0])


def range_from_points(
    points_base: Array, box_xyxy: Array, camera: Camera, prior: tuple[float, float], ground: float
) -> float | None:
    """Distance (m) of the cluster of returns in the box that best agrees with ``prior`` (distance, std), or None.

    Only the middle of the box counts: at its sides the background shows.
    """
    return _range_from_seen(_project(points_base, camera, ground), box_xyxy, prior)


def is_in_sight(points_base: Array, place: Array, ground: float) -> bool:
    """True where no LiDAR return lies on the way to half a metre before ``place`` (2,) in base_link."""
    distance = float(np.linalg.norm(place))
    along = np.asarray(points_base, float)[:, :2] @ (place / max(distance, 1e-6))
    across = points_base[:, 0] * place[1] / max(distance, 1e-6) - points_base[:, 1] * place[0] / max(distance, 1e-6)
    is_between = (along > 0.4) & (along < distance - 0.5) & (np.abs(across) < 0.15)
    return int(np.sum(is_between & (points_base[:, 2] > ground + 0.2))) < MIN_CLUSTER


def _project(points_base: Array, camera: Camera, ground: float) -> Array:
    """(N, 3) column, row (px) and horizontal distance from the camera (m) of the returns above the floor before it."""
    points = np.asarray(points_base, float)
    points = points[np.all(np.isfinite(points), axis=1) & (points[:, 2] > ground + 0.15)]
    rotation, origin = camera.T_base_camera[:3, :3], camera.T_base_camera[:3, 3]
    optical = (points - origin) @ rotation
    ahead = optical[:, 2] > 0.1
    points, optical = points[ahead], optical[ahead]
    u = camera.fx * optical[:, 0] / optical[:, 2] + camera.cx
    v = camera.fy * optical[:, 1] / optical[:, 2] + camera.cy
    return np.column_stack([u, v, np.hypot(*(points[:, :2] - origin[:2]).T)])


def _range_from_seen(seen: Array, box_xyxy: Array, prior: tuple[float, float]) -> float | None:
    x0, y0, x1, y1 = box_xyxy
    inset = 0.2 * (x1 - x0)
    inside = (seen[:, 0] > x0 + inset) & (seen[:, 0] < x1 - inset) & (seen[:, 1] > y0) & (seen[:, 1] < y1)
    distances = np.sort(seen[inside, 2])
    if len(distances) < MIN_CLUSTER:
        return None
    distance, std = prior[0], math.hypot(prior[1], 0.25)
    clusters = np.split(distances, np.flatnonzero(np.diff(distances) > CLUSTER_GAP) + 1)
    best, best_score = None, 0.0
    for cluster in clusters:
        near = float(np.percentile(cluster, 30)) + SURFACE_TO_AXIS
        miss = (near - distance) / std
        score = math.sqrt(len(cluster)) * math.exp(-0.5 * miss * miss)
        if len(cluster) >= MIN_CLUSTER and abs(miss) < 3.0 and score > best_score:
            best, best_score = near, score
    return best


def _is_covered(seen: Array, edge: float, box_xyxy: Array, distance: float) -> bool:
    """True where, just outside this edge of the box, something stands nearer than the person: it hides the rest."""
    outward = math.copysign(BESIDE_PX, edge - 0.5 * (box_xyxy[0] + box_xyxy[2]))
    low, high = sorted((edge, edge + outward))
    beside = (seen[:, 0] > low) & (seen[:, 0] < high) & (seen[:, 1] > box_xyxy[1]) & (seen[:, 1] < box_xyxy[3])
    return int(np.sum(beside & (seen[:, 2] < distance - CLUSTER_GAP))) >= MIN_CLUSTER


def _ray(camera: Camera, column: float, row: float) -> Array:
    """(3,) direction in base_link through a pixel."""
    optical = np.array([(column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy, 1.0])
    return camera.T_base_camera[:3, :3] @ optical


def _range_at_height(
    camera: Camera, column: float, row: float, rise: float, std: float, relative: bool = False
) -> tuple[float, float] | None:
    """Distance at which the ray through a pixel has risen by ``rise`` (m); None where it never does."""
    ray = _ray(camera, column, row)
    slope = float(ray[2]) / math.hypot(ray[0], ray[1])
    if slope * rise <= 0.0 or abs(slope) < abs(rise) / MAX_RANGE:
        return None
    distance = max(rise / slope, MIN_RANGE)
    model = std * distance if relative else std
    return distance, math.hypot(model, distance**2 / abs(rise) * SLOPE_STD)


def _merge(floor: tuple[float, float], head: tuple[float, float]) -> tuple[float, float]:
    """Both ends seen: their weighted mean, or the head alone where the feet are hidden behind something."""
    (near, near_std), (far, far_std) = floor, head
    if near - far > 3.0 * math.hypot(near_std, far_std):
        return head
    a, b = 1.0 / near_std**2, 1.0 / far_std**2
    return (a * near + b * far) / (a + b), (a + b) ** -0.5


def _range_from_width(x0: float, x1: float, camera: Camera, person: Person) -> tuple[float, float]:
    """Both ends cut off: the body's width, which is a poor ruler and, cut off itself, only an upper bound."""
    distance = min(max(camera.fx * person.width / max(x1 - x0, 1.0), MIN_RANGE), MAX_RANGE)
    is_cut = x0 <= EDGE_PX or x1 >= camera.width - EDGE_PX
    return distance, distance * (0.5 if is_cut else person.width_std / person.width)
