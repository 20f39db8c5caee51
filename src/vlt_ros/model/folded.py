"""One branch of the supernet made quick: normalisation folded into the convolutions, channel shuffles into the weights.

An ordinary block passes its even channels on and works on its odd ones, which costs a strided copy of everything in
every block. But which block uses a channel is known beforehand. So every convolution here writes its channels in the
order of their use, every block reads whole slices, and the next weights are permuted to fit: same sums, other order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vlt_ros.model.backbone import Backbone
from vlt_ros.model.blocks import ChoiceBlock
from vlt_ros.model.paths import BranchPath

Channel = tuple[int, int]  # which convolution made it, its number there


class FoldedBackbone(nn.Module):
    """A branch on one path; answers the same stages as ``Backbone``, with channels in the order ``orders`` says."""

    def __init__(self, backbone: Backbone, path: BranchPath) -> None:
        super().__init__()
        path.check(backbone.config.depths)
        self.first_conv = _fold(backbone.first_conv)
        self.stages = nn.ModuleList()
        self.orders: list[Tensor] = []
        choices: Any = backbone.features
        mixers: Any = backbone.nlp_layers
        order, first = torch.arange(backbone.config.stem), 0
        for stage, depth in enumerate(backbone.config.depths):
            picked = [choices[i][path.blocks[i]] for i in range(first, first + depth)]
            made = FoldedStage(picked, mixers[stage][path.mixers[stage]], order)
            self.stages.append(made)
            order, first = made.order, first + depth
            self.orders.append(order)

    def tokens(self, tokens: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """What ``forward`` takes, from the stages' tokens (B, C_s, 1, 1); once per target."""
        stages: Any = self.stages
        return tuple(part for stage, token in zip(stages, tokens, strict=True) for part in stage.tokens(token))

    def forward(self, images: Tensor, tokens: Sequence[Tensor]) -> tuple[Tensor, ...]:
        x = self.first_conv(images)
        outputs = []
        for index, stage in enumerate(self.stages):
            x = stage(x, tokens[2 * index], tokens[2 * index + 1])
            outputs.append(x)
        return tuple(outputs)


@dataclass(frozen=True)
class Routes:
    """Who uses which channel of a stage.

    Attributes:
        written: for every convolution, the order its channels are written in.
        sizes: for every convolution, how many of them each later block uses, and last how many leave the stage unused.
        read: for every ordinary block, the logical number of each odd channel as it comes.
        passed: logical number of each even channel that leaves the stage as it comes.
    """

    written: list[list[int]]
    sizes: list[list[int]]
    read: list[list[int]]
    passed: list[int]


def route(widths: Sequence[int], blocks: int) -> Routes:
    """Routes of a stage: two convolutions write ``widths`` channels, then come ``blocks`` ordinary blocks."""
    half = sum(widths) // 2
    channels: list[Channel] = [(maker, n) for maker, width in enumerate(widths) for n in range(width)]
    users: list[list[Channel]] = []
    for block in range(blocks):
        users.append(channels[1::2])
        passing = channels[0::2]
        channels = passing + [(len(widths) + block, n) for n in range(half)]
    users.append(passing)
    makers = len(widths) + blocks - 1  # the last block's channels leave as they are
    of = [[[n for m, n in used if m == maker] for used in users] for maker in range(makers)]
    read = [[used.index(c) for c in sorted(used, key=lambda c: c[0])] for used in users]
    return Routes([sum(parts, []) for parts in of], [[len(p) for p in parts] for parts in of], read[:-1], read[-1])


