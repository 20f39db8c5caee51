"""Load a snapshot of MiniCPM-RobotTrack or OmTrackVLA: every key checked, nothing guessed, no random weight served."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import torch
from accelerate import init_empty_weights
from torch import Tensor

from trackvla_ros.model.checkpoint import (
    CheckpointError,
    assign_tensors,
    check_shapes,
    listed,
    safetensors_files,
    stored_shapes,
    stored_tensors,
)
from trackvla_ros.open_vla.model.architecture import VARIANTS, Architecture, read_architecture, unused_shapes
from trackvla_ros.open_vla.model.tvi import (
    TviModel,
    checkpoint_shapes,
    fold_residual_scale,
    residual_scale,
    to_stored_key,
)

_log = logging.getLogger(__name__)


def load_tvi(
    folder: Path, llm_path: Path | None = None, dtype: torch.dtype = torch.float32, ignore_pickled: bool = False
) -> TviModel:
    """The network of a snapshot folder, in eval mode; head, projector and markers stay float32 (as they are stored).

    Args:
        folder: holds config.json and model.safetensors.
        llm_path: OmTrackVLA only: folder with Qwen3's config.json.
        dtype: of the language model.
        ignore_pickled: accept a .bin or .pt lying beside the safetensors (it is never read).

    Raises:
        CheckpointError: naming file, key or setting.
    """
    architecture = read_architecture(folder, llm_path)
    files = safetensors_files(folder)
    _refuse_pickled(folder, ignore_pickled)
    found = stored_shapes(files)
    _refuse_other_names(architecture, found, folder)
    with init_empty_weights(include_buffers=False):
        model = TviModel(architecture)
    check_shapes(checkpoint_shapes(model), found, str(folder))
    scale = residual_scale(architecture)

    def change(key: str, value: Tensor) -> Tensor:
        folded = fold_residual_scale(key, value.float(), scale)
        return folded.to(dtype) if key.startswith("backbone.") else folded

    assign_tensors(model, _our_names(model, files), change)
    _log.info("%s: %s, sha256 %s", architecture.variant.name, folder, checksum(files[0])[:16])
    return model.eval().requires_grad_(False)


def checksum(path: Path) -> str:
    """sha256 of a file, to tell one training from another."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _our_names(model: TviModel, files: list[Path]) -> Iterator[tuple[str, Tensor]]:
    ours = {to_stored_key(model.architecture, key): key for key in model.state_dict()}
    unused = unused_shapes(model.architecture)
    return ((ours[key], value) for key, value in stored_tensors(files) if key not in unused)


def _refuse_pickled(folder: Path, ignore: bool) -> None:
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in (".bin", ".pt", ".pth"))
    if pickled and not ignore:
        raise CheckpointError(
            f"{folder} also holds {listed(pickled)}, which may be another training (OmTrackVLA's is); "
            "remove it, or set ignore_pickled to use the safetensors"
        )


def _refuse_other_names(architecture: Architecture, found: dict[str, tuple[int, ...]], folder: Path) -> None:
    """A file with the other variant's names, with or without the leading "model.", is told apart from a broken one."""
    wanted = architecture.variant
    probe = to_stored_key(architecture, "control_query")
    if probe in found:
        return
    for variant in VARIANTS.values():
        stored = variant.keys["control_query"]
        for name in (stored, stored.removeprefix("model."), f"model.{stored}"):
            if name in found:
                raise CheckpointError(
                    f"{folder} has legacy or foreign names ('{name}'; wanted '{probe}' for {wanted.name}); "
                    "use the published model.safetensors of that model"
                )
