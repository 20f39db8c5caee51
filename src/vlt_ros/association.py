"""People over time: a motion filter a person and one assignment a frame (detections -> tracks).

The assignment is scipy's; its costs mix overlap and colours, which the packaged trackers do not let one do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from track_common.boxes import from_xyxy, iou, to_xyxy
from track_common.config import setting
from track_common.instruction.parsed import Description
from track_common.types import Array
from vlt_ros.appearance import Appearance, similarity

REFUSED = 1e3  # cost of a pair outside the gate
SIZE_NOISE = 0.1  # of the centre's acceleration noise; sizes change slowly, jumps are two people in one box
PART_OVERLAP = 0.3  # IoU of a person and the same person half hidden, at least
RATE_MEMORY = 1.5  # s; an unseen person's speed fades with this time constant


@dataclass(frozen=True)
class AssociationConfig:
    """How tracks are continued, started and dropped."""

    start_score: float = setting(0.3, "detection score that starts a track", low=0.01, high=1.0)
    max_cost: float = setting(0.75, "assignments dearer than this are refused", low=0.1, high=2.0)
    colour_weight: float = setting(0.8, "share of colour in the cost, the rest is overlap", low=0.0, high=1.0)
    gate: float = setting(0.9, "how far a person may jump between two frames", unit="box sides", low=0.1, high=5.0)
    max_growth: float = setting(
        0.4, "how much a box's height may change, log ratio; more is a part", low=0.05, high=2.0
    )
    keep_duration: float = setting(1.5, "an unseen track is dropped after this", unit="s", low=0.1, high=30.0)
    measurement_noise: float = setting(0.055, "of box edges", unit="box heights", low=0.001, high=1.0)
    acceleration_noise: float = setting(2.0, "of box centres", unit="box heights/s^2", low=0.01, high=100.0)


class BoxFilter:
    """Constant-velocity Kalman filter on centre and size, the four treated alike and apart; noises in box heights."""

    def __init__(self, box_xyxy: Array, config: AssociationConfig) -> None:
        self._config = config
        self._mean = np.stack([from_xyxy(box_xyxy, "cxcywh"), np.zeros(4)])  # (value | rate, 4)
        scale = self._mean[0, 3]
        self._var = np.array([[(config.measurement_noise * scale) ** 2], [0.0], [(0.8 * scale) ** 2]]).repeat(4, axis=1)

    @property
    def box_xyxy(self) -> Array:
        """(4,) the present estimate."""
        return to_xyxy(self._mean[0], "cxcywh")

    @property
    def rate(self) -> Array:
        """(4,) pixels per second of cx, cy, w, h."""
        return self._mean[1]

    def predict(self, elapsed: float, is_coasting: bool) -> None:
        """Go ``elapsed`` seconds on; while coasting the speed fades and the size stays."""
        scale = self._mean[0, 3]
        if is_coasting:
            self._mean[1] *= np.exp(-elapsed / RATE_MEMORY)
            self._mean[1, 2:] = 0.0
        self._mean[0] += elapsed * self._mean[1]
        self._mean[0, 2:] = np.maximum(self._mean[0, 2:], 2.0)
        var, cross, rate_var = self._var
        noise = (self._config.acceleration_noise * scale * np.array([1.0, 1.0, SIZE_NOISE, SIZE_NOISE])) ** 2
        self._var = np.stack(
            [
                var + 2.0 * elapsed * cross + elapsed**2 * rate_var + 0.25 * elapsed**4 * noise,
                cross + elapsed * rate_var + 0.5 * elapsed**3 * noise,
                rate_var + elapsed**2 * noise,
            ]
        )

    def correct(self, box_xyxy: Array, noise_factor: Array | float = 1.0) -> None:
        """Take in a measured box (4,); the factor of its noise may be one each of cx, cy, w, h."""
        var, cross, rate_var = self._var
        noise = (self._config.measurement_noise * self._mean[0, 3] * noise_factor) ** 2
        gain, rate_gain = var / (var + noise), cross / (var + noise)
        error = from_xyxy(box_xyxy, "cxcywh") - self._mean[0]
        self._mean = np.stack([self._mean[0] + gain * error, self._mean[1] + rate_gain * error])
        self._var = np.stack([(1.0 - gain) * var, (1.0 - gain) * cross, rate_var - rate_gain * cross])


@dataclass(eq=False)
class Track:
    """One person followed through the frames.

    Attributes:
        stripes: (3, D) running mean of the colour histograms.
        evidence: running mean of how well the words fit (nats).
        looks: how many frames judged the words.
        unseen: seconds since it was last detected; 0 = in this frame.
        hits: how many detections it was made of.
        score, appearance: the last detection's.
        apart: seconds it was seen beside the target as somebody else.
        fits: running means of how well everybody else whom the sentence mentions fits it (nats).
    """

    identity: int
    filter: BoxFilter
    stripes: Array
    evidence: float
    looks: int
    unseen: float
    hits: int
    score: float
    appearance: Appearance
    apart: float = 0.0
    fits: dict[Description, float] = field(default_factory=dict)

    @property
    def is_seen(self) -> bool:
        """True where the newest frame shows it."""
        return self.unseen == 0.0


def assign(
    tracks: list[Track],
    boxes_xyxy: Array,
    appearances: list[Appearance],
    config: AssociationConfig,
    may_grow: bool = False,
) -> list[tuple[int, int]]:
    """Pairs (track, detection) of least total cost, those beyond the gate or dearer than ``max_cost`` left out.

    ``may_grow``: heights may change beyond ``max_growth``, where one box lies in the other's column.
    """
    if not tracks or len(boxes_xyxy) == 0:
        return []
    costs = _costs(tracks, boxes_xyxy, appearances, config, may_grow)
    rows, columns = linear_sum_assignment(costs)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if costs[r, c] <= config.max_cost]


def _costs(
    tracks: list[Track], boxes_xyxy: Array, appearances: list[Appearance], config: AssociationConfig, may_grow: bool
) -> Array:
    """(T, D) cost of each pair: overlap and colour, ``REFUSED`` outside the gate."""
    predicted = np.stack([t.filter.box_xyxy for t in tracks])
    sides, found = from_xyxy(predicted, "cxcywh"), from_xyxy(boxes_xyxy, "cxcywh")
    overlap = iou(predicted[:, None], boxes_xyxy[None])
    likeness = np.array([[similarity(t.stripes, a.stripes) for a in appearances] for t in tracks])
    slack = config.gate * (1.0 + np.array([t.unseen for t in tracks]))[:, None]
    reach = np.maximum(sides[:, 2], 0.45 * sides[:, 3])[:, None]
    gaps = np.abs(sides[:, None, :2] - found[None, :, :2]) / np.stack([reach, 0.6 * reach], axis=-1)
    growth = np.abs(np.log(found[None, :, 3] / sides[:, None, 3]))
    is_near = (np.hypot(gaps[..., 0], gaps[..., 1]) <= slack) & (growth <= config.max_growth * slack / config.gate)
    if may_grow:
        is_near = (gaps[..., 0] <= slack) & (overlap > PART_OVERLAP)
    distance = np.minimum(1.0, np.hypot(gaps[..., 0], gaps[..., 1]) / 2.0)
    motion = 0.6 * (1.0 - overlap) + 0.4 * distance
    costs = (1.0 - config.colour_weight) * motion + config.colour_weight * 2.0 * (1.0 - likeness)
    return np.where(is_near, costs, REFUSED)
