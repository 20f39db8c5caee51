"""A TrackVLA checkpoint folder: config.json, model.safetensors or shards, anchors, tokenizer files, a model card."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from huggingface_hub import save_torch_state_dict
from torch import Tensor, nn

from trackvla_ros.model.anchors import AnchorSet, fan_anchors, load_anchors, save_anchors
from trackvla_ros.model.checkpoint import (
    CheckpointError,
    assign_tensors,
    check_shapes,
    read_json,
    reading,
    safetensors_files,
    stored_shapes,
    stored_tensors,
)
from trackvla_ros.model.config import DTYPE_NAMES, TrackVlaConfig, config_from_dict, config_to_dict
from trackvla_ros.model.tokens import WORDS_FILE, Tokenizer, build_tokenizer
from trackvla_ros.model.trackvla import TrackVla

FORMAT = 1  # of the folder; raise it when a reader of today could not read it
CONFIG_FILE = "config.json"
EXTENTS = ("width", "mlp_width", "heads", "kv_heads", "vocabulary", "bins")  # settings that tensors grow with
MAX_SHARD = "5GB"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    WORDS_FILE,
)
DTYPES: Mapping[str, torch.dtype] = {name: getattr(torch, name) for name in DTYPE_NAMES}


@dataclass(frozen=True)
class PartInfo:
    """Size of one part of the model."""

    part: str
    parameters: int
    megabytes: float
    dtype: str


def build_random(config: TrackVlaConfig, anchors: AnchorSet | None = None, seed: int = 0) -> TrackVla:
    """A model with random weights; a fan of arcs stands in for anchors that were never learned."""
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    head = config.head
    model = TrackVla(config, anchors or fan_anchors(head.anchors, head.waypoints, head.waypoint_period))
    torch.random.set_rng_state(state)
    return model


def build_empty(config: TrackVlaConfig, anchors: AnchorSet | None = None) -> TrackVla:
    """The model's structure without memory for its weights (meta device), of any size; buffers are real."""
    head = config.head
    with init_empty_weights(include_buffers=False):
        return TrackVla(config, anchors or fan_anchors(head.anchors, head.waypoints, head.waypoint_period))


def save_model(
    model: TrackVla,
    anchors: AnchorSet,
    folder: Path,
    notes: Mapping[str, Any],
    tokenizer_folder: Path | None = None,
    state: Mapping[str, Tensor] | None = None,
) -> None:
    """Write the folder; ``notes`` says where the weights come from and goes into config.json and the model card.

    ``state`` stands in for the model's own weights where these are spread over processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_torch_state_dict(dict(state or model.state_dict()), str(folder), max_shard_size=MAX_SHARD)
    save_anchors(anchors, folder)
    stored = {"format": FORMAT, "model": config_to_dict(model.config), "notes": dict(notes)}
    (folder / CONFIG_FILE).write_text(json.dumps(stored, indent=2))
    for name in TOKENIZER_FILES:
        if tokenizer_folder is not None and (tokenizer_folder / name).is_file():
            shutil.copy(tokenizer_folder / name, folder / name)
    (folder / "README.md").write_text(model_card(model, notes))


def load_model(folder: Path, dtype: torch.dtype | None = None) -> tuple[TrackVla, Tokenizer]:
    """Model in eval mode and tokenizer of a folder; all but the head in ``dtype`` (None: as stored).

    Raises:
        CheckpointError, AnchorError, ConfigError, FileNotFoundError: naming file, key or setting.
    """
    config, _ = read_config(folder)
    files = safetensors_files(folder)
    shapes = stored_shapes(files)
    _check_extent(config, shapes, folder)
    model = build_empty(config, load_anchors(folder))
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    check_shapes(wanted, shapes, str(folder))
    assign_tensors(model, stored_tensors(files), lambda _, value: value)
    cast(model, dtype)
    return model.eval(), build_tokenizer(config.language, folder)


def _check_extent(config: TrackVlaConfig, shapes: Mapping[str, tuple[int, ...]], folder: Path) -> None:
    """Refuse a configuration far larger than the weights before it is built: a billion layers never end."""
    parts = {"vision": config.vision, "language": config.language, "head": config.head}
    limits = {"depth": len(shapes), **dict.fromkeys(EXTENTS, sum(math.prod(shape) for shape in shapes.values()))}
    for (part, settings), (name, limit) in product(parts.items(), limits.items()):
        value = getattr(settings, name, 0)
        if value > limit:
            raise CheckpointError(
                f"{folder / CONFIG_FILE} has {part}.{name} {value}, more than its weights hold; wanted at most {limit}"
            )


def read_config(folder: Path) -> tuple[TrackVlaConfig, dict[str, Any]]:
    """Configuration and notes of a folder.

    Raises:
        CheckpointError: no config.json of ours; ConfigError: a value in it is not allowed.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise CheckpointError(f"{path} is missing; give a folder written by `trackvla model import` or by training")
    stored = read_json(path)
    if stored.get("format") != FORMAT:
        raise CheckpointError(f"{path} has format {stored.get('format')!r}; this version reads {FORMAT}")
    with reading(path):
        return config_from_dict(stored["model"]), stored.get("notes", {})


def cast(model: TrackVla, dtype: torch.dtype | None) -> TrackVla:
    """Everything but the action head in ``dtype``; the head stays float32: it is cheap, its rounding is not."""
    nn.ModuleList([model.vision, model.projector, model.language]).to(dtype)
    model.head.float()
    if model.target is not None:
        model.target.float()
    return model


def describe(model: TrackVla) -> list[PartInfo]:
    """Parameters and memory of each part and of the whole, also for a model without memory."""
    parts = {name: part for name, part in model.named_children()} | {"total": model}
    return [
        PartInfo(
            name,
            sum(p.numel() for p in part.parameters()),
            sum(p.numel() * p.element_size() for p in part.parameters()) / 1e6,
            "/".join(sorted({str(p.dtype).removeprefix("torch.") for p in part.parameters()})),
        )
        for name, part in parts.items()
    ]


def model_card(model: TrackVla, notes: Mapping[str, Any]) -> str:
    """README.md of a checkpoint folder."""
    sizes = "\n".join(f"| {i.part} | {i.parameters:,} | {i.dtype} |" for i in describe(model))
    origin = "\n".join(f"- {name}: {value}" for name, value in notes.items()) or "- random weights"
    return (
        "# TrackVLA checkpoint\n\nAn open implementation of TrackVLA (arXiv 2505.23189); not the authors' weights.\n\n"
        f"| part | parameters | dtype |\n|---|---|---|\n{sizes}\n\n## Where the weights come from\n{origin}\n\n"
        "Trajectories: metres and radians in base_link at the image stamp. The licences of EVA-CLIP, Vicuna (Llama 2) "
        "and of the training data apply.\n"
    )
