"""Compare this implementation with a parity file of the authors' outputs, array by array (`trackvla vlt parity FILE`).

A file holds no weights: both sides make them from names and a seed (``parity_fixtures``; cases in docs/vlt.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlt_ros.model import parity_bert, parity_network, parity_tracking

TOLERANCE = 1e-4  # |got - wanted| <= TOLERANCE (1 + |wanted|)
PIXELS = 0.05  # px, of boxes after whole tracking runs
INPUTS = ("pipe/maps_", "/dataset", "/init_xywh", "loss/pred_", "/ids", "/mask", "meta_json", "check_param_names")
INFORMATIONAL = ("zero/hidden_first16", "zero/feature")  # BERT with nothing unmasked: undefined across library versions

Arrays = Mapping[str, NDArray[np.generic]]


class ParityError(ValueError):
    """A file that is no parity file."""


@dataclass(frozen=True)
class Deviation:
    """One array's comparison.

    Attributes:
        name: of the array in the file.
        worst: largest |got - wanted| / (1 + |wanted|); in pixels for whole tracking runs; 0 or inf for exact arrays.
        limit: the largest that passes.
        note: "input" where the file only hands the values over, "informational", or what is wrong.
    """

    name: str
    worst: float
    limit: float
    note: str = ""

    @property
    def is_ok(self) -> bool:
        """True where the array passes."""
        return self.worst <= self.limit


def check(file: Path, seed: int | None = None) -> list[Deviation]:
    """Every array of a parity file against ours, in the file's order.

    Args:
        file: made by the rule of docs/vlt.md, any seed.
        seed: of a BERT file, which does not name its own; None tries the two published seeds.

    Raises:
        ParityError: the file is none of the three kinds.
    """
    with np.load(file, allow_pickle=False) as stored:
        wanted = {name: stored[name] for name in stored.files}
    if "a/ids" in wanted:
        got = parity_bert.reproduce(wanted, seed)
    elif "meta_json" in wanted:
        meta = json.loads(str(wanted["meta_json"]))
        case = parity_network.make_case(meta)
        got = parity_network.reproduce(case, wanted) | parity_tracking.reproduce(case, wanted)
    else:
        raise ParityError(
            f"{file} holds neither 'meta_json' nor 'a/ids'; wanted a vlt_scar, vlt_tt or vlt_bert parity file"
        )
    return [compare(name, array, got.get(name)) for name, array in wanted.items()]


def compare(name: str, wanted: NDArray[np.generic], got: NDArray[np.generic] | None) -> Deviation:
    """One array's deviation; another shape or a missing array fails with infinity."""
    if name.endswith(INPUTS):
        return Deviation(name, 0.0, 0.0, "input")
    if any(part in name for part in INPUTS):
        return Deviation(name, 0.0, 0.0, "input")
    if got is None:
        return Deviation(name, float("inf"), TOLERANCE, "not reproduced")
    if got.shape != wanted.shape:
        return Deviation(name, float("inf"), TOLERANCE, f"shape {got.shape}, wanted {wanted.shape}")
    if not np.issubdtype(wanted.dtype, np.floating):
        return Deviation(name, 0.0 if np.array_equal(got, wanted) else float("inf"), 0.0, "exact")
    if not np.all(np.isfinite(got.astype(float))):
        return Deviation(name, float("inf"), TOLERANCE, "not finite")
    apart = np.abs(got.astype(float) - wanted)
    if name.startswith("e2e"):
        return Deviation(name, float(apart.max()), PIXELS, "px")
    limit = float("inf") if name in INFORMATIONAL else TOLERANCE
    note = "informational" if name in INFORMATIONAL else ""
    return Deviation(name, float((apart / (1 + np.abs(wanted))).max(initial=0.0)), limit, note)
