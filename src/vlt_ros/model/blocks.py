"""The four choice blocks of the supernet: ShuffleNetV2 units of three kernel sizes and the Xception form of one.

Facts: Single Path One-Shot (SPOS) supernet as the VLT checkpoints store it. Convolutions have no bias, batch
normalisation in the backbone has no weight and no bias.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vlt_ros.model.paths import CHOICES

KERNELS = (3, 5, 7)  # of choices 0, 1, 2; choice 3 is the Xception form


class ChoiceBlock(nn.Module):
    """One choice. A reducing block works on its whole input twice, an ordinary one on its odd channels only.

    Reducing (first of a stage): out = [projection(x), main(x)]. Ordinary: out = [even channels, main(odd channels)].
    Input (B, inputs, H, W), output (B, outputs, H / stride, W / stride).
    """

    def __init__(self, inputs: int, outputs: int, choice: int, stride: int, is_reducing: bool) -> None:
        super().__init__()
        width = inputs if is_reducing else outputs // 2
        mid, new = outputs // 2, outputs - width
        if choice == CHOICES - 1:
            self.branch_main = _xception(width, mid, new, stride)
        else:
            self.branch_main = _shuffle(width, mid, new, KERNELS[choice], stride)
        kernel = 3 if choice == CHOICES - 1 else KERNELS[choice]
        self.branch_proj = _projection(width, kernel, stride) if is_reducing else None

    def forward(self, x: Tensor) -> Tensor:
        if self.branch_proj is not None:
            return torch.cat([self.branch_proj(x), self.branch_main(x)], dim=1)
        return torch.cat([x[:, 0::2], self.branch_main(x[:, 1::2])], dim=1)


def choices(inputs: int, outputs: int, stride: int, is_reducing: bool) -> nn.ModuleList:
    """The four choices of one place in the network."""
    return nn.ModuleList([ChoiceBlock(inputs, outputs, choice, stride, is_reducing) for choice in range(CHOICES)])


def plain_norm(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation without weight and bias, as everywhere in the backbone's convolutions."""
    return nn.BatchNorm2d(channels, affine=False)


def _shuffle(width: int, mid: int, new: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        *_pointwise(width, mid),
        *_depthwise(mid, kernel, stride),
        *_pointwise(mid, new),
    )


def _xception(width: int, mid: int, new: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        *_depthwise(width, 3, stride),
        *_pointwise(width, mid),
        *_depthwise(mid, 3, 1),
        *_pointwise(mid, mid),
        *_depthwise(mid, 3, 1),
        *_pointwise(mid, new),
    )


def _projection(width: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(*_depthwise(width, kernel, stride), *_pointwise(width, width))


def _pointwise(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 1, bias=False), plain_norm(outputs), nn.ReLU(inplace=True)]


def _depthwise(channels: int, kernel: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)
    return [convolution, plain_norm(channels)]
