"""Public weights -> our checkpoint: Uni-NaVid (projector, Vicuna, tokens), LAVIS's or timm's EVA-CLIP-g, plain Vicuna.

Layouts: reference trackvla.md section 4. Pickled files are read with torch's restricted unpickler, here only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from track_common.training.pickled import PickledError, load_restricted
from trackvla_ros.model.anchors import AnchorSet, fan_anchors
from trackvla_ros.model.checkpoint import CheckpointError, listed, safetensors_files, shards, stored_tensors
from trackvla_ros.model.config import SPECIAL_TOKENS, TrackVlaConfig
from trackvla_ros.model.heads import build_head
from trackvla_ros.model.trackvla import TrackVla
from trackvla_ros.model.weights import build_empty

PREFIXES = (  # first match wins
    ("model.mm_projector.", "projector."),
    ("model.vision_tower.vision_tower.", "vision."),
    ("model.vision_tower.", "vision."),
    ("model.", "language.model."),
    ("lm_head.", "language.lm_head."),
)
IGNORED_KEYS = re.compile(r"rotary_emb\.inv_freq$|^vision\.(norm|fc_norm|head)\.|\.k_bias$|mask_token$")
WRAPPERS = ("model", "module", "state_dict")  # keys under which trainers keep the tensors
WORD_ROWS = ("language.model.embed_tokens.weight", "language.lm_head.weight")


@dataclass(frozen=True)
class ImportReport:
    """What came from where: keys taken, keys known and left out, and keys no part of the model has."""

    taken: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def import_weights(
    config: TrackVlaConfig,
    language: Path | None = None,
    vision: Path | None = None,
    anchors: AnchorSet | None = None,
    seed: int = 0,
) -> tuple[TrackVla, ImportReport]:
    """A model from public files; what none of them holds (the action head, a plain Vicuna's projector) is random.

    Args:
        language: folder of Uni-NaVid or Vicuna: safetensors or .bin, one file or shards.
        vision: eva_vit_g.pth or timm's safetensors; wanted unless the language folder holds the tower.

    Raises:
        CheckpointError: a shape differs, the vocabulary is another, or the tower is in none of the files.
    """
    model = build_empty(config)
    head = config.head
    torch.manual_seed(seed)
    model.head = build_head(config, anchors or fan_anchors(head.anchors, head.waypoints, head.waypoint_period))
    report = ImportReport()
    state: dict[str, Tensor] = {}
    wanted = model.state_dict()
    for key, value in _source_tensors(language, vision):
        if key in wanted:
            state[key] = _fitted(key, value, wanted[key], config)
            report.taken.append(key)
        else:
            (report.left_out if is_left_out(key, config) else report.unknown).append(key)
    _need_tower(model, state)
    _fill_missing(model, state, report)
    model.load_state_dict(state, strict=False, assign=True)
    return model.eval(), report


def pickled_tensors(path: Path) -> dict[str, Tensor]:
    """A .bin or .pth file by torch's restricted unpickler, which runs no code; a nested "model" dict is opened.

    Raises:
        CheckpointError: it holds anything else than tensors by name, or is damaged.
    """
    try:
        loaded = load_restricted(path, mmap=True)
    except (PickledError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or holds more than tensors and was not loaded: {error}") from error
    tensors = loaded
    if isinstance(loaded, dict):
        tensors = next(
            (loaded[k] for k in ("model", "module", "state_dict") if isinstance(loaded.get(k), dict)), loaded
        )
    if not isinstance(tensors, dict) or not tensors or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise CheckpointError(f"{path} holds a {type(tensors).__name__}; wanted a state dict: tensors by their names")
    return tensors


def resize_words(name: str, rows: Tensor, vocabulary: int) -> Tensor:
    """Rows (V, D) with the special tokens they lack: [Track] starts as [Navigation], others as the mean word.

    Raises:
        CheckpointError: a number of rows that is none of plain, Uni-NaVid's and ours.
    """
    specials = len(SPECIAL_TOKENS)
    plain = vocabulary - specials
    if len(rows) not in (plain, vocabulary - 1, vocabulary):
        raise CheckpointError(
            f"{name} has {len(rows)} rows; wanted {plain} (Vicuna), {vocabulary - 1} (Uni-NaVid) or {vocabulary} (ours)"
        )
    if len(rows) == plain:
        rows = torch.cat([rows, rows.float().mean(dim=0, keepdim=True).to(rows).expand(specials - 1, -1)])
    if len(rows) == vocabulary - 1:
        navigation = plain + SPECIAL_TOKENS.index("[Navigation]")
        rows = torch.cat([rows, rows[navigation : navigation + 1]])
    return rows.contiguous()


def _source_tensors(language: Path | None, vision: Path | None) -> Iterator[tuple[str, Tensor]]:
    if language is not None:
        for key, value in _folder_tensors(language):
            yield _rename(key), value
    if vision is not None:
        tensors = stored_tensors([vision]) if vision.suffix == ".safetensors" else pickled_tensors(vision).items()
        for key, value in tensors:
            yield f"vision.{key.removeprefix('visual_encoder.').removeprefix('visual.')}", value


def _folder_tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    single, index = folder / "pytorch_model.bin", folder / "pytorch_model.bin.index.json"
    bins = shards(index, ".bin") if index.is_file() else [single] if single.is_file() else []
    if not bins:
        yield from stored_tensors(safetensors_files(folder))
    for path in bins:
        yield from pickled_tensors(path).items()


def _rename(key: str) -> str:
    for theirs, ours in PREFIXES:
        if key.startswith(theirs):
            return ours + key[len(theirs) :]
    return key


def is_left_out(key: str, config: TrackVlaConfig) -> bool:
    """Buffers, the norm and head EVA is used without, and blocks past the depth."""
    block = re.match(r"vision\.blocks\.(\d+)\.", key)
    return bool(IGNORED_KEYS.search(key) or (block and int(block[1]) >= config.vision.depth))


def _fitted(key: str, value: Tensor, wanted: Tensor, config: TrackVlaConfig) -> Tensor:
    if key in WORD_ROWS:
        value = resize_words(key, value, config.language.vocabulary)
    if value.shape != wanted.shape:
        raise CheckpointError(f"{key} is {tuple(value.shape)}; wanted {tuple(wanted.shape)} for this size of model")
    return value


def _need_tower(model: TrackVla, state: Mapping[str, Tensor]) -> None:
    missing = [f"vision.{k}" for k in model.vision.state_dict() if f"vision.{k}" not in state]
    if missing:
        raise CheckpointError(f"the vision tower lacks {listed(missing)}; give eva_vit_g.pth as vision")


def _fill_missing(model: TrackVla, state: dict[str, Tensor], report: ImportReport) -> None:
    """What no file held: the head keeps its random weights, other matrices start small, norms and biases neutral."""
    for key, value in model.state_dict().items():
        if key in state:
            continue
        report.missing.append(key)
        if value.is_meta and value.ndim == 1:
            state[key] = torch.ones(value.shape) if "norm" in key else torch.zeros(value.shape)
        elif value.is_meta:
            state[key] = torch.randn(value.shape) * 0.02
