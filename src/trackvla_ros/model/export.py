"""A TrackVLA checkpoint as two ONNX graphs and a word table, which ``trackvla_ros.exported`` runs without torch.

``look`` takes one frame to its coarse and fine tokens; ``decide`` takes an embedded prompt of any length to the
candidates and the target's answer. The language model is written out anew here: transformers' own does not trace well.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportIndexIssue=false, reportOperatorIssue=false
# (torch types every submodule and buffer as Tensor | Module)
from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trackvla_ros.exported.graphs import DECIDE, FORMAT, LOOK, NOTES, WORDS
from trackvla_ros.model.heads import Condition
from trackvla_ros.model.image import CLIP_MEAN, CLIP_STD
from trackvla_ros.model.prompting import WORDS_FILE
from trackvla_ros.model.trackvla import TrackVla
from trackvla_ros.model.weights import load_model, read_config

OPSET = 17
EXAMPLE_TOKENS = 90
LONGEST = 512  # tokens of a prompt


class Look(nn.Module):
    """Square frame (1, S, S, 3) in 0..255 to projected tokens, coarse (C, D) and fine (F, D)."""

    def __init__(self, model: TrackVla) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("scale", 1.0 / (255.0 * torch.tensor(CLIP_STD))[:, None, None])
        self.register_buffer("shift", (torch.tensor(CLIP_MEAN) / torch.tensor(CLIP_STD))[:, None, None])

    def forward(self, square: Tensor) -> tuple[Tensor, Tensor]:
        pixels = square.permute(0, 3, 1, 2) * self.scale - self.shift
        pooled = self.model.encode(pixels)
        return pooled.coarse[0], pooled.fine[0]


class Decide(nn.Module):
    """Embedded prompt (1, N, D) to trajectories (K, H, 3), scores (K,) and target (3,)."""

    def __init__(self, model: TrackVla) -> None:
        super().__init__()
        self.language, self.head, self.target = model.language, model.head, model.target
        config = model.config.language
        self.heads, self.kv_heads, self.size = config.heads, config.kv_heads, config.width // config.heads
        angles = torch.arange(LONGEST)[:, None] * config.rope_theta ** (-torch.arange(0, self.size, 2) / self.size)
        self.register_buffer("cos", torch.cat([angles, angles], 1).cos())
        self.register_buffer("sin", torch.cat([angles, angles], 1).sin())
        hidden = torch.full((LONGEST, LONGEST), -1e9).triu(1)
        self.register_buffer("hidden", hidden)

    def forward(self, embedded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states = embedded
        for layer in self.language.model.layers:
            states = states + self._attend(layer.self_attn, layer.input_layernorm(states))
            states = states + layer.mlp(layer.post_attention_layernorm(states))
        last = self.language.model.norm(states)[:, -1]
        candidates = self.head.sample(Condition(last), None)
        target = torch.zeros(1, 3) if self.target is None else self.target(last)
        return candidates.trajectories[0], candidates.scores[0], target[0]

    def _attend(self, attention: nn.Module, x: Tensor) -> Tensor:
        count = x.shape[1]
        cos, sin = self.cos[:count], self.sin[:count]
        query, key, value = (
            part(x).unflatten(-1, (-1, self.size)).transpose(1, 2)
            for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        query, key = query * cos + _turned(query) * sin, key * cos + _turned(key) * sin
        repeats = self.heads // self.kv_heads
        key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)
        scores = query @ key.transpose(2, 3) * self.size**-0.5 + self.hidden[:count, :count]
        return attention.o_proj((F.softmax(scores, dim=-1) @ value).transpose(1, 2).flatten(2))


def _turned(x: Tensor) -> Tensor:
    """Halves exchanged, the first negated: a quarter turn of each pair of channels (rotary embedding)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([-second, first], dim=-1)


@torch.no_grad()
def export(checkpoint: Path, folder: Path) -> None:
    """Write the graphs of a checkpoint folder, the words' embeddings, word list, anchors, notes and model card.

    Raises:
        CheckpointError, FileNotFoundError: the checkpoint cannot be used.
    """
    model, _ = load_model(checkpoint)
    config, notes = read_config(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    side = config.vision.image_size
    _write(Look(model).eval(), torch.zeros(1, side, side, 3), folder / LOOK, ("coarse", "fine"))
    prompt = torch.randn(1, EXAMPLE_TOKENS, config.language.width)
    _write(Decide(model).eval(), prompt, folder / DECIDE, ("trajectories", "scores", "target"))
    table = model.language.get_input_embeddings().weight.numpy()
    np.savez(folder / WORDS, embeddings=table.astype(np.float32))
    shutil.copy(checkpoint / WORDS_FILE, folder / WORDS_FILE)
    stored = {
        "format": FORMAT,
        "side": side,
        "waypoints": config.head.waypoints,
        "waypoint_period": model.head.waypoint_period,
        "answers_target": config.answers_target,
        "sequence": dataclasses.asdict(config.sequence),
        "notes": notes,
    }
    (folder / NOTES).write_text(json.dumps(stored, indent=2) + "\n")


def _write(module: nn.Module, example: Tensor, path: Path, outputs: tuple[str, ...]) -> None:
    axes = {"input": {1: "tokens"}} if path.name == DECIDE else None
    torch.onnx.export(
        module, (example,), str(path), dynamo=False, input_names=["input"], output_names=list(outputs),
        dynamic_axes=axes, opset_version=OPSET,
    )  # fmt: skip
