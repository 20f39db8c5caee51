"""What a person looks like in one image: colour shares per body region for words, striped histograms for the memory.

Colour in stripes told people of one camera apart better than ImageNet features did (37/37, 145/156 and 153/241 right on
TUD-Campus, Stadtmitte and PETS against 29, 109 and 126), at a fiftieth of the time; see docs/tracking.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array, Camera
from vlt_ros.colours import LEVELS, cell_lch, membership_table, pixel_cells
from vlt_ros.words import Attribute, Description, ParsedInstruction

GRID = (64, 32)  # samples down and across the box
RING = 0.2  # share of the box's sides sampled around it as background
REGIONS = {  # heights as shares of the body, 0 = crown, 1 = sole (proportions of standing adults, 8-head canon)
    "head": (0.0, 0.13),
    "torso": (0.17, 0.45),
    "coat": (0.17, 0.56),
    "dress": (0.17, 0.62),
    "body": (0.17, 0.90),
    "hips": (0.47, 0.62),
    "legs": (0.54, 0.90),
    "feet": (0.93, 1.0),
    "whole": (0.0, 1.0),  # of animals and things
}
STRIPES = ((0.15, 0.33), (0.33, 0.52), (0.54, 0.90))  # chest, belly, legs
BODY_ASPECT = 0.38  # width / height of a walking adult's box
BODY_HEIGHT = 1.7  # m
BODY_WIDTH = 0.55  # m, a walking adult's box
EDGE = 3.0  # px; a box nearer to the image border than this is cut by it
MIN_VISIBLE = 0.35  # share of a region's height that must be in the image to be judged
SHARE_FLOOR = 0.05  # colour share below which less is no further evidence
SHARE_BASE = 0.12  # colour share of a person the word does not fit
CLEARLY_SHOWN = 0.7  # nats; an excluded colour covers about 30 % of its region, twice what it would by chance
TOLERATED = 0.2  # of the log ratio of a colour that would show in more light
PRESENCE = 0.15  # share that counts as fully present for one of several colours

Judge = Callable[[Attribute, bool], float]  # attribute, in any light -> log ratio


@dataclass(frozen=True, eq=False)
class Appearance:
    """One person in one image.

    Attributes:
        evidence: how well the words fit, mean log ratio of the judged attributes (nats, about -1.2..1.8), less what
            shows of excluded ones; NaN = none.
        fits: the same of everybody else the sentence describes, the least of their attributes (nats); NaN = none.
        stripes: (3, D) colour histograms, each summing to 1; all zero where the stripe is out of the image.
    """

    evidence: float
    stripes: Array
    fits: Mapping[Description, float] = field(default_factory=dict)


def look(
    rgb: NDArray[np.uint8], box_xyxy: Array, instruction: ParsedInstruction, camera: Camera | None = None
) -> Appearance:
    """Appearance of the person inside a box (4,) of an image (H, W, 3)."""
    cells, across, down = _sample(rgb, box_xyxy)
    top, bottom = body_span(box_xyxy, rgb.shape[1], rgb.shape[0], camera)
    heights = top + (bottom - top) * down
    weights = _foreground(cells, across, down)
    judge = partial(_fit, cells, weights, heights, (top, bottom))
    fits = {other: _least(judge, other) for other in others_of(instruction)}
    stripes = np.stack([_histogram(cells, weights, heights, stripe, (top, bottom)) for stripe in STRIPES])
    return Appearance(_evidence(judge, instruction.target), stripes, fits)


@lru_cache(maxsize=64)
def others_of(instruction: ParsedInstruction) -> tuple[Description, ...]:
    """Everybody and everything the sentence describes beside its target."""
    found = list(instruction.excluded_people)
    waiting = [instruction.target, *instruction.excluded_people]
    while waiting:
        sides = [other for relation in waiting.pop().relations for other in relation.others]
        found += sides
        waiting += sides
    return tuple(dict.fromkeys(found))


def similarity(first: Array, second: Array) -> float:
    """Mean Bhattacharyya coefficient 0..1 of the stripes (3, D) both people show; 0.5 where none is shared."""
    shown = (first.sum(axis=1) > 0.0) & (second.sum(axis=1) > 0.0)
    if not shown.any():
        return 0.5
    return float(np.sqrt(first[shown] * second[shown]).sum(axis=1).mean())


def body_span(box_xyxy: Array, width: int, height: int, camera: Camera | None) -> tuple[float, float]:
    """Which part of the body a box shows: heights of its top and bottom edge, 0 = crown, 1 = sole.

    A box cut by the upper image border shows no head: at 1-2 m a camera at knee height sees legs and torso only. The
    camera's mount tells the height exactly; without it the box's width does roughly.
    """
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    is_cut_top, is_cut_bottom = y0 <= EDGE, y1 >= height - EDGE
    if not (is_cut_top or is_cut_bottom):
        return 0.0, 1.0
    if camera is not None:
        return _span_by_camera(x1 - x0, (y0, y1), (is_cut_top, is_cut_bottom), camera)
    shown = float(np.clip((y1 - y0) * BODY_ASPECT / max(x1 - x0, 1.0), 0.2, 1.0))
    if is_cut_top and is_cut_bottom:
        middle = 0.5  # neither end is known
        return middle - shown / 2.0, middle + shown / 2.0
    return (1.0 - shown, 1.0) if is_cut_top else (0.0, shown)


def _span_by_camera(
    box_width: float, rows: tuple[float, float], is_cut: tuple[bool, bool], camera: Camera
) -> tuple[float, float]:
    """``body_span`` from the mount: distance from the feet where they are seen, else from the width."""
    rise_top, rise_bottom = (_rise(row, camera) for row in rows)
    mount_height = float(camera.T_base_camera[2, 3])
    distance = camera.fx * BODY_WIDTH / max(box_width, 1.0)
    if not is_cut[1] and rise_bottom < -1e-3:
        distance = mount_height / -rise_bottom
    top = 1.0 - (mount_height + distance * rise_top) / BODY_HEIGHT if is_cut[0] else 0.0
    bottom = 1.0 - (mount_height + distance * rise_bottom) / BODY_HEIGHT if is_cut[1] else 1.0
    top = float(np.clip(top, 0.0, 0.8))
    return top, float(np.clip(bottom, top + 0.15, 1.0))


def _rise(row: float, camera: Camera) -> float:
    """Metres up per metre ahead along the ray of an image row, in base_link."""
    ray = camera.T_base_camera[:3, :3] @ np.array([0.0, (row - camera.cy) / camera.fy, 1.0])
    return float(ray[2] / max(np.hypot(ray[0], ray[1]), 1e-6))


def _sample(rgb: NDArray[np.uint8], box_xyxy: Array) -> tuple[NDArray[np.int32], Array, Array]:
    """Colour cell (R, C) of a grid over box and ring, -1 outside the image, and its box coordinates.

    Returns:
        cells (R, C); across (C,) with -1..1 inside the box; down (R,) with 0..1 inside the box.
    """
    down = (np.arange(GRID[0]) + 0.5) / GRID[0] * (1.0 + 2.0 * RING) - RING
    across = ((np.arange(GRID[1]) + 0.5) / GRID[1] * (1.0 + 2.0 * RING) - RING) * 2.0 - 1.0
    x0, y0, x1, y1 = box_xyxy
    columns = np.floor(x0 + (across + 1.0) / 2.0 * (x1 - x0)).astype(int)
    rows = np.floor(y0 + down * (y1 - y0)).astype(int)
    height, width = rgb.shape[:2]
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))[None, :]
    pixels = rgb[np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1)[None, :]]
    return np.where(inside, pixel_cells(pixels), -1), across, down


def _foreground(cells: NDArray[np.int32], across: Array, down: Array) -> Array:
    """(R, C) weight 0..1 of each sample as part of the person.

    Samples near the middle axis count, those whose colour is commoner in the ring around the box than inside do not.
    """
    inside = (np.abs(across) < 1.0)[None, :] & ((down > 0.0) & (down < 1.0))[:, None]
    prior = np.exp(-0.5 * (across / 0.45) ** 2)[None, :] * inside * (cells >= 0)
    ring = (~inside) & (np.abs(across) < 1.4)[None, :] & (cells >= 0)
    coarse = _coarse_cells()[np.maximum(cells, 0)]
    bins = int(_coarse_cells().max()) + 1
    person = np.bincount(coarse.ravel(), prior.ravel(), bins)
    around = np.bincount(coarse.ravel(), ring.ravel().astype(float), bins)
    person, around = person / max(person.sum(), 1e-9), around / max(around.sum(), 1e-9)
    ratio = (person + 1e-3) / (person + around + 2e-3)
    return prior * ratio[coarse]


def _evidence(judge: Judge, description: Description) -> float:
    """Weighted mean log ratio of the attributes whose region is in the image; NaN where there is none.

    An excluded attribute counts against it as far as it shows, and for nothing where it does not. Where it shows
    clearly, what fits besides counts no more: "in a red shirt, without blue trousers" is not met by the shirt alone.
    """
    against = np.array([judge(attribute, False) for attribute in description.excluded_attributes])
    seen = against[np.isfinite(against)]
    total, norm = 0.0, 0.0
    for attribute in description.attributes:
        fit = judge(attribute, True)
        if np.isfinite(fit):
            total += attribute.weight * fit
            norm += attribute.weight
    if norm == 0.0 and (description.attributes or not len(seen)):
        return float("nan")
    fit, shown = (total / norm if norm > 0.0 else 0.0), max(0.0, float(seen.max(initial=0.0)))
    return (min(fit, 0.0) if shown > CLEARLY_SHOWN else fit) - shown


def _least(judge: Judge, description: Description) -> float:
    """Fit of somebody who is only mentioned: every attribute must fit, no excluded one may show; NaN = none judged."""
    fits = [judge(attribute, False) for attribute in description.attributes]
    fits += [-judge(attribute, False) for attribute in description.excluded_attributes]
    seen = [fit for fit in fits if np.isfinite(fit)]
    return min(seen) if seen else float("nan")


def _fit(
    cells: NDArray[np.int32],
    weights: Array,
    heights: Array,
    span: tuple[float, float],
    attribute: Attribute,
    in_any_light: bool,
) -> float:
    """Log ratio of one attribute; NaN where too little of its region is in the image.

    In any light, a colour that would show in more light speaks for a candidate by ``TOLERATED`` of its log ratio:
    enough not to be refused, too little against somebody who shows it. A denied colour, and one of somebody else in
    the sentence, counts only as the camera shows it.
    """
    region = REGIONS[attribute.region]
    if _visible_share(region, span) < MIN_VISIBLE:
        return float("nan")
    worn = np.sqrt(weights) if len(attribute.colours) > 1 else weights  # the second colour often lies on the sleeves
    worn = worn * _rows(heights, region)[:, None]
    shown = _log_ratio(_share(cells, worn, attribute, False))
    if not in_any_light:
        return shown
    tolerated = _log_ratio(_share(cells, worn, attribute, True))
    return max(shown, TOLERATED * tolerated if tolerated > 0.0 else tolerated)


def _log_ratio(share: float) -> float:
    """Nats of a colour share 0..1 against what a person shows whom the word does not fit."""
    return float(np.log((share + SHARE_FLOOR) / (SHARE_BASE + SHARE_FLOOR)))


def _share(cells: NDArray[np.int32], weights: Array, attribute: Attribute, in_any_light: bool) -> float:
    """Weighted share 0..1 of a region that has the attribute's colours; of several each must be present."""
    norm = float(weights.sum())
    if norm < 1e-6:
        return SHARE_BASE
    tables = [membership_table(name, in_any_light) for name in attribute.colours]
    degrees = np.stack([table[np.maximum(cells, 0)] for table in tables])
    coverage = float((degrees.max(axis=0) * weights).sum()) / norm
    if len(degrees) == 1:
        return coverage
    presence = np.minimum(1.0, (degrees * weights).sum(axis=(1, 2)) / norm / PRESENCE)
    return coverage * float(np.prod(presence)) ** (1.0 / len(degrees))


