"""A network on one path written as OpenVINO graphs, which ``exported.py`` runs without torch.

python -m vlt_ros.model.export FILE ARCHITECTURE PRECISION FOLDER [PATH]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import openvino
import torch
from torch import Tensor, nn

from track_common.config import ConfigError
from vlt_ros.model import checkpoint, zoo
from vlt_ros.model.deploy import CorrelatedHead, Prepare, ScarFeatures, TtSearch, kept_of_target
from vlt_ros.model.exported import FORMAT, NOTES, TOKEN_BINS, TOKENS, cache_folder
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.roi_align import Regions
from vlt_ros.model.rounding import round_weights
from vlt_ros.model.scar import VltScar
from vlt_ros.siamese import scar, tt

Graph = tuple[nn.Module, list[Tensor]]  # a module and examples of its inputs


def architecture_of(network: zoo.Network) -> str:
    """Name of a network's architecture."""
    return next(a.name for a in zoo.ARCHITECTURES.values() if isinstance(network, a.network))


def written_here(network: zoo.Network, path: NetworkPath, precision: str) -> Path:
    """Folder with the graphs of a network in memory, written by this process where there is none."""
    made = hashlib.sha256(f"{FORMAT} {openvino.__version__} {network.config} {path} {precision}".encode())
    for name, value in network.state_dict().items():
        made.update(name.encode())
        made.update(np.ascontiguousarray(value.detach().numpy()).tobytes())
    folder = cache_folder() / f"memory_{made.hexdigest()[:32]}"
    if not (folder / NOTES).is_file():
        write(network, path, precision, folder)
    return folder


@torch.no_grad()
def write(network: zoo.Network, path: NetworkPath, precision: str, folder: Path) -> None:
    """Write all graphs for "f32" or "bf16"; beside their place first, so that nobody reads half of them."""
    network = network.to("cpu").eval()
    for branch in (path.template, path.search):
        branch.check(zoo.backbone(network).config.depths)
    graphs = _graphs(network, path, precision)
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for name, (module, examples) in graphs.items():
            openvino.save_model(_converted(module, examples), place / f"{name}.xml", compress_to_fp16=False)
        (place / NOTES).write_text(json.dumps({"token_scales": zoo.backbone(network).token_scales}))
        _put(place, folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _converted(module: nn.Module, examples: list[Tensor]) -> openvino.Model:
    """The module as a graph; traced and frozen first, which leaves the converter a third of the work."""
    traced = torch.jit.freeze(torch.jit.trace(module, tuple(examples), check_trace=False))
    return openvino.convert_model(traced, example_input=tuple(examples), input=[tuple(e.shape) for e in examples])


class Told(nn.Module):
    """Template image (1, 3, T, T) and sentence (1, 768) to all that is kept of a target."""

    def __init__(self, network: zoo.Network, path: NetworkPath, prepare: Prepare) -> None:
        super().__init__()
        self.network, self._path, self._prepare = network, path, prepare

    def forward(self, image: Tensor, sentence: Tensor) -> tuple[Tensor, ...]:
        tokens = zoo.backbone(self.network).language_tokens(sentence)
        return kept_of_target(self.network, self._path, self._prepare, image, tokens)


class Seen(nn.Module):
    """Template image and the target's regions, rows then columns of every stage, to all that is kept of a target."""

    def __init__(self, network: zoo.Network, path: NetworkPath, prepare: Prepare) -> None:
        super().__init__()
        self.network, self._path, self._prepare = network, path, prepare

    def forward(self, image: Tensor, *regions: Tensor) -> tuple[Tensor, ...]:
        half = len(regions) // 2
        regions_of = Regions(regions[:half], regions[half:])
        return kept_of_target(self.network, self._path, self._prepare, image, None, regions_of)


def _graphs(network: zoo.Network, path: NetworkPath, precision: str) -> dict[str, Graph]:
    is_scar = isinstance(network, VltScar)
    search = (ScarFeatures(network, path) if is_scar else TtSearch(network, path)).eval()
    sides = (scar.TEMPLATE, scar.SEARCH) if is_scar else (tt.TEMPLATE, tt.SEARCH)
    graphs = _templates(network, path, search.backbone.tokens, sides[0])
    told, examples = graphs["template_told"]
    kept = told(*examples)
    image = torch.zeros(1, 3, sides[1], sides[1])
    inputs = [image, *(kept[:TOKENS] if is_scar else kept)]
    if is_scar:
        graphs["head"] = CorrelatedHead(network).eval(), [*search(*inputs), *kept[TOKENS:]]
    if precision != "f32":
        round_weights(search, network, path)
    graphs["features" if is_scar else "search"] = search, inputs
    return graphs


def _templates(network: zoo.Network, path: NetworkPath, prepare: Prepare, side: int) -> dict[str, Graph]:
    image = torch.zeros(1, 3, side, side)
    body = zoo.backbone(network)
    stages = body(image, path.template, body.language_tokens(torch.zeros(1, body.config.language))).stages
    regions = [torch.zeros(1, TOKEN_BINS, x.shape[-2]) for x in stages] + [
        torch.zeros(1, TOKEN_BINS, x.shape[-1]) for x in stages
    ]
    return {
        "template_told": (Told(network, path, prepare).eval(), [image, torch.zeros(1, body.config.language)]),
        "template_seen": (Seen(network, path, prepare).eval(), [image, *regions]),
    }


def _put(place: Path, folder: Path) -> None:
    """Move what is complete to where it is looked for, unless another process was first."""
    try:
        place.rename(folder)
    except OSError:
        if not (folder / NOTES).is_file():
            raise


def main() -> None:
    """Write the graphs of a file; what is wrong with it goes to stderr, exit status 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("architecture", choices=tuple(zoo.ARCHITECTURES))
    parser.add_argument("precision", choices=("f32", "bf16"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("path", nargs="?", default="", help="choices as four JSON lists; empty = those the file says")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        network, stored = checkpoint.load(options.file, options.architecture)
        path = NetworkPath.from_lists(json.loads(options.path)) if options.path else stored.path
        write(network, path, options.precision, options.folder)
    except (ConfigError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
