"""Trajectory anchors: k-means over expert trajectories, and the scale that takes metres and radians to [-1, 1].

They are part of a trained model: saved as ``anchors.safetensors`` beside its weights, never computed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.cluster.vq import kmeans2

from track_common.geometry import wrap_angle
from track_common.types import Array

ANCHOR_FILE = "anchors.safetensors"
MIN_SPAN = 0.1  # m or rad; a dimension that never moves still gets a scale


class AnchorError(ValueError):
    """Anchors that are missing, unsound or do not fit the model; the message names file and shape."""


@dataclass(frozen=True, eq=False)
class AnchorSet:
    """Anchors (K, H, 3) of x, y (m), yaw (rad) in the base frame at the image stamp, and their scale.

    Attributes:
        low, high: (3,) values taken to -1 and 1.
        waypoint_period: seconds between waypoints; the first is one period after the image.
    """

    poses: Array
    low: Array
    high: Array
    waypoint_period: float

    def __post_init__(self) -> None:
        """Raises AnchorError where shapes, order of the bounds or values are wrong."""
        if (
            self.poses.ndim != 3
            or not self.poses.size
            or self.poses.shape[-1] != 3
            or self.low.shape != (3,)
            or self.high.shape != (3,)
        ):
            raise AnchorError(
                f"anchors {self.poses.shape}, bounds {self.low.shape}, {self.high.shape}; wanted (K, H, 3), (3,), (3,)"
            )
        if not all(np.all(np.isfinite(a)) for a in (self.poses, self.low, self.high)) or np.any(self.low >= self.high):
            raise AnchorError(f"anchors or their bounds are not finite and rising: low {self.low}, high {self.high}")


def cluster_anchors(
    trajectories: Array,
    count: int,
    waypoint_period: float,
    yaw_weight: float = 0.4,
    seed: int = 0,
    margin: float = 0.1,
) -> AnchorSet:
    """Anchors of expert trajectories (N, H, 3), base frame, by k-means++ with a fixed seed.

    Yaw is unwrapped along each trajectory and counts ``yaw_weight`` metres a radian. The scale is the trajectories'
    range and ``margin`` of it at both ends, so that a noisy or new trajectory stays inside [-1, 1].

    Raises:
        AnchorError: fewer trajectories than anchors.
    """
    if len(trajectories) < count:
        raise AnchorError(f"{len(trajectories)} trajectories for {count} anchors; wanted at least as many")
    smooth = np.array(trajectories, float)
    smooth[..., 2] = np.unwrap(smooth[..., 2], axis=1)
    weights = np.array([1.0, 1.0, yaw_weight])
    points = (smooth * weights).reshape(len(smooth), -1)
    centres, _ = kmeans2(points, count, iter=50, minit="++", rng=np.random.default_rng(seed))
    poses = centres.reshape(count, -1, 3) / weights
    poses[..., 2] = wrap_angle(poses[..., 2])
    smooth[..., 2] = wrap_angle(smooth[..., 2])
    low, high = smooth.min(axis=(0, 1)), smooth.max(axis=(0, 1))
    pad = margin * (high - low) + MIN_SPAN / 2
    return AnchorSet(poses, low - pad, high + pad, waypoint_period)


def fan_anchors(count: int, waypoints: int, waypoint_period: float, max_speed: float = 1.5) -> AnchorSet:
    """A fan of constant-speed arcs, for a model that has seen no data yet: speeds 0.1 to 1 of ``max_speed`` (m/s)."""
    columns = max(1, int(round(count**0.5)))
    index = np.arange(count)
    speed = max_speed * (0.1 + 0.9 * (index // columns) / max(1, (count - 1) // columns))
    turn = 1.2 * (2.0 * (index % columns) / max(1, columns - 1) - 1.0) if columns > 1 else np.zeros(count)  # rad/s
    times = waypoint_period * np.arange(1, waypoints + 1)
    yaw = turn[:, None] * times
    arc = speed[:, None] * times
    poses = np.stack([arc * np.sinc(yaw / np.pi), arc * np.sinc(yaw / 2 / np.pi) * np.sin(yaw / 2), yaw], axis=-1)
    reach = max(1.0, 1.5 * max_speed * times[-1])
    bound = np.array([reach, reach, np.pi])
    return AnchorSet(poses, -bound, bound, waypoint_period)


def save_anchors(anchors: AnchorSet, folder: Path) -> Path:
    """Write ``anchors.safetensors`` into the folder."""
    path = folder / ANCHOR_FILE
    arrays = {"poses": anchors.poses, "low": anchors.low, "high": anchors.high}
    contiguous = {name: np.ascontiguousarray(value, dtype=np.float64) for name, value in arrays.items()}
    contiguous["waypoint_period"] = np.array([anchors.waypoint_period])
    save_file(contiguous, str(path))
    return path


def load_anchors(folder: Path) -> AnchorSet:
    """Read ``anchors.safetensors``.

    Raises:
        AnchorError: no such file, a damaged one, or an array is missing from it.
    """
    path = folder / ANCHOR_FILE
    if not path.is_file():
        raise AnchorError(
            f"{path} is missing; a trained model needs its own anchors, make them with `trackvla model anchors`"
        )
    try:
        arrays = load_file(str(path))
    except Exception as error:  # whatever the parser raises for a damaged file
        raise AnchorError(f"{path} is damaged or cut short ({type(error).__name__}: {error}); copy it again") from error
    missing = {"poses", "low", "high", "waypoint_period"} - set(arrays)
    if missing:
        raise AnchorError(f"{path} lacks {', '.join(sorted(missing))}")
    if arrays["waypoint_period"].size != 1:
        raise AnchorError(f"{path} has waypoint_period {arrays['waypoint_period'].shape}; wanted one number")
    return AnchorSet(arrays["poses"], arrays["low"], arrays["high"], float(arrays["waypoint_period"].item()))
