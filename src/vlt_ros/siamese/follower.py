"""One target followed by one network: image in, new state out; holds nothing, so one network serves many."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from track_common.types import Array
from vlt_ros.siamese import colour, scar, state, tt
from vlt_ros.siamese.settings import SCAR_SETTINGS, TT_SETTINGS, Inference
from vlt_ros.siamese.state import Image, Step, TargetState, TemplateCrop


class SiameseNetwork(Protocol):
    """What the loop needs of a network; ``Any`` is what it keeps of a target and what it answers."""

    def template(self, target: TemplateCrop, sentence: Array | None) -> Any: ...

    def search(self, pixels: Image, template: Any) -> Any: ...


@dataclass(frozen=True)
class Rules:
    """What differs between the trackers around the network."""

    template_side: int  # px
    search_side: Callable[[TargetState], int]  # image px
    search_crop: Callable[[Image, TargetState], Image]
    step: Callable[[TargetState, Any, tuple[int, int], Inference], Step]
    settings: dict[str, Inference]


RULES = {
    "vlt_scar": Rules(scar.TEMPLATE, scar.search_side, scar.search_crop, scar.step, SCAR_SETTINGS),
    "vlt_tt": Rules(tt.TEMPLATE, tt.search_side, tt.search_crop, tt.step, TT_SETTINGS),
}


@dataclass(frozen=True, eq=False)
class Target:
    """All that belongs to one target: its place and what is kept of its first appearance and sentence."""

    state: TargetState
    template: Any
    colours: Array | None = None

    def at(self, place: TargetState) -> Target:
        """The same target elsewhere."""
        return dataclasses.replace(self, state=place)


@dataclass(frozen=True, eq=False)
class Follower:
    """The authors' tracking loop as two functions of image and target."""

    network: SiameseNetwork
    rules: Rules
    inference: Inference

    def start(self, image: Image, box_xyxy: Array, sentence: Array | None) -> Target:
        """Target from its first box (4,) in pixels and its sentence vector (768,), None = no language."""
        at, template = state.start(image, box_xyxy, self.rules.template_side)
        kept = self.network.template(template, sentence)
        return Target(at, kept, self._colours(image, at) if self.inference.colour_share else None)

    def step(self, image: Image, target: Target, inference: Inference | None = None) -> Step:
        """Where the target is in the next image; ``inference`` replaces the settings for this one step."""
        settings, pixels = inference or self.inference, self.rules.search_crop(image, target.state)
        maps = self.network.search(pixels, target.template)
        if settings.colour_share and target.colours is not None:
            sides = target.state.size * pixels.shape[0] / self.rules.search_side(target.state)
            maps = colour.weighted(maps, colour.likelihood(pixels, target.colours, sides), settings.colour_share)
        size = (image.shape[1], image.shape[0])
        return self.rules.step(target.state, maps, size, settings)

    def _colours(self, image: Image, at: TargetState) -> Array | None:
        pixels = self.rules.search_crop(image, at)
        middle, half = pixels.shape[0] // 2, at.size * pixels.shape[0] / self.rules.search_side(at) / 2
        return colour.colour_table(pixels, np.concatenate([middle - half, middle + half]))
