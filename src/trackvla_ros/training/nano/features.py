"""Features of a frozen tower, computed once for every shard and kept beside it: what the language model trains on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trackvla_ros.training.pixels import to_input
from trackvla_ros.training.shards import Shard, decode_image, shards_in

BATCH = 64


def features_of(folder: Path, out: Path, tower: nn.Module, most: int | None = None, changed: bool = True) -> None:
    """Write ``out/NAME.npy`` (frames, cells, channels) float16 for each shard of ``folder`` that lacks it.

    Args:
        folder: shards with images.
        out: made where it does not exist; belongs to this tower alone.
        tower: frozen, in eval mode.
        most: shards, the first of the folder; None = all.
        changed: light, tint and noise are changed by chance, as in the tower's own training.
    """
    out.mkdir(parents=True, exist_ok=True)
    for path in shards_in(folder)[:most]:
        target = features_path(out, path)
        if not target.exists():
            _write(target, _features(Shard(path), tower, changed))


def features_path(out: Path, shard: Path) -> Path:
    """Where the features of a shard lie."""
    return out / f"{shard.stem}.npy"


@torch.no_grad()
def _features(shard: Shard, tower: nn.Module, changed: bool) -> NDArray[np.float16]:
    rng = np.random.default_rng(int(shard.path.stem)) if changed else None
    coded = shard.coded_images()
    parts = []
    for first in range(0, len(coded), BATCH):
        images = to_input(np.stack([decode_image(c) for c in coded[first : first + BATCH]]), rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            parts.append(tower(images).float().half().numpy())
    return np.concatenate(parts)


def _write(path: Path, values: NDArray[np.float16]) -> None:
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    with passing.open("wb") as file:
        np.save(file, values)
    passing.rename(path)
