"""The network of the open family: pooled tower features + sentence -> 8 waypoints in label units, in one forward.

words | for each past frame [marker, 4 tokens] | [marker, 64 tokens] | query  ->  language model  ->  head at the query
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaModel, Qwen3Config, Qwen3Model

from trackvla_ros.model.checkpoint import Shape
from trackvla_ros.open_vla.model.architecture import ACTION_DIM, Architecture, unused_shapes

PAST, CURRENT = 0, 1  # kinds of frame in the stream embedding


class TviModel(nn.Module):
    """Parameter names are MiniCPM-RobotTrack's; ``checkpoint_shapes`` gives the names in either variant's file."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width = architecture.width
        self.backbone = build_backbone(architecture)
        self.vision_projector = FeatureProjector(architecture.feature_dim, width)
        self.temporal_markers = FrameMarkers(architecture.time_steps, width)
        self.control_query = nn.Parameter(torch.zeros(1, 1, width))
        self.trajectory_head = TrajectoryHead(architecture)
        self.output_scale: Tensor
        scale = torch.tensor([architecture.xy_scale, architecture.xy_scale, 1.0])
        self.register_buffer("output_scale", scale.view(1, 1, ACTION_DIM))

    def forward(self, ids: Tensor, coarse: Tensor, fine: Tensor) -> Tensor:
        """Waypoints (W, 3) in label units for ids (n,), past features (T, 4, C), oldest first, and current (64, C)."""
        return self.act(self.last_hidden(self.sequence(ids, coarse, fine)))

    def sequence(self, ids: Tensor, coarse: Tensor, fine: Tensor) -> Tensor:
        """(N, D) input embeddings; words stay raw (MiniCPM's scale_emb is not applied to embeddings fed in)."""
        times = torch.arange(len(coarse) + 1, device=fine.device)
        past = torch.cat([self.temporal_markers(times[:-1], PAST)[:, None], self.vision_projector(coarse)], dim=1)
        current = torch.cat([self.temporal_markers(times[-1:], CURRENT), self.vision_projector(fine)])
        words = self.backbone.get_input_embeddings()(ids).to(current.dtype)
        return torch.cat([words, past.flatten(0, 1), current, self.control_query[0]])

    def last_hidden(self, sequence: Tensor) -> Tensor:
        """(D,) state of the query, after the final norm, in float32."""
        embedded = sequence.to(self.backbone.dtype)
        return self.backbone(inputs_embeds=embedded[None], use_cache=False).last_hidden_state[0, -1].float()

    def act(self, hidden: Tensor, use_tanh: bool | None = None) -> Tensor:
        """Head in float32, tanh where the checkpoint's config says so, times its stored scale."""
        out = self.trajectory_head(hidden).view(-1, ACTION_DIM)
        use_tanh = self.architecture.use_tanh if use_tanh is None else use_tanh
        return (out.tanh() if use_tanh else out) * self.output_scale[0]


class FeatureProjector(nn.Module):
    """Norm, linear, exact GELU, linear."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(features), nn.Linear(features, width), nn.GELU(), nn.Linear(width, width)
        )

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)


class FrameMarkers(nn.Module):
    """One token in front of each frame: its place in time + past or current + camera 0."""

    def __init__(self, time_steps: int, width: int) -> None:
        super().__init__()
        self.time_embedding = nn.Embedding(time_steps, width)
        self.stream_embedding = nn.Embedding(2, width)
        self.camera_embedding = nn.Embedding(1, width)

    def forward(self, times: Tensor, kind: int) -> Tensor:  # (T,) -> (T, D)
        return self.time_embedding(times) + self.stream_embedding.weight[kind] + self.camera_embedding.weight[0]


class TrajectoryHead(nn.Module):
    """MiniCPM's funnel or OmTrackVLA's two wide layers; the gaps in the layer numbers are activations and dropout."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width, outputs = architecture.width, architecture.waypoints * ACTION_DIM
        layers: list[nn.Module] = [nn.LayerNorm(width)]
        if architecture.variant.name == "minicpm_robottrack":
            sizes = (width, 4096, 1024, 512, 256, 128)
            for inputs, outs in zip(sizes, sizes[1:], strict=False):
                layers += [nn.Linear(inputs, outs), nn.GELU(), nn.Dropout(0.4)]
            layers += [nn.LayerNorm(sizes[-1]), nn.Linear(sizes[-1], outputs)]
        else:
            wide = 2 * width
            layers += [nn.Linear(width, wide), nn.GELU(), nn.Linear(wide, wide), nn.GELU(), nn.Linear(wide, outputs)]
        self.layers = nn.Sequential(*layers)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.layers(hidden)


def build_backbone(architecture: Architecture) -> LlamaModel | Qwen3Model:
    """Stock transformers models; MiniCPM4 is a Llama with LongRoPE whose residual scale is folded in at loading."""
    if architecture.variant.name == "omtrackvla":
        known = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
                 "head_dim", "vocab_size", "max_position_embeddings", "rms_norm_eps", "rope_theta")  # fmt: skip
        return Qwen3Model(Qwen3Config(**{k: architecture.backbone[k] for k in known if k in architecture.backbone}))
    return LlamaModel(_llama_config(architecture.backbone))


def residual_scale(architecture: Architecture) -> float:
    """What MiniCPM multiplies each residual branch with: scale_depth / sqrt(layers); 1 for a plain Qwen3."""
    if architecture.variant.name == "omtrackvla":
        return 1.0
    return float(architecture.backbone["scale_depth"]) / math.sqrt(int(architecture.backbone["num_hidden_layers"]))


def fold_residual_scale(key: str, value: Tensor, scale: float) -> Tensor:
    """A residual branch's last weights times the scale, multiplied in float32."""
    if key.startswith("backbone.") and key.endswith(("self_attn.o_proj.weight", "mlp.down_proj.weight")):
        return (value.float() * scale).to(value.dtype)
    return value


def to_stored_key(architecture: Architecture, key: str) -> str:
    """Our parameter name as the variant's checkpoint file calls it."""
    for ours, stored in architecture.variant.keys.items():
        if key.startswith(ours):
            return stored + key[len(ours) :]
    raise KeyError(key)


def checkpoint_shapes(model: TviModel) -> dict[str, Shape]:
    """Every key of the variant's checkpoint file and its shape, those it never reads included."""
    shapes = {to_stored_key(model.architecture, k): tuple(v.shape) for k, v in model.state_dict().items()}
    return {**shapes, **unused_shapes(model.architecture)}


def _llama_config(backbone: Mapping[str, Any]) -> LlamaConfig:
    rope = dict(backbone["rope_scaling"])
    rope["rope_type"] = rope.pop("type", rope.get("rope_type", "longrope"))
    known = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
             "head_dim", "vocab_size", "max_position_embeddings", "rms_norm_eps", "rope_theta")  # fmt: skip
    values = {k: backbone[k] for k in known if k in backbone}
    original = rope.get("original_max_position_embeddings", backbone["max_position_embeddings"])
    rope.setdefault("factor", values["max_position_embeddings"] / original)
    return LlamaConfig(**values, rope_scaling=rope, original_max_position_embeddings=original)
