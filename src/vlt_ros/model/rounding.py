"""Weights rounded to bfloat16 so that the sums they make keep their value, at no cost when the network runs.

Rounded one by one, weights err alike in every place of a map: neighbouring inputs are much the same, so the errors add
up, and they are three times those of the rounded activations. Here the error of one weight is made up for by those not
yet rounded, as far as the inputs' second moments say they can (GPTQ: Frantar et al., ICLR 2023), and what is left of
the mean by the bias (Nagel et al., ICCV 2019). The moments are those of drawn pictures; the gain: docs/vlt.md, "Speed".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vlt_ros.model import zoo
from vlt_ros.model.deploy import kept_of_target
from vlt_ros.model.folded import FoldedBackbone
from vlt_ros.model.network import scar_input, tt_input
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.scar import LEVELS, VltScar
from vlt_ros.siamese import state
from vlt_ros.siamese.follower import RULES
from vlt_ros.training.drawn import draw_videos

VIDEOS, SEED = 24, 77  # one search crop each
FRAMES = (0, 5)  # template's, search image's
SENTENCE = 0.3  # spread of a sentence vector's values, as of BERT's mean state
DAMPING = 0.01  # of the mean moment, added to all (Frantar et al.)

Module = TypeVar("Module", bound=nn.Module)


@torch.no_grad()
def round_weights(module: Module, network: zoo.Network, path: NetworkPath) -> Module:
    """The search module of a network, its convolutions' weights rounded in place (float32 that bfloat16 can hold).

    Args:
        module: takes a search image and all that is kept of a target, as ``deploy.ScarFeatures`` and ``TtSearch``.
        network: whose template branch makes what is kept of the targets in the drawn pictures.
        path: choices.
    """
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    moments = {part: _Moments(part) for part in convolutions}
    hooks = [part.register_forward_pre_hook(moments[part].add) for part in convolutions]
    for inputs in _drawn_inputs(module, network, path):
        module(*inputs)
    for hook in hooks:
        hook.remove()
    for part in convolutions:
        if moments[part].places:
            _round(part, moments[part])
    return module


def rounded(weights: Tensor, moments: Tensor) -> Tensor:
    """Rows of weights (G, O, N) rounded to bfloat16 for inputs with second moments (G, N, N).

    G groups do not share inputs. The error of column j goes to the columns after it, so that the expected square of a
    sum's error becomes small.
    """
    size = weights.shape[-1]
    damping = DAMPING * moments.diagonal(dim1=1, dim2=2).mean(1).clamp(min=torch.finfo(torch.float32).tiny)
    damped = (moments + damping[:, None, None] * torch.eye(size)).double()
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(damped))
    factor = torch.linalg.cholesky(inverse, upper=True).float()  # row j: how column j's error is made up for
    left, made = weights.clone(), torch.empty_like(weights)
    for j in range(size):
        made[..., j] = left[..., j].bfloat16().float()
        error = (left[..., j] - made[..., j]) / factor[:, j, j, None]
        left[..., j + 1 :] -= error[..., None] * factor[:, None, j, j + 1 :]
    return made


class _Moments:
    """Sums over all places of the inputs of a convolution and of their products, (G, N) and (G, N, N)."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._groups = convolution.groups
        self._window: dict[str, Any] = {
            name: getattr(convolution, name) for name in ("kernel_size", "dilation", "padding", "stride")
        }
        self.first, self.second, self.places = torch.zeros(()), torch.zeros(()), 0

    def add(self, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """A hook before the convolution, for one image."""
        parts = F.unfold(inputs[0], **self._window)[0]
        parts = parts.reshape(self._groups, -1, parts.shape[-1])
        self.first = self.first + parts.sum(2)
        self.second = self.second + parts @ parts.transpose(1, 2)
        self.places += parts.shape[2]

    def mean(self) -> tuple[Tensor, Tensor]:
        """First and second moments."""
        return self.first / self.places, self.second / self.places


def _round(convolution: nn.Conv2d, moments: _Moments) -> None:
    first, second = moments.mean()
    old = convolution.weight.data
    grouped = old.reshape(convolution.groups, old.shape[0] // convolution.groups, -1)
    made = rounded(grouped, second)
    lost = torch.einsum("gon,gn->go", grouped - made, first).flatten()
    convolution.weight.data = made.reshape(old.shape)
    bias = lost if convolution.bias is None else convolution.bias.data + lost
    convolution.bias = nn.Parameter(bias, requires_grad=False)


def _drawn_inputs(module: nn.Module, network: zoo.Network, path: NetworkPath) -> Iterator[Sequence[Tensor]]:
    """Search image and what is kept of the target, of drawn videos; every second target has no sentence."""
    is_scar = isinstance(network, VltScar)
    rules, to_input = RULES["vlt_scar" if is_scar else "vlt_tt"], scar_input if is_scar else tt_input
    body, backbone = zoo.backbone(network), cast(FoldedBackbone, module.backbone)
    rng = np.random.default_rng(SEED)
    for number, video in enumerate(draw_videos(VIDEOS, FRAMES[1] + 1, SEED)):
        at, target = state.start(video.image(FRAMES[0]), video.boxes_xyxy[FRAMES[0]], rules.template_side)
        box = torch.from_numpy(target.box_xyxy.astype(np.float32))[None]
        sentence = torch.from_numpy(rng.normal(0.0, SENTENCE, (1, body.config.language)).astype(np.float32))
        tokens = body.language_tokens(sentence) if number % 2 else None
        kept = kept_of_target(network, path, backbone.tokens, to_input(target.pixels), tokens, box)
        if is_scar:
            kept = kept[: -len(LEVELS)]  # the kernels belong to the head
        yield [to_input(rules.search_crop(video.image(FRAMES[1]), at)), *kept]