class FoldedStage(nn.Module):
    """One stage: a reducing block, ordinary blocks, and in the last place a block and the mixer side by side."""

    def __init__(self, blocks: Sequence[ChoiceBlock], mixer: ChoiceBlock, order: Tensor) -> None:
        super().__init__()
        first, rest = blocks[0], blocks[1:]
        assert first.branch_proj is not None  # noqa: S101 - says which form the first block has
        parts = [_fold(first.branch_proj), _fold(first.branch_main)]
        routes = route([_outputs(part) for part in parts], len(rest))
        self.makers = nn.ModuleList()
        for part, written in zip(parts, routes.written[:2], strict=True):
            self.makers.append(_written(_read(part, order), torch.tensor(written)))
        self.blocks = nn.ModuleList()
        for index, block in enumerate(rest):
            main = _read(_fold(block.branch_main), torch.tensor(routes.read[index]))
            is_last = index == len(rest) - 1
            self.blocks.append(main if is_last else _written(main, torch.tensor(routes.written[2 + index])))
        self.mixer = _read(_fold(mixer.branch_main), torch.tensor(routes.read[-1]))
        half = len(routes.passed)
        self._sizes = routes.sizes
        self._odd = 2 * torch.tensor(routes.read[-1]) + 1
        self._even = 2 * torch.tensor(routes.passed)
        self.order = torch.cat([torch.tensor(routes.passed), half + torch.arange(half)])

    def tokens(self, token: Tensor) -> tuple[Tensor, Tensor]:
        """The mixer's factors of the odd channels, and of the even ones with their residual path."""
        return token[:, self._odd], 1.0 + token[:, self._even]

    def forward(self, x: Tensor, odd: Tensor, even: Tensor) -> Tensor:
        made = [maker(x) for maker in self.makers]
        slices = [torch.split(m, sizes, dim=1) for m, sizes in zip(made, self._sizes, strict=False)]
        for index, block in enumerate(self.blocks):
            inputs = torch.cat([part[index] for part in slices if part[index].shape[1]], dim=1)
            if index == len(self.blocks) - 1:
                mixed = block(inputs) + self.mixer(inputs * odd)
                passed = torch.cat([part[-1] for part in slices if part[-1].shape[1]], dim=1) * even
                return torch.cat([passed, mixed], dim=1)
            slices.append(torch.split(block(inputs), self._sizes[2 + index], dim=1))
        raise ValueError("a stage has no ordinary block")


def fold_pair(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that does what both did in evaluation mode; the originals stay as they are."""
    return fuse_conv_bn_eval(convolution.eval(), norm.eval())


def read_permuted(convolution: nn.Conv2d, order: Tensor) -> nn.Conv2d:
    """The convolution for inputs that come in ``order`` (physical -> logical)."""
    convolution.weight.data = convolution.weight.data[:, order].clone()
    return convolution


def _fold(branch: nn.Module) -> nn.Sequential:
    """Convolution, normalisation, maybe ReLU, ... as convolution with bias, maybe ReLU, ..."""
    layers: list[nn.Module] = []
    modules = list(branch.children())
    for layer, following in zip(modules, [*modules[1:], None], strict=True):
        if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            layers.append(fold_pair(layer, following))
        elif isinstance(layer, nn.ReLU):
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def _read(branch: nn.Sequential, order: Tensor) -> nn.Sequential:
    """The branch for inputs that come in ``order``."""
    for layer in branch:
        if isinstance(layer, nn.Conv2d) and layer.groups == 1:
            read_permuted(layer, order)
            return branch
        if isinstance(layer, nn.Conv2d):
            _write_permuted(layer, order)  # one channel to one: what comes in another order leaves in it
    return branch


def _written(branch: nn.Sequential, order: Tensor) -> nn.Sequential:
    """The branch writing its outputs in ``order``."""
    last = [layer for layer in branch if isinstance(layer, nn.Conv2d)][-1]
    _write_permuted(last, order)
    return branch


def _write_permuted(convolution: nn.Conv2d, order: Tensor) -> None:
    convolution.weight.data = convolution.weight.data[order].clone()
    if convolution.bias is not None:
        convolution.bias.data = convolution.bias.data[order].clone()


def _outputs(branch: nn.Sequential) -> int:
    return [layer.out_channels for layer in branch if isinstance(layer, nn.Conv2d)][-1]
