"""The networks in torch with normalisation folded and channels in the order of their use: ``engine:=folded``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from track_common.types import Array
from vlt_ros.model import zoo
from vlt_ros.model.deploy import ScarFeatures, ScarHead, TtSearch, attended_template
from vlt_ros.model.network import ScarNetwork, TtNetwork, scar_input, tt_input
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.scar import VltScar, correlate
from vlt_ros.siamese import scar, tt
from vlt_ros.siamese.state import Image, TemplateCrop


@torch.no_grad()
def folded(network: zoo.Network, path: NetworkPath) -> FoldedScar | FoldedTt:
    """The quick torch form of a network on one path; the network itself stays as it is."""
    network = network.to("cpu").eval()
    if isinstance(network, VltScar):
        features = ScarFeatures(network, path).eval()
        return FoldedScar(ScarNetwork(network, path), features.backbone.tokens, features, ScarHead(network).eval())
    search = TtSearch(network, path).eval()
    return FoldedTt(TtNetwork(network, path), search.backbone.tokens, search)


@dataclass(frozen=True, eq=False)
class FoldedScar:
    """VLT_SCAR in two parts about the correlation, whose kernels belong to the target."""

    plain: ScarNetwork
    tokens: Callable[[Sequence[Tensor]], tuple[Tensor, ...]]
    features: ScarFeatures
    head: ScarHead

    @torch.inference_mode()
    def template(self, target: TemplateCrop, sentence: Array | None) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Prepared tokens and kernels of a target."""
        made = self.plain.template(target, sentence)
        return self.tokens(made.tokens), made.kernels

    @torch.inference_mode()
    def search(self, pixels: Image, template: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]) -> scar.Maps:
        """Maps of one search crop (255, 255, 3)."""
        tokens, kernels = template
        maps = self.features(scar_input(pixels), *tokens)
        cls, reg, cen = self.head(*[correlate(x, z) for x, z in zip(maps, kernels, strict=True)])
        return scar.Maps(cls[0].numpy(), reg[0].numpy(), cen[0, 0].numpy())


@dataclass(frozen=True, eq=False)
class FoldedTt:
    """VLT_TT in one part; the template's first self-attention is done once per target."""

    plain: TtNetwork
    tokens: Callable[[Sequence[Tensor]], tuple[Tensor, ...]]
    run: TtSearch

    @torch.inference_mode()
    def template(self, target: TemplateCrop, sentence: Array | None) -> tuple[Tensor, ...]:
        """Prepared tokens and the attended template of a target."""
        made = self.plain.template(target, sentence)
        return (*self.tokens(made.tokens), attended_template(self.plain.model, made.map))

    @torch.inference_mode()
    def search(self, pixels: Image, template: tuple[Tensor, ...]) -> tt.Maps:
        """Scores and boxes of one search crop (256, 256, 3)."""
        cls, reg = self.run(tt_input(pixels), *template)
        return tt.Maps(cls[0].numpy(), reg[0].numpy())
