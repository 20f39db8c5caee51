"""The two trackers by name: network, configuration, published path, and which names a checkpoint of each must hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from track_common.config import lookup
from vlt_ros.model.backbone import Backbone, BackboneConfig
from vlt_ros.model.fusion import FusionConfig
from vlt_ros.model.paths import SCAR_PATH, TT_PATH, NetworkPath
from vlt_ros.model.scar import ScarConfig, VltScar
from vlt_ros.model.tt import TtConfig, VltTt

Network = VltScar | VltTt


@dataclasses.dataclass(frozen=True)
class Architecture:
    """What belongs to one kind of network."""

    name: str
    network: type[VltScar] | type[VltTt]
    config: type[ScarConfig] | type[TtConfig]
    path: NetworkPath
    mark: str  # a prefix that only this kind's checkpoints have


ARCHITECTURES = {
    "vlt_scar": Architecture("vlt_scar", VltScar, ScarConfig, SCAR_PATH, "head.cls_tower."),
    "vlt_tt": Architecture("vlt_tt", VltTt, TtConfig, TT_PATH, "backbone.0.body."),
}
_PARTS = {"backbone": BackboneConfig, "fusion": FusionConfig}


def architecture(name: str) -> Architecture:
    """The architecture of that name; ConfigError names the known ones."""
    return lookup("architecture", name, ARCHITECTURES)


def recognise(keys: Iterable[str]) -> str | None:
    """Name of the architecture a checkpoint's keys belong to, or None."""
    names = list(keys)
    return next((a.name for a in ARCHITECTURES.values() if any(n.startswith(a.mark) for n in names)), None)


def build(name: str, config: Mapping[str, Any] | None = None) -> Network:
    """A fresh network in evaluation mode; ``config`` is what ``config_values`` gave."""
    kind = architecture(name)
    return kind.network(_config(kind.config, config or {})).eval()  # pyright: ignore[reportArgumentType]


def config_values(network: Network) -> dict[str, Any]:
    """The network's sizes as plain values that JSON can hold."""
    return dataclasses.asdict(network.config)


def backbone(network: Network) -> Backbone:
    """The searched backbone of either network."""
    return network.backbone if isinstance(network, VltScar) else network.body


def parameters(module: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in module.parameters())


def _config(kind: type, values: Mapping[str, Any]) -> Any:
    made = {name: _config(_PARTS[name], value) if name in _PARTS else value for name, value in values.items()}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in made.items()})
