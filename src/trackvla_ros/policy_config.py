"""Settings of ``policy:=trackvla``; apart from the policy, as nodes declare them without loading torch."""

from __future__ import annotations

from dataclasses import dataclass

from track_common.config import setting
from trackvla_ros.model.config import COMPILE_MODES, DTYPE_NAMES
from trackvla_ros.model.image_config import ImageConfig
from trackvla_ros.model.sizes import SIZES


@dataclass(frozen=True)
class TrackVlaPolicyConfig(ImageConfig):
    """Which weights, where they run, and how frames are prepared."""

    checkpoint: str = setting(
        "", "folder written by training, `trackvla model import` or `trackvla model graphs`; empty: the shipped model"
    )
    random_weights: bool = setting(False, "run an untrained model: for tests and timing only")
    size: str = setting("small", "size of the untrained model", choices=tuple(SIZES))
    device: str = setting("cpu", "torch device: cpu, cuda, cuda:1")
    dtype: str = setting(
        "float32",
        "numbers of tower and language model; int8: weights of the language model's linear layers",
        choices=(*DTYPE_NAMES, "int8"),
    )
    compile: str = setting(
        "off",
        "torch.compile: half a minute at the start, then faster; cuda_graphs: replayed without launches, CUDA only",
        choices=COMPILE_MODES,
    )
    reuse_prefix: bool = setting(
        True, "do not run the unchanged beginning of the prompt again; a compiled model always runs all of it"
    )
    seed: int = setting(0, "of the noise, drawn anew for each episode", low=0)
