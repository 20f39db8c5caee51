"""The networks as the tracking loop sees them: uint8 crops in, arrays out, nothing kept between calls.

One network serves any number of targets: all that belongs to a target is in the template it returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from track_common.types import Array
from vlt_ros.model import zoo
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.scar import ScarMaps, ScarTemplate, VltScar
from vlt_ros.model.tt import TtMaps, TtTemplate, VltTt
from vlt_ros.siamese import scar, tt
from vlt_ros.siamese.state import Image, TemplateCrop


@dataclass(frozen=True, eq=False)
class ScarNetwork:
    """VLT_SCAR, eager, one path. Takes RGB crops; the network itself wants BGR, 0..255."""

    model: VltScar
    path: NetworkPath
    device: str = "cpu"

    @torch.inference_mode()
    def template(self, target: TemplateCrop, sentence: Array | None) -> ScarTemplate:
        """What is kept of a target; ``sentence`` (768,) or None for a token made of the template itself."""
        tokens, boxes = _language(self.model, target, sentence, self.device)
        return self.model.template(scar_input(target.pixels, self.device), self.path, tokens, boxes)

    @torch.inference_mode()
    def search(self, pixels: Image, template: ScarTemplate) -> scar.Maps:
        """Maps of one search crop (255, 255, 3)."""
        return scar_arrays(self.model.search(scar_input(pixels, self.device), self.path, template))


@dataclass(frozen=True, eq=False)
class TtNetwork:
    """VLT_TT, eager, one path. Takes RGB crops and normalises them."""

    model: VltTt
    path: NetworkPath
    device: str = "cpu"

    @torch.inference_mode()
    def template(self, target: TemplateCrop, sentence: Array | None) -> TtTemplate:
        """What is kept of a target; ``sentence`` (768,) or None for a token made of the template itself."""
        tokens, boxes = _language(self.model, target, sentence, self.device)
        return self.model.template(tt_input(target.pixels, self.device), self.path, tokens, boxes)

    @torch.inference_mode()
    def search(self, pixels: Image, template: TtTemplate) -> tt.Maps:
        """Scores and boxes of one search crop (256, 256, 3)."""
        return tt_arrays(self.model.search(tt_input(pixels, self.device), self.path, template))


def eager(model: zoo.Network, path: NetworkPath, device: str = "cpu") -> ScarNetwork | TtNetwork:
    """The plain float32 form of a network."""
    model = model.to(device).eval()
    return ScarNetwork(model, path, device) if isinstance(model, VltScar) else TtNetwork(model, path, device)


def scar_input(pixels: Image, device: str = "cpu") -> Tensor:
    """(1, 3, H, W) float32 BGR 0..255 from RGB bytes (H, W, 3)."""
    return torch.from_numpy(scar.network_input(pixels)).to(device)


def tt_input(pixels: Image, device: str = "cpu") -> Tensor:
    """(1, 3, H, W) float32 ImageNet-normalised RGB from RGB bytes (H, W, 3)."""
    return torch.from_numpy(tt.network_input(pixels)).to(device)


def scar_arrays(maps: ScarMaps) -> scar.Maps:
    """The first sample's maps as arrays."""
    return scar.Maps(maps.cls[0].cpu().numpy(), maps.reg[0].cpu().numpy(), maps.cen[0, 0].cpu().numpy())


def tt_arrays(maps: TtMaps) -> tt.Maps:
    """The first sample's answers as arrays."""
    return tt.Maps(maps.cls[0].cpu().numpy(), maps.reg[0].cpu().numpy())


def _language(
    model: zoo.Network, target: TemplateCrop, sentence: Array | None, device: str
) -> tuple[tuple[Tensor, ...] | None, Tensor | None]:
    if sentence is None:
        return None, torch.from_numpy(target.box_xyxy.astype(np.float32)).to(device)[None]
    vector = torch.from_numpy(np.asarray(sentence, np.float32)).to(device)[None]
    return zoo.backbone(model).language_tokens(vector), None
