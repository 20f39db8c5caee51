"""Ways to run a network on a CPU: eager, folded (torch only), OpenVINO in float32 or bfloat16.

Measured ratios and how to measure them: docs/vlt.md, "Speed".
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from track_common.config import ConfigError, lookup
from track_common.types import Array
from vlt_ros.model import zoo
from vlt_ros.model.deploy import ScarFeatures, ScarHead, TtSearch, attended_template
from vlt_ros.model.network import ScarNetwork, TtNetwork, eager, scar_input, tt_input
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.scar import LEVELS, VltScar, correlate
from vlt_ros.model.tt import VltTt
from vlt_ros.siamese import scar, tt
from vlt_ros.siamese.follower import SiameseNetwork
from vlt_ros.siamese.state import Image, TemplateCrop

PRECISIONS = {"openvino": "f32", "openvino-bf16": "bf16"}
HEAD_PRECISION = "f32"  # of VLT_SCAR in every engine: bfloat16 there moves its peaks, and it is a third of the time
ENGINES = ("auto", "eager", "folded", *PRECISIONS)
TT_TEMPLATE_CELLS = 16

Runner = Callable[[Sequence[Tensor]], list[Tensor]]
Maker = Callable[[nn.Module, Sequence[Tensor]], Runner]  # from a module and example inputs


def make_engine(
    name: str, network: zoo.Network, path: NetworkPath, device: str = "cpu", threads: int = 1
) -> SiameseNetwork:
    """A network on one path, run by the engine of that name; "auto" is openvino where it is installed, else folded.

    Raises:
        ConfigError: unknown engine, or OpenVINO asked for and not installed.
    """
    lookup("engine", name, dict.fromkeys(ENGINES))
    has_openvino = importlib.util.find_spec("openvino") is not None
    if name == "auto":
        name = "eager" if device != "cpu" else "openvino" if has_openvino else "folded"
    if name == "eager":
        return eager(network, path, device)
    if name in PRECISIONS and not has_openvino:
        raise ConfigError(f"engine '{name}' needs the package 'openvino'; type `make setup-models` or engine:=folded")
    network = network.to("cpu").eval()
    make = _torch_runner if name == "folded" else _openvino_maker(PRECISIONS[name], threads)
    if not isinstance(network, VltScar):
        return _tt(network, path, make)
    return _scar(network, path, make, make if name == "folded" else _openvino_maker(HEAD_PRECISION, threads))


@dataclass(frozen=True, eq=False)
class ScarEngine:
    """VLT_SCAR in two parts about the correlation, whose kernels belong to the target."""

    plain: ScarNetwork
    tokens: Callable[[Sequence[Tensor]], tuple[Tensor, ...]]
    features: Runner
    head: Runner

    @torch.inference_mode()
    def template(self, target: TemplateCrop, sentence: Array | None) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Prepared tokens and kernels of a target."""
        made = self.plain.template(target, sentence)
        return self.tokens(made.tokens), made.kernels

    @torch.inference_mode()
    def search(self, pixels: Image, template: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]) -> scar.Maps:
        """Maps of one search crop (255, 255, 3)."""
        tokens, kernels = template
        maps = self.features([scar_input(pixels), *tokens])
        cls, reg, cen = self.head([correlate(x, z) for x, z in zip(maps, kernels, strict=True)])
        return scar.Maps(cls[0].numpy(), reg[0].numpy(), cen[0, 0].numpy())


@dataclass(frozen=True, eq=False)
class TtEngine:
    """VLT_TT in one part; the template's first self-attention is done once per target."""

    plain: TtNetwork
    tokens: Callable[[Sequence[Tensor]], tuple[Tensor, ...]]
    run: Runner

    @torch.inference_mode()
    def template(self, target: TemplateCrop, sentence: Array | None) -> tuple[Tensor, ...]:
        """Prepared tokens and the attended template of a target."""
        made = self.plain.template(target, sentence)
        return (*self.tokens(made.tokens), attended_template(self.plain.model, made.map))

    @torch.inference_mode()
    def search(self, pixels: Image, template: tuple[Tensor, ...]) -> tt.Maps:
        """Scores and boxes of one search crop (256, 256, 3)."""
        cls, reg = self.run([tt_input(pixels), *template])
        return tt.Maps(cls[0].numpy(), reg[0].numpy())


@torch.no_grad()
def _scar(network: VltScar, path: NetworkPath, make_features: Maker, make_head: Maker) -> ScarEngine:
    features, head = ScarFeatures(network, path).eval(), ScarHead(network).eval()
    image = torch.zeros(1, 3, scar.SEARCH, scar.SEARCH)
    maps = [torch.zeros(1, network.config.width, scar.CELLS, scar.CELLS) for _ in LEVELS]
    prepare = features.backbone.tokens
    tokens = prepare(_no_tokens(network))
    made = make_features(features, [image, *tokens]), make_head(head, maps)
    return ScarEngine(ScarNetwork(network, path), prepare, *made)


@torch.no_grad()
def _tt(network: VltTt, path: NetworkPath, make: Maker) -> TtEngine:
    search = TtSearch(network, path).eval()
    image = torch.zeros(1, 3, tt.SEARCH, tt.SEARCH)
    prepare = search.backbone.tokens
    attended = torch.zeros(1, TT_TEMPLATE_CELLS**2, network.config.fusion.width)
    return TtEngine(TtNetwork(network, path), prepare, make(search, [image, *prepare(_no_tokens(network)), attended]))


def _no_tokens(network: zoo.Network) -> list[Tensor]:
    return [torch.zeros(1, width, 1, 1) for width in network.config.backbone.widths]


def _torch_runner(module: nn.Module, examples: Sequence[Tensor]) -> Runner:
    del examples
    return lambda inputs: list(module(*inputs))


def _openvino_maker(precision: str, threads: int) -> Maker:
    from vlt_ros.model.openvino_runner import OpenVinoRunner

    return lambda module, examples: OpenVinoRunner(module, examples, precision, threads)
