"""VLT_TT: the searched backbone with a transformer that fuses template and search tokens, and two small heads.

Template 128 px and search 256 px, RGB, ImageNet-normalised. Answers one score pair and one box for each of the
32 x 32 search tokens, row by row. Paper section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vlt_ros.model.backbone import Backbone, BackboneConfig
from vlt_ros.model.fusion import Decoder, Encoder, FusionConfig, TokenMap, sine_positions
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.roi_align import Regions


@dataclass(frozen=True)
class TtConfig:
    """Sizes of VLT_TT; the defaults are the published ones."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)


@dataclass(frozen=True)
class TtTemplate:
    """What is kept of a target: its 16 x 16 projected tokens (B, 256, width) and the mixer tokens (B, C_s, 1, 1)."""

    map: TokenMap
    tokens: tuple[Tensor, ...]


@dataclass(frozen=True)
class TtMaps:
    """Head outputs: cls (B, N, 2) logits, index 0 the target; reg (B, N, 4) cx, cy, w, h, shares of the crop."""

    cls: Tensor
    reg: Tensor


class Fusion(nn.Module):
    """Two input projections, encoder, decoder."""

    def __init__(self, inputs: int, config: FusionConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.input_proj = nn.Conv2d(inputs, config.width, 1)
        self.input_proj_copy = nn.Conv2d(inputs, config.width, 1)

    def template(self, x: Tensor) -> TokenMap:
        """Template map (B, inputs, H, W) to tokens."""
        return _tokens(self.input_proj(x))

    def forward(self, z: TokenMap, x: Tensor) -> Tensor:
        """Template tokens and a search map (B, inputs, H, W) to fused search tokens (B, H * W, width)."""
        return self.decoder(*self.encoder(z, _tokens(self.input_proj_copy(x))))


class Mlp(nn.Module):
    """Three linear layers with ReLU between."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, outputs)])

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[2](F.relu(self.layers[1](F.relu(self.layers[0](x)))))


class TtHead(nn.Module):
    """Scores and boxes of every search token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.class_embed = Mlp(width, 2)
        self.bbox_embed = Mlp(width, 4)

    def forward(self, tokens: Tensor) -> TtMaps:
        return TtMaps(self.class_embed(tokens), torch.sigmoid(self.bbox_embed(tokens)))


class _Body(nn.Module):
    """Holds the backbone under the name the checkpoints use."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.body = Backbone(config)


class VltTt(nn.Module):
    """The whole network: ``template`` once per target, ``search`` once per frame, ``forward`` for training."""

    def __init__(self, config: TtConfig | None = None) -> None:
        super().__init__()
        self.config = config or TtConfig()
        self.backbone = nn.ModuleList([_Body(self.config.backbone)])
        self.neck = Fusion(self.config.backbone.widths[-1], self.config.fusion)
        self.head = TtHead(self.config.fusion.width)

    @property
    def body(self) -> Backbone:
        """The backbone itself."""
        return self.backbone[0].body  # pyright: ignore[reportReturnType]

    def template(
        self,
        images: Tensor,
        path: NetworkPath,
        tokens: Sequence[Tensor] | None = None,
        boxes_xyxy: Tensor | Regions | None = None,
    ) -> TtTemplate:
        """Template images (B, 3, 128, 128) to what is kept of the targets; ``tokens`` None: made from the boxes."""
        features = self.body(images, path.template, tokens, boxes_xyxy)
        return TtTemplate(self.neck.template(features.stages[-1]), features.tokens)

    def search(self, images: Tensor, path: NetworkPath, template: TtTemplate) -> TtMaps:
        """Search images (B, 3, 256, 256) and the targets' templates to scores and boxes."""
        features = self.body(images, path.search, template.tokens)
        return self.head(self.neck(template.map, features.stages[-1]))

    def forward(
        self,
        templates: Tensor,
        searches: Tensor,
        path: NetworkPath,
        sentences: Tensor | None = None,
        boxes_xyxy: Tensor | None = None,
    ) -> TtMaps:
        """Both branches; ``sentences`` (B, 768) or None for template tokens from ``boxes_xyxy``."""
        tokens = None if sentences is None else self.body.language_tokens(sentences)
        return self.search(searches, path, self.template(templates, path, tokens, boxes_xyxy))


def _tokens(x: Tensor) -> TokenMap:
    batch, width, rows, columns = x.shape
    return TokenMap(x.flatten(2).transpose(1, 2), sine_positions(rows, columns, width).to(x))
