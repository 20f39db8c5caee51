"""Where and how a network runs: device, number format, compiled or not; refused by name where the machine cannot.

What is compiled are the parts whose work is pure tensors: tower, language model, diffusion transformer. Prompts grow
while the history fills, so the language model is compiled for any length.
"""

from __future__ import annotations

import torch

from track_common.config import ConfigError, lookup
from trackvla_ros.model.config import COMPILE_MODES
from trackvla_ros.model.quantise import quantise_linears
from trackvla_ros.model.trackvla import TrackVla

MODES = {"default": "default", "cuda_graphs": "reduce-overhead"}  # ours: torch.compile's


def check_execution(device: str, compile_mode: str = "off") -> torch.device:
    """The device, if this machine has it and can do what is asked there.

    Raises:
        ConfigError: naming the setting, what was asked for and what there is.
    """
    lookup("compile", compile_mode, dict.fromkeys(COMPILE_MODES))
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"device '{device}' is no torch device; wanted cpu, cuda or cuda:1 ({error})") from error
    if found.type == "cuda":
        count = torch.cuda.device_count()
        if (found.index or 0) >= count:
            raise ConfigError(f"device '{device}': torch {torch.__version__} sees {count} CUDA devices here; use cpu")
    elif compile_mode == "cuda_graphs":
        raise ConfigError(f"compile 'cuda_graphs' needs a CUDA device; device is '{device}'; use default or off")
    return found


def prepare(model: TrackVla, device: torch.device, dtype: str, compile_mode: str) -> TrackVla:
    """The model on its device; for ``int8`` with quantised linear layers in the language model, compiled if asked."""
    if dtype == "int8":
        quantise_linears(model.language.model)
    model = model.to(device).eval()
    if compile_mode == "off":
        return model
    model.vision.compile(mode=MODES[compile_mode])
    dit = getattr(model.head, "dit", None)
    if dit is not None:
        dit.compile(mode=MODES[compile_mode])
    if model.config.head.kind != "autoregressive":  # that one feeds a cache, whose tensors come and go
        model.language.model.compile(mode=MODES[compile_mode], dynamic=True)
    return model