def _histogram(
    cells: NDArray[np.int32], weights: Array, heights: Array, stripe: tuple[float, float], span: tuple[float, float]
) -> Array:
    """(D,) soft colour histogram of one stripe, summing to 1; zeros where too little of the stripe is in the image."""
    rows = _rows(heights, stripe)
    selected = rows > 0.0
    if _visible_share(stripe, span) < MIN_VISIBLE or not selected.any():
        return np.zeros(_bin_table().shape[1])
    weight = weights[selected].ravel()
    histogram = weight @ _bin_table()[np.maximum(cells[selected].ravel(), 0)]
    total = float(histogram.sum())
    return histogram / total if total > 1e-6 else np.zeros(len(histogram))


def _rows(heights: Array, region: tuple[float, float]) -> Array:
    """(R,) 1 for grid rows inside the region, else 0."""
    return ((heights >= region[0]) & (heights <= region[1])).astype(float)


def _visible_share(region: tuple[float, float], span: tuple[float, float]) -> float:
    return max(0.0, min(region[1], span[1]) - max(region[0], span[0])) / (region[1] - region[0])


@lru_cache(maxsize=1)
def _coarse_cells() -> NDArray[np.int32]:
    """(LEVELS**3,) bin of each RGB cell among 10 steps of CIELAB lightness x 8 x 8 of a and b."""
    lch = cell_lch()
    a, b = (lch[:, 1] * f(np.radians(lch[:, 2])) for f in (np.cos, np.sin))
    steps = [np.clip(lch[:, 0] // 10, 0, 9), np.clip((a + 64) // 16, 0, 7), np.clip((b + 64) // 16, 0, 7)]
    return ((steps[0] * 8 + steps[1]) * 8 + steps[2]).astype(np.int32)


@lru_cache(maxsize=1)
def _bin_table() -> NDArray[np.float32]:
    """(LEVELS**3, D) share of each RGB cell in the bins: 6 lightness steps x (grey, 8 hues), linear between them."""
    lch = cell_lch()
    grey = np.exp(-0.5 * (lch[:, 1] / 10.0) ** 2)
    hue = _linear(lch[:, 2] / 45.0, 8, is_circular=True) * (1.0 - grey)[:, None]
    kinds = np.concatenate([grey[:, None], hue], axis=1)
    steps = _linear(np.clip(lch[:, 0] / 100.0 * 5.0, 0.0, 5.0), 6, is_circular=False)
    return (steps[:, :, None] * kinds[:, None, :]).reshape(LEVELS**3, -1).astype(np.float32)


def _linear(positions: Array, count: int, is_circular: bool) -> Array:
    """(N, count) weights of the two grid points around each position; rows sum to 1."""
    gaps = np.abs(positions[:, None] - np.arange(count))
    if is_circular:
        gaps = np.minimum(gaps, count - gaps)
    return np.clip(1.0 - gaps, 0.0, None)
