"""The authors' inference settings, one row per benchmark (released configurations of VLT_SCAR and VLT_TT)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from track_common.config import lookup, setting


@dataclass(frozen=True)
class Inference:
    """How answers of the network become a new box."""

    penalty_k: float = setting(0.04, "how strongly a change of size or shape is punished", low=0.0)
    lr: float = setting(0.33, "share of the new size in the update, before the score", low=0.0, high=1.0)
    window_influence: float = setting(0.3, "weight of the Hann window about the old place", low=0.0, high=1.0)
    colour_share: float = setting(
        0.0,
        "how much the first frame's colours decide (siamese/colour.py, VLT_SCAR only); authors: 0",
        low=0.0,
        high=1.0,
    )


SCAR_SETTINGS = {
    "LaSOT": Inference(0.04, 0.33, 0.3),
    "TNL2K": Inference(0.04, 0.33, 0.3),
    "GOT-10k": Inference(0.06, 0.7, 0.1),
    "TrackingNet": Inference(0.04, 0.33, 0.3),
    "OTB2015": Inference(0.2, 0.35, 0.45),
    "VOT2019": Inference(0.2, 0.35, 0.45),
    "NFS30": Inference(0.2, 0.35, 0.45),
    "TC128": Inference(0.063, 0.519, 0.49),
    "UAV123": Inference(0.2, 0.4, 0.3),
    "TOTB": Inference(0.103, 0.82, 0.49),
}
TT_SETTINGS = {
    "LaSOT": Inference(0.0, 1.0, 0.49),
    "TNL2K": Inference(0.0, 1.0, 0.80),
    "GOT-10k": Inference(0.049, 1.0, 0.49),
    "TrackingNet": Inference(0.049, 1.0, 0.49),
    "OTB2015": Inference(0.147, 0.699, 0.49),
    "VOT2019": Inference(0.143, 0.803, 0.49),
    "NFS30": Inference(0.015, 0.944, 0.49),
    "TC128": Inference(0.063, 0.519, 0.49),
    "UAV123": Inference(0.128, 0.913, 0.49),
    "TOTB": Inference(0.103, 0.82, 0.49),
}


def settings_row(table: Mapping[str, Inference], benchmark: str) -> Inference:
    """The row of a benchmark, however it is written ("LaSOT", "LASOTTEST", "GOT10K"); ConfigError names the rows."""
    plain = {_plain(name): name for name in table}
    return lookup("benchmark", plain.get(_plain(benchmark), benchmark), table)


def _plain(name: str) -> str:
    return name.upper().replace("-", "").replace("_", "").removesuffix("TEST")
