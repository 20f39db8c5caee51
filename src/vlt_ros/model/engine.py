"""Ways to run a network on a CPU: eager, folded (torch only), OpenVINO in float32 or bfloat16.

OpenVINO's need no torch in the process that tracks: the graphs are written by another one, once for a file. Measured
ratios and how to measure them: docs/vlt.md, "Speed".
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from track_common.config import ConfigError, lookup
from vlt_ros.model.paths import NetworkPath
from vlt_ros.siamese.follower import SiameseNetwork

if TYPE_CHECKING:
    from vlt_ros.model import zoo

PRECISIONS = {"openvino": "f32", "openvino-bf16": "bf16"}
ENGINES = ("auto", "eager", "folded", *PRECISIONS)


@dataclass(frozen=True)
class Source:
    """A network in a file.

    Attributes:
        file: its weights.
        architecture: "vlt_scar" or "vlt_tt".
        path: choices to run; None = those the file says.
    """

    file: Path
    architecture: str
    path: NetworkPath | None = None


def load_engine(
    name: str, source: Source, device: str = "cpu", threads: int = 1, is_told: bool = True
) -> SiameseNetwork:
    """The engine of that name with a file's weights; ``is_told``: sentences are to be expected.

    Raises:
        ConfigError: unknown engine, OpenVINO asked for and not installed, or a file or path that does not fit.
    """
    name = _chosen(name, device)
    if name in PRECISIONS:
        from vlt_ros.model.exported import open_exported, written_apart

        folder = written_apart(source.file, source.architecture, source.path, PRECISIONS[name])
        return open_exported(folder, source.architecture, PRECISIONS[name], threads, is_told)
    import torch

    from vlt_ros.model import checkpoint, zoo

    torch.set_num_threads(threads)
    network, stored = checkpoint.load(source.file, source.architecture)
    path = source.path or stored.path
    for branch in (path.template, path.search):
        branch.check(zoo.backbone(network).config.depths)
    return make_engine(name, network, path, device, threads)


def make_engine(
    name: str, network: zoo.Network, path: NetworkPath, device: str = "cpu", threads: int = 1
) -> SiameseNetwork:
    """A network on one path, run by the engine of that name; "auto" is openvino where it is installed, else folded.

    Raises:
        ConfigError: unknown engine, or OpenVINO asked for and not installed.
    """
    name = _chosen(name, device)
    if name == "eager":
        from vlt_ros.model.network import eager

        return eager(network, path, device)
    if name == "folded":
        from vlt_ros.model.folded_engine import folded

        return folded(network, path)
    from vlt_ros.model.export import architecture_of, written_here
    from vlt_ros.model.exported import open_exported

    folder = written_here(network, path, PRECISIONS[name])
    return open_exported(folder, architecture_of(network), PRECISIONS[name], threads)


def _chosen(name: str, device: str) -> str:
    """The engine meant by a name; ConfigError where there is none, or it cannot run here."""
    lookup("engine", name, dict.fromkeys(ENGINES))
    has_openvino = importlib.util.find_spec("openvino") is not None
    if name in PRECISIONS and not has_openvino:
        raise ConfigError(f"engine '{name}' needs the package 'openvino'; type `make setup-models` or engine:=folded")
    if name != "auto":
        return name
    return "eager" if device != "cpu" else "openvino" if has_openvino else "folded"
