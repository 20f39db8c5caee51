"""The tracking loop's part of a parity file: crops and states with given maps (pipe*), and whole runs (e2e*)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from track_common.boxes import to_xyxy
from vlt_ros.model import parity_fixtures
from vlt_ros.model.network import eager
from vlt_ros.model.parity_network import Arrays, Case
from vlt_ros.model.scar import VltScar
from vlt_ros.siamese import scar, state, tt
from vlt_ros.siamese.follower import RULES, Follower, Rules
from vlt_ros.siamese.settings import settings_row
from vlt_ros.siamese.state import Image, Step

FRAMES, HEIGHT, WIDTH = 5, 240, 320
FIRST_BOX = (120.0, 80.0, 60.0, 40.0)  # x, y, w, h
RUN_FRAMES = 4


def reproduce(case: Case, wanted: Mapping[str, NDArray[Any]]) -> Arrays:
    """All tracking arrays of a file, under the file's names."""
    rules = RULES["vlt_scar" if isinstance(case.network, VltScar) else "vlt_tt"]
    out: Arrays = {}
    for name in sorted({key.split("/")[0] for key in wanted if key.startswith("pipe") and "/dataset" in key}):
        given = {key.split("/")[1]: value for key, value in wanted.items() if key.startswith(f"{name}/")}
        made = _Replay(case, rules, wanted, given).run()
        out |= {f"{name}/{key}": value for key, value in made.items()}
    return out | _runs(case, rules)


@dataclass(frozen=True, eq=False)
class _Replay:
    """The tracking loop with the network's answers read from the file."""

    case: Case
    rules: Rules
    wanted: Mapping[str, NDArray[Any]]
    given: Mapping[str, NDArray[Any]]

    def run(self) -> Arrays:
        """Template, crops, and one state a frame."""
        inference = settings_row(self.rules.settings, str(self.given["dataset"]))
        images = [_frame(self.case, index) for index in range(FRAMES)]
        at, template = state.start(images[0], to_xyxy(self.given["init_xywh"], "xywh"), self.rules.template_side)
        out = self._template(at, template)
        sides, states = [], []
        for index, image in enumerate(images[1:]):
            sides.append(self.rules.search_side(at))
            out |= self._crop(index, self.rules.search_crop(image, at))
            done = self.rules.step(at, self._maps(index), (WIDTH, HEIGHT), inference)
            at = done.state
            states.append(_row(done))
        return out | {"s_x": np.array(sides, float), "states": np.array(states)}

    def _template(self, at: state.TargetState, template: state.TemplateCrop) -> Arrays:
        planes = template.pixels.transpose(2, 0, 1)
        out: Arrays = {
            "template_bbox": template.box_xyxy[None].astype(np.float32),
            "template_crop": _thinned(planes, self.given["template_crop"]),
            "s_z": np.array(np.round(self.rules.template_side / at.first_scale)),
        }
        if "template_norm" in self.given:
            values = tt.normalise(template.pixels).transpose(2, 0, 1)
            out["template_norm"] = _thinned(values, self.given["template_norm"])
        return out

    def _crop(self, index: int, pixels: Image) -> Arrays:
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        name = f"search_crop{index}"
        out: Arrays = {f"{name}_crc32": np.array(zlib.crc32(planes.tobytes()), np.uint32)}
        return out | ({name: _thinned(planes, self.given[name])} if name in self.given else {})

    def _maps(self, index: int) -> scar.Maps | tt.Maps:
        cls, reg = self.wanted["pipe/maps_cls"][index], self.wanted["pipe/maps_reg"][index]
        if self.rules is RULES["vlt_tt"]:
            return tt.Maps(cls, reg)
        return scar.Maps(cls, reg, self.wanted["pipe/maps_cen"][index, 0])


def _runs(case: Case, rules: Rules) -> Arrays:
    follower = Follower(eager(case.network, case.path), rules, rules.settings["LaSOT"])
    out: Arrays = {}
    for name, sentence in (("e2e_lang", parity_fixtures.sentence("lang0", case.seed)), ("e2e_nolang", None)):
        images = [_network_order(_frame(case, index), rules) for index in range(RUN_FRAMES)]
        target = follower.start(images[0], to_xyxy(np.array(FIRST_BOX), "xywh"), sentence)
        rows = []
        for image in images[1:]:
            done = follower.step(image, target)
            target = target.at(done.state)
            rows.append(_row(done))
        out[f"{name}/states"] = np.array(rows)
    return out


def _frame(case: Case, index: int) -> Image:
    """(H, W, 3) picture in the order it is stored in."""
    return np.ascontiguousarray(parity_fixtures.picture(f"frame{index}", case.seed, HEIGHT, WIDTH).transpose(1, 2, 0))


def _network_order(image: Image, rules: Rules) -> Image:
    """The image whose RGB-taking network sees the stored order: SCAR's turns RGB into BGR."""
    return np.ascontiguousarray(image[..., ::-1]) if rules is RULES["vlt_scar"] else image


def _row(done: Step) -> NDArray[Any]:
    return np.array([*done.state.centre, *done.state.size, done.score])


def _thinned(planes: NDArray[Any], stored: NDArray[Any]) -> NDArray[Any]:
    """Every n-th row and column of planes (3, H, W), n such that the stored size results."""
    step = -(-planes.shape[-1] // stored.shape[-1])
    return planes[:, ::step, ::step]
