"""The network's part of a parity file: weights from the seed, then outputs, intermediates, losses and gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vlt_ros.model import parity_fixtures, zoo
from vlt_ros.model.fusion import sine_positions
from vlt_ros.model.losses import scar_loss, tt_loss, tt_positives
from vlt_ros.model.parity_fixtures import SCAR_INPUTS, TT_INPUTS, Inputs
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.scar import ScarMaps, VltScar
from vlt_ros.model.tt import TtMaps, VltTt

Arrays = dict[str, NDArray[Any]]

EDGE_BOX = (-20.0, 10.5, 139.0, 118.0)
SECOND_BOX = (30.0, 36.5, 100.0, 90.25)
SEARCH_BOXES = ((70.0, 80.0, 190.0, 170.0), (100.5, 60.25, 160.75, 210.0))
STAGE_PARTS = {"z": 8, "x": 4}  # channels stored of each stage
SCAR_TAPS = {"down": 16, "cls_tower": 16, "bbox_tower": 16}  # output of head.<name>, every n-th channel
NECK_TAPS = {"z": (2, 8), "x": (5, 32)}  # number of each branch's first neck level, every n-th channel


@dataclass(frozen=True, eq=False)
class Case:
    """A filled network, its path and where its inputs come from."""

    network: zoo.Network
    path: NetworkPath
    inputs: Inputs
    seed: int
    template_box: tuple[float, ...]
    filled: Mapping[str, NDArray[Any]]

    def image(self, name: str, side: int) -> Tensor:
        """(1, 3, side, side) picture of that name as the network takes it."""
        pixels = parity_fixtures.picture(name, self.seed, side, side)
        return torch.from_numpy(parity_fixtures.network_input(pixels, self.inputs))[None]

    def sentences(self, *names: str) -> Tensor:
        """(B, 768) sentence vectors of those names; "zero" is all zeros."""
        rows = [np.zeros(768, np.float32) if n == "zero" else parity_fixtures.sentence(n, self.seed) for n in names]
        return torch.from_numpy(np.stack(rows))


def make_case(meta: Mapping[str, Any]) -> Case:
    """The case a parity file's ``meta_json`` describes."""
    name = str(meta["tracker"]).lower()
    inputs = SCAR_INPUTS if name == "vlt_scar" else TT_INPUTS
    network, seed = zoo.build(name), int(meta["seed"])
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    filled = {key: parity_fixtures.fill(key, shape, seed, inputs.input_scale) for key, shape in shapes.items()}
    network.load_state_dict({key: torch.from_numpy(np.asarray(value)) for key, value in filled.items()})
    path = NetworkPath.from_lists(meta["cand"])
    return Case(network, path, inputs, seed, tuple(meta["template_bbox"]), filled)


def reproduce(case: Case, wanted: Mapping[str, NDArray[Any]]) -> Arrays:
    """All network arrays of a file, under the file's names."""
    return _checks(case, wanted) | _single(case) | _training(case) | _losses(case, wanted)


def _checks(case: Case, wanted: Mapping[str, NDArray[Any]]) -> Arrays:
    sides = {"template": case.inputs.template, "search": case.inputs.search}
    crc = 0
    for name in ("template", "search", "template_b", "search_b"):
        side = sides[name.split("_")[0]]
        crc = parity_fixtures.chained_crc({name: parity_fixtures.picture(name, case.seed, side, side)}, crc)
    for name in ("lang0", "lang1"):
        crc = parity_fixtures.chained_crc({name: parity_fixtures.sentence(name, case.seed)}, crc)
    weights = parity_fixtures.chained_crc(case.filled)
    first = [case.filled[str(name)].ravel()[:8] for name in wanted["check_param_names"]]
    return {"check_crc32": np.array([weights, crc], np.uint32), "check_param_first8": np.stack(first)}


@torch.inference_mode()
def _single(case: Case) -> Arrays:
    out: Arrays = {}
    for name in ("lang0", "lang1", "nolang", "zero", "nolang_edge"):
        box = EDGE_BOX if name == "nolang_edge" else case.template_box
        with Taps(case.network) as taps:
            maps = _track(case, None if name.startswith("nolang") else name, box)
        out |= {f"{name}/out_{part}": value.numpy() for part, value in vars(maps).items()}
        if name in ("lang0", "nolang"):
            out |= {f"{name}/{part}": value for part, value in _intermediates(case, taps).items()}
    return out


def _track(case: Case, language: str | None, box: Sequence[float]) -> ScarMaps | TtMaps:
    network: Any = case.network
    tokens = None if language is None else zoo.backbone(network).language_tokens(case.sentences(language))
    images = case.image("template", case.inputs.template)
    template = network.template(images, case.path, tokens, torch.tensor([box]))
    return network.search(case.image("search", case.inputs.search), case.path, template)


