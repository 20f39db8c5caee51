"""Backbone of both VLT trackers: a two-branch choice-block supernet whose stages are mixed with language (ModaMixer).

One set of weights serves template and search image; only the path through it differs. Paper section 3.1 and 3.2,
supplement Table 9; differences between the table and the released code are listed in docs/vlt.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from track_common.config import setting
from vlt_ros.model.blocks import choices, plain_norm
from vlt_ros.model.paths import DEPTHS, BranchPath
from vlt_ros.model.roi_align import Regions, pool, roi_align

STAGE_STRIDES = (2, 2, 1, 1)  # of each stage's first block; with the stem the maps are at 1/4, 1/8, 1/8, 1/8
TOKEN_SCALE = 1.0 / 8.0  # map cells per pixel the authors use for the template token of every stage
TOKEN_BINS = 3
IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class BackboneConfig:
    """Sizes of the supernet; the defaults are the published ones."""

    stem: int = setting(16, "channels after the stem", low=2)
    widths: tuple[int, ...] = setting((64, 160, 320, 640), "channels of each stage")
    depths: tuple[int, ...] = setting(DEPTHS, "choice blocks of each stage, at least 2 each")
    language: int = setting(768, "length of a sentence vector", low=1)
    has_classifier: bool = setting(True, "keep the unused ImageNet classifier, as the authors' checkpoints do")
    is_roi_exact: bool = setting(False, "read stage 1 at its own stride 4 for the template token (authors: 1/8)")

    def check(self) -> None:
        """Raise ValueError where the sizes do not fit together."""
        if len(self.widths) != len(STAGE_STRIDES) or len(self.depths) != len(STAGE_STRIDES):
            raise ValueError(f"widths {self.widths}, depths {self.depths}; wanted {len(STAGE_STRIDES)} of each")
        if any(width % 2 for width in self.widths) or any(depth < 2 for depth in self.depths):
            raise ValueError(f"widths {self.widths} must be even, depths {self.depths} at least 2")
        if list(self.widths) != sorted({self.stem, *self.widths})[1:]:
            raise ValueError(f"stem {self.stem}, widths {self.widths}; wanted each wider than the one before")


@dataclass(frozen=True)
class Features:
    """Outputs of the four stages, (B, C_s, H_s, W_s) each, and the tokens (B, C_s, 1, 1) they were mixed with."""

    stages: tuple[Tensor, ...]
    tokens: tuple[Tensor, ...]


class Backbone(nn.Module):
    """Supernet with all choices in it; ``forward`` runs one path."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        config.check()
        self.config = config
        stem = nn.Conv2d(3, config.stem, 3, stride=2, padding=1, bias=False)
        self.first_conv = nn.Sequential(stem, plain_norm(config.stem), nn.ReLU(inplace=True))
        self.features = _stages(config)
        if config.has_classifier:
            last, hidden = config.widths[-1], 1024
            self.conv_last = nn.Sequential(
                nn.Conv2d(last, hidden, 1, bias=False), plain_norm(hidden), nn.ReLU(inplace=True)
            )
            self.classifier = nn.Sequential(nn.Linear(hidden, IMAGENET_CLASSES, bias=False))
        self.nlp_layers = nn.ModuleList([choices(w, w, stride=1, is_reducing=False) for w in config.widths])
        self.vistoken_layers = nn.ModuleList([_template_token(width) for width in config.widths])
        self.token_map = nn.ModuleList([_language_token(config.language, width) for width in config.widths])

    def language_tokens(self, sentence: Tensor) -> tuple[Tensor, ...]:
        """Tokens (B, C_s, 1, 1) of the four stages from sentence vectors (B, language); zeros are "0-tensor"."""
        return tuple(token(sentence[:, :, None, None]) for token in self.token_map)

    def forward(
        self,
        images: Tensor,
        path: BranchPath,
        tokens: Sequence[Tensor] | None = None,
        boxes_xyxy: Tensor | Regions | None = None,
    ) -> Features:
        """Run one branch.

        Args:
            images: (B, 3, H, W) in the tracker's own channel order and range.
            path: choices of this branch.
            tokens: of language, or those the template gave; None makes them from the image ("template-embedding").
            boxes_xyxy: (B, 4) target in image pixels, or its regions in the stages' maps; wanted without ``tokens``.
        """
        path.check(self.config.depths)
        x, index = self.first_conv(images), 0
        outputs: list[Tensor] = []
        used: list[Tensor] = []
        for stage, depth in enumerate(self.config.depths):
            for _ in range(depth - 1):
                x = self._block(index, path)(x)
                index += 1
            token = self._token(x, stage, tokens, boxes_xyxy)
            mixer = cast(nn.ModuleList, self.nlp_layers[stage])[path.mixers[stage]]
            mixed = mixer(x * token)
            x = self._block(index, path)(x) + mixed  # the last block is the mixer's residual path
            index += 1
            outputs.append(x)
            used.append(token)
        return Features(tuple(outputs), tuple(used))

    @property
    def token_scales(self) -> tuple[float, ...]:
        """Map cells per pixel by which the template token of each stage is read."""
        first = 2 * TOKEN_SCALE if self.config.is_roi_exact else TOKEN_SCALE
        return (first, *[TOKEN_SCALE] * (len(self.config.widths) - 1))

    def _block(self, index: int, path: BranchPath) -> nn.Module:
        return cast(nn.ModuleList, self.features[index])[path.blocks[index]]

    def _token(self, x: Tensor, stage: int, tokens: Sequence[Tensor] | None, boxes: Tensor | Regions | None) -> Tensor:
        if tokens is not None:
            return tokens[stage]
        if boxes is None:
            raise ValueError("tokens and boxes_xyxy are both None; give language tokens or the target's boxes")
        return self._template_token(x, boxes, stage)

    def _template_token(self, x: Tensor, boxes: Tensor | Regions, stage: int) -> Tensor:
        if isinstance(boxes, Regions):
            return self.vistoken_layers[stage](pool(x, boxes.rows[stage], boxes.columns[stage]))
        return self.vistoken_layers[stage](roi_align(x, boxes, self.token_scales[stage], TOKEN_BINS))


def copy_mixers(backbone: Backbone) -> None:
    """Start every mixer from its stage's last block, as supplement A.3 says; call after loading SPOS weights."""
    last = -1
    for stage, depth in enumerate(backbone.config.depths):
        last += depth
        backbone.nlp_layers[stage].load_state_dict(backbone.features[last].state_dict())


def _stages(config: BackboneConfig) -> nn.ModuleList:
    blocks, inputs = [], config.stem
    for width, depth, stride in zip(config.widths, config.depths, STAGE_STRIDES, strict=True):
        blocks.append(choices(inputs, width, stride, is_reducing=True))
        blocks.extend(choices(width, width, stride=1, is_reducing=False) for _ in range(depth - 1))
        inputs = width
    return nn.ModuleList(blocks)


def _template_token(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, width, TOKEN_BINS), nn.BatchNorm2d(width), nn.LeakyReLU(0.1))


def _language_token(language: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(language, width, 1, bias=False), nn.BatchNorm2d(width))
