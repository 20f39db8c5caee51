"""VLT_SCAR: the searched backbone with SiamCAR's neck and anchor-free head.

Template 127 px and search 255 px, BGR 0..255 without normalisation. Cell i of the 25 x 25 answer sits at search pixel
32 + 8 i. Paper section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from track_common.config import setting
from vlt_ros.model.backbone import Backbone, BackboneConfig, Features
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.roi_align import Regions

LEVELS = (1, 2, 3)  # stages used (counted from 0)
NECK_CROP_BELOW = 20  # maps narrower than this are templates and are cropped
TRACKING_CUT = 1  # cells the maps lose while tracking, not while training (16 -> 15, 32 -> 31)


@dataclass(frozen=True)
class ScarConfig:
    """Sizes of VLT_SCAR; the defaults are the published ones."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    width: int = setting(256, "channels of neck and head", low=8)
    tower: int = setting(4, "convolutions of each tower of the head", low=1)
    groups: int = setting(32, "groups of the towers' normalisation", low=1)


@dataclass(frozen=True)
class ScarTemplate:
    """What is kept of a target: three kernels (B, width, 7 or 8, same) and the tokens (B, C_s, 1, 1)."""

    kernels: tuple[Tensor, ...]
    tokens: tuple[Tensor, ...]


@dataclass(frozen=True)
class ScarMaps:
    """Head outputs: cls (B, 2, N, N) logits, index 1 the target; reg (B, 4, N, N) l, t, r, b in search pixels;
    cen (B, 1, N, N) logits.
    """

    cls: Tensor
    reg: Tensor
    cen: Tensor


class Neck(nn.Module):
    """Six 1x1 projections: stages 2..4 of the template, then stages 2..4 of the search image."""

    def __init__(self, inputs: Sequence[int], width: int) -> None:
        super().__init__()
        for index, channels in enumerate([*inputs, *inputs]):
            self.add_module(f"downsample{index + 2}", NeckLevel(channels, width))
        self._levels = len(inputs)

    def template(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Project and crop the template's maps, (B, width, 7 or 8, same) each."""
        return tuple(self.get_submodule(f"downsample{i + 2}")(x) for i, x in enumerate(maps))

    def search(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Project the search image's maps, (B, width, 31 or 32, same) each."""
        return tuple(self.get_submodule(f"downsample{i + 2 + self._levels}")(x) for i, x in enumerate(maps))


class NeckLevel(nn.Module):
    """1x1 convolution and normalisation; a small map is a template's and keeps its middle only."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        x, side = self.downsample(x), x.shape[-1]
        if side >= NECK_CROP_BELOW:
            return x
        end = 4 + (7 if side % 2 else 8)
        return x[:, :, 4:end, 4:end]


class Head(nn.Module):
    """Depthwise correlation of every level, one fusion, two towers, three predictions."""

    def __init__(self, config: ScarConfig) -> None:
        super().__init__()
        width = config.width
        self.down = nn.ConvTranspose2d(width * len(LEVELS), width, 1)
        self.cls_tower = _tower(config)
        self.bbox_tower = _tower(config)
        self.cls_logits = nn.Conv2d(width, 2, 3, padding=1)
        self.bbox_pred = nn.Conv2d(width, 4, 3, padding=1)
        self.centerness = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, kernels: Sequence[Tensor], maps: Sequence[Tensor]) -> ScarMaps:
        fused = self.down(torch.cat([correlate(x, z) for x, z in zip(maps, kernels, strict=True)], dim=1))
        cls = self.cls_tower(fused)
        reg = torch.exp(self.bbox_pred(self.bbox_tower(fused)))
        return ScarMaps(self.cls_logits(cls), reg, self.centerness(cls))


class VltScar(nn.Module):
    """The whole network: ``template`` once per target, ``search`` once per frame, ``forward`` for training."""

    def __init__(self, config: ScarConfig | None = None) -> None:
        super().__init__()
        self.config = config or ScarConfig()
        self.backbone = Backbone(self.config.backbone)
        self.neck = Neck([self.config.backbone.widths[level] for level in LEVELS], self.config.width)
        self.head = Head(self.config)

    def template(
        self,
        images: Tensor,
        path: NetworkPath,
        tokens: Sequence[Tensor] | None = None,
        boxes_xyxy: Tensor | Regions | None = None,
        cut: int = TRACKING_CUT,
    ) -> ScarTemplate:
        """Template images (B, 3, 127, 127) to what is kept of the targets; ``tokens`` None: made from the boxes."""
        features = self.backbone(images, path.template, tokens, boxes_xyxy)
        return ScarTemplate(self.neck.template(_levels(features, cut)), features.tokens)

    def search(self, images: Tensor, path: NetworkPath, template: ScarTemplate, cut: int = TRACKING_CUT) -> ScarMaps:
        """Search images (B, 3, 255, 255) and the targets' templates to the head's maps."""
        features = self.backbone(images, path.search, template.tokens)
        return self.head(template.kernels, self.neck.search(_levels(features, cut)))

    def forward(
        self,
        templates: Tensor,
        searches: Tensor,
        path: NetworkPath,
        sentences: Tensor | None = None,
        boxes_xyxy: Tensor | None = None,
    ) -> ScarMaps:
        """Training geometry: no map is cut. ``sentences`` (B, 768) or None for template tokens from ``boxes_xyxy``."""
        tokens = None if sentences is None else self.backbone.language_tokens(sentences)
        template = self.template(templates, path, tokens, boxes_xyxy, cut=0)
        return self.search(searches, path, template, cut=0)


def correlate(maps: Tensor, kernels: Tensor) -> Tensor:
    """Depthwise cross-correlation of maps (B, C, H, W) with the same sample's kernels (B, C, h, w), no padding."""
    batch, channels = kernels.shape[:2]
    grouped = kernels.reshape(batch * channels, 1, *kernels.shape[2:])
    out = F.conv2d(maps.reshape(1, batch * channels, *maps.shape[2:]), grouped, groups=batch * channels)
    return out.reshape(batch, channels, *out.shape[2:])


def _levels(features: Features, cut: int) -> list[Tensor]:
    maps = [features.stages[level] for level in LEVELS]
    if not cut:
        return maps
    return [F.interpolate(x, size=(x.shape[-2] - cut, x.shape[-1] - cut), mode="bicubic") for x in maps]


def _tower(config: ScarConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(config.tower):
        layers += [nn.Conv2d(config.width, config.width, 3, padding=1)]
        layers += [nn.GroupNorm(config.groups, config.width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