class Taps:
    """Outputs of every submodule while active, by name, in call order."""

    def __init__(self, network: nn.Module) -> None:
        self.outputs: dict[str, list[Any]] = {}
        self._network = network
        self._hooks: list[Any] = []

    def __enter__(self) -> Taps:
        for name, module in self._network.named_modules():
            self._hooks.append(module.register_forward_hook(self._record(name)))
        return self

    def __exit__(self, *error: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _record(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def record(_: nn.Module, __: Any, output: Any) -> None:
            self.outputs.setdefault(name, []).append(output)

        return record


def _intermediates(case: Case, taps: Taps) -> Arrays:
    is_scar = isinstance(case.network, VltScar)
    z, x = taps.outputs["backbone" if is_scar else "backbone.0.body"]
    out: Arrays = {f"token{stage}": token[:, :, 0, 0].numpy() for stage, token in enumerate(z.tokens)}
    for branch, features in (("z", z), ("x", x)):
        for stage, values in enumerate(features.stages, start=1):
            out[f"{branch}_stage{stage}_ch"] = values[:, :: values.shape[1] // STAGE_PARTS[branch]].numpy()
            out[f"{branch}_stage{stage}_mean"] = values.mean(dim=(2, 3)).numpy()
    return out | (_scar_taps(taps) if is_scar else _tt_taps(taps))


def _scar_taps(taps: Taps) -> Arrays:
    out: Arrays = {f"{n}_ch": taps.outputs[f"head.{n}"][0][:, ::step].numpy() for n, step in SCAR_TAPS.items()}
    for branch, (first, step) in NECK_TAPS.items():
        for level in range(3):
            values = taps.outputs[f"neck.downsample{first + level}"][0]
            out[f"{branch}_neck{level}_ch"] = values[:, ::step].numpy()
    return out


def _tt_taps(taps: Taps) -> Arrays:
    def encoded(layer: int, image: int) -> Tensor:
        return taps.outputs[f"neck.encoder.layers.{layer}"][0][image].tokens

    out = {
        "input_proj_ch": taps.outputs["neck.input_proj"][0][:, ::16],
        "input_proj_copy_ch": taps.outputs["neck.input_proj_copy"][0][:, ::32],
        "dec_ch": taps.outputs["neck.decoder"][0][:, ::16, ::8],
        "pos_z_ch": sine_positions(16, 16, 256).reshape(1, 16, 16, 256).permute(0, 3, 1, 2)[:, ::8],
        "pos_x_ch": sine_positions(32, 32, 256).reshape(1, 32, 32, 256).permute(0, 3, 1, 2)[:, ::8, ::4, ::4],
    }
    for layer in (0, 3):
        out[f"enc{layer}_z_ch"] = encoded(layer, 0)[:, ::4, ::8]
        out[f"enc{layer}_x_ch"] = encoded(layer, 1)[:, ::16, ::8]
    return {name: value.numpy() for name, value in out.items()}


@torch.inference_mode()
def _training(case: Case) -> Arrays:
    templates = torch.cat([case.image(n, case.inputs.template) for n in ("template", "template_b")])
    searches = torch.cat([case.image(n, case.inputs.search) for n in ("search", "search_b")])
    boxes = torch.tensor([case.template_box, SECOND_BOX])
    out: Arrays = {}
    for name in ("train_lang", "train_nolang"):
        sentences = case.sentences("lang0", "lang1") if name == "train_lang" else None
        maps = case.network(templates, searches, case.path, sentences, boxes)
        out |= {f"{name}/out_{part}": value.numpy() for part, value in vars(maps).items()}
        names = (
            ("cls_loss", "reg_loss", "cen_loss") if isinstance(maps, ScarMaps) else ("cls_loss", "loss_l1", "loss_iou")
        )
        losses = vars(_loss(maps)).values()
        out |= {f"{name}/{part}": np.array(float(value)) for part, value in zip(names, losses, strict=False)}
    return out


def _losses(case: Case, wanted: Mapping[str, NDArray[Any]]) -> Arrays:
    kind = ScarMaps if isinstance(case.network, VltScar) else TtMaps
    parts = tuple(kind.__dataclass_fields__)
    given = {part: torch.from_numpy(wanted[f"loss/pred_{part}"]).requires_grad_() for part in parts}
    loss = _loss(kind(**given))
    loss.total.backward()
    out: Arrays = {f"loss/grad_{part}": _gradient(value) for part, value in given.items()}
    out["loss/values"] = np.array([float(value.detach()) for value in vars(loss).values()])
    out["loss/names"] = np.array(list(vars(loss)))
    if isinstance(case.network, VltTt):
        positives = tt_positives(torch.tensor(SEARCH_BOXES), 32, case.inputs.search)
        out |= {f"loss/positives{i}": np.flatnonzero(row.numpy()).astype(np.int32) for i, row in enumerate(positives)}
    return out


def _loss(maps: ScarMaps | TtMaps) -> Any:
    boxes = torch.tensor(SEARCH_BOXES)
    return scar_loss(maps, boxes) if isinstance(maps, ScarMaps) else tt_loss(maps, boxes)


def _gradient(value: Tensor) -> NDArray[Any]:
    return value.grad.numpy() if value.grad is not None else np.zeros(tuple(value.shape), np.float32)
