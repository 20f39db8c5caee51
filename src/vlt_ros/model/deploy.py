"""The search branches of both trackers on one path, as modules from tensors to tensors that any exporter takes.

All that belongs to a target is an input, so one exported network serves any number of targets.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vlt_ros.model import zoo
from vlt_ros.model.folded import FoldedBackbone, fold_pair, read_permuted
from vlt_ros.model.fusion import EncoderLayer, TokenMap, sine_positions
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.roi_align import Regions
from vlt_ros.model.scar import LEVELS, TRACKING_CUT, ScarTemplate, VltScar, correlate
from vlt_ros.model.tt import VltTt

Prepare = Callable[[Sequence[Tensor]], tuple[Tensor, ...]]  # what a folded backbone takes, from tokens


class ScarFeatures(nn.Module):
    """Search image (1, 3, 255, 255) and eight token tensors to three maps (1, width, 31, 31)."""

    def __init__(self, model: VltScar, path: NetworkPath) -> None:
        super().__init__()
        self.backbone = FoldedBackbone(model.backbone, path.search)
        self.necks = nn.ModuleList()
        for index, level in enumerate(LEVELS):
            pair = model.neck.get_submodule(f"downsample{index + 2 + len(LEVELS)}").downsample
            self.necks.append(read_permuted(fold_pair(pair[0], pair[1]), self.backbone.orders[level]))  # pyright: ignore

    def forward(self, image: Tensor, *tokens: Tensor) -> tuple[Tensor, ...]:
        stages = self.backbone(image, tokens)
        maps = []
        for neck, level in zip(self.necks, LEVELS, strict=True):
            x = stages[level]
            size = [x.shape[-2] - TRACKING_CUT, x.shape[-1] - TRACKING_CUT]
            # the projection goes first: it is linear over channels, the resizing over places, so they may change places
            maps.append(F.interpolate(neck(x), size=size, mode="bicubic"))
        return tuple(maps)


class ScarHead(nn.Module):
    """Three correlated maps (1, width, 25, 25) to cls, reg, cen; the fusion as an ordinary 1x1 convolution."""

    def __init__(self, model: VltScar) -> None:
        super().__init__()
        head = copy.deepcopy(model.head)
        down = head.down
        self.down = nn.Conv2d(down.in_channels, down.out_channels, 1)
        self.down.weight.data = down.weight.data.transpose(0, 1).clone()
        self.down.bias = down.bias
        self.cls_tower, self.bbox_tower = head.cls_tower, head.bbox_tower
        self.cls_logits, self.bbox_pred, self.centerness = head.cls_logits, head.bbox_pred, head.centerness

    def forward(self, *correlated: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fused = self.down(torch.cat(correlated, dim=1))
        cls = self.cls_tower(fused)
        return self.cls_logits(cls), torch.exp(self.bbox_pred(self.bbox_tower(fused))), self.centerness(cls)


class CorrelatedHead(nn.Module):
    """Three maps (1, width, 31, 31) and three kernels (1, width, 7, 7) to cls, reg, cen."""

    def __init__(self, model: VltScar) -> None:
        super().__init__()
        self.head = ScarHead(model)

    def forward(self, *values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half = len(values) // 2
        return self.head(*[correlate(x, z) for x, z in zip(values[:half], values[half:], strict=True)])


class TtSearch(nn.Module):
    """Search image (1, 3, 256, 256), eight token tensors, the attended template (1, 256, width) to scores and boxes."""

    def __init__(self, model: VltTt, path: NetworkPath, template_side: int = 16, search_side: int = 32) -> None:
        super().__init__()
        self.backbone = FoldedBackbone(model.body, path.search)
        self.neck, self.head = copy.deepcopy(model.neck), copy.deepcopy(model.head)
        read_permuted(self.neck.input_proj_copy, self.backbone.orders[-1])
        width = model.config.fusion.width
        self.register_buffer("z_positions", sine_positions(template_side, template_side, width), persistent=False)
        self.register_buffer("x_positions", sine_positions(search_side, search_side, width), persistent=False)

    def forward(self, image: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor]:
        *tokens, attended = rest
        projected = self.neck.input_proj_copy(self.backbone(image, tokens)[-1])
        x = TokenMap(projected.flatten(2).transpose(1, 2), self.x_positions)  # pyright: ignore[reportArgumentType]
        first: EncoderLayer = self.neck.encoder.layers[0]  # pyright: ignore[reportAssignmentType]
        z, x = first.cross(TokenMap(attended, self.z_positions), TokenMap(first.attend_search(x), self.x_positions))  # pyright: ignore[reportArgumentType]
        for layer in self.neck.encoder.layers[1:]:
            z, x = layer(z, x)
        maps = self.head(self.neck.decoder(z, x))
        return maps.cls, maps.reg


def attended_template(model: VltTt, template: TokenMap) -> Tensor:
    """The template after its first self-attention, which depends on the target only: computed once."""
    first: EncoderLayer = model.neck.encoder.layers[0]  # pyright: ignore[reportAssignmentType]
    return first.attend_template(template)


def kept_of_target(
    model: zoo.Network,
    path: NetworkPath,
    prepare: Prepare,
    image: Tensor,
    tokens: Sequence[Tensor] | None,
    boxes_xyxy: Tensor | Regions | None = None,
) -> tuple[Tensor, ...]:
    """Prepared tokens of the search branch, then VLT_SCAR's three kernels or VLT_TT's attended template.

    Args:
        model: either network.
        path: choices.
        prepare: of the search branch's folded backbone.
        image: (1, 3, T, T) template.
        tokens: of language; None makes them from the box.
        boxes_xyxy: (1, 4) or regions; wanted where ``tokens`` is None.
    """
    made = model.template(image, path, tokens, boxes_xyxy)
    rest = made.kernels if isinstance(made, ScarTemplate) else (attended_template(model, made.map),)  # pyright: ignore[reportArgumentType]
    return (*prepare(made.tokens), *rest)
