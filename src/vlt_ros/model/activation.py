"""Grad-CAM of the search branch: which parts of an image a target's score rests on, for different sentences (A.6).

Selvaraju et al. 2017: channels of a stage's output weighted with the mean gradient of the score, their sum cut at 0.
Element-wise (HiResCAM, Draelos and Carin 2020) weights every cell with its own gradient: a score at one place has its
gradient near that place, and a mean over the whole map can leave nothing above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from track_common.config import ConfigError
from track_common.types import Array
from vlt_ros.language.sentence import SentenceEncoder
from vlt_ros.model import zoo
from vlt_ros.model.backbone import STAGE_STRIDES, Features
from vlt_ros.model.network import scar_input, tt_input
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.scar import ScarMaps, VltScar
from vlt_ros.model.tt import TtMaps
from vlt_ros.siamese.follower import RULES
from vlt_ros.siamese.state import Image, start

STAGES = len(STAGE_STRIDES)
GAP = 4  # px between the pictures of a grid
HEADER = 18  # px above a picture for its sentence
SHARE = 0.5  # of the map in an overlay
NO_SENTENCE = "(no sentence)"


@dataclass(frozen=True, eq=False)
class Activation:
    """One sentence's map: values 0..1 (S, S) over the search crop, the target's largest probability in it."""

    sentence: str
    values: Array
    probability: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A target's first image and box (4,), and an image to search it in about a place (4,)."""

    first: Image
    box_xyxy: Array
    image: Image
    about_xyxy: Array


def activations(
    network: zoo.Network,
    path: NetworkPath,
    scene: Scene,
    sentences: Sequence[str],
    encoder: SentenceEncoder | None,
    stage: int = STAGES,
    is_elementwise: bool = False,
) -> tuple[Image, list[Activation]]:
    """Search crop (S, S, 3) and one map a sentence; "" is the target without language.

    Raises:
        ConfigError: a stage out of 1..4, or a sentence and nothing to encode it with.
    """
    if not 1 <= stage <= STAGES:
        raise ConfigError(f"stage {stage} unknown; the backbone has 1..{STAGES}")
    if any(sentences) and encoder is None:
        raise ConfigError("sentences need an encoder; type --language words (or bert, gpt2)")
    is_scar = isinstance(network, VltScar)
    rules, make_input = RULES["vlt_scar" if is_scar else "vlt_tt"], scar_input if is_scar else tt_input
    _, template = start(scene.first, scene.box_xyxy, rules.template_side)
    place, _ = start(scene.image, scene.about_xyxy, rules.template_side)
    crop = rules.search_crop(scene.image, place)
    z, x = make_input(template.pixels), make_input(crop)
    box = torch.from_numpy(template.box_xyxy.astype(np.float32))[None]
    made = []
    for sentence in sentences:
        tokens = _tokens(network, encoder.encode(sentence)) if sentence and encoder is not None else None
        with torch.no_grad():
            kept: Any = network.template(z, path, tokens, box)
        features, gradient, probability = _gradient(network, path, x, kept, stage)
        values = cam(features, gradient, is_elementwise)
        made.append(Activation(sentence, cv2.resize(values, crop.shape[1::-1]), probability))  # pyright: ignore
    return crop, made


def target_logits(maps: ScarMaps | TtMaps) -> tuple[Tensor, Tensor]:
    """Target and background logits (N,) of the first sample."""
    if isinstance(maps, ScarMaps):
        return maps.cls[0, 1].flatten(), maps.cls[0, 0].flatten()
    return maps.cls[0, :, 0], maps.cls[0, :, 1]


def grid(crop: Image, found: Sequence[Activation]) -> Image:
    """The crop, then every map over it under its sentence, side by side."""
    pictures = [_titled(crop, "search image")]
    for one in found:
        heat = cv2.applyColorMap(np.round(255 * one.values).astype(np.uint8), cv2.COLORMAP_JET)[..., ::-1]
        mixed = np.round((1 - SHARE) * crop + SHARE * heat).astype(np.uint8)
        pictures.append(_titled(mixed, f"{one.sentence or NO_SENTENCE} {one.probability:.2f}"))
    gap = np.full((pictures[0].shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([part for picture in pictures for part in (picture, gap)][:-1])


def cam(features: Tensor, gradient: Tensor, is_elementwise: bool) -> Array:
    """Map (h, w), its largest value 1, of features (1, C, h, w) and the score's gradient; 0 where none is for it."""
    weights = gradient if is_elementwise else gradient.mean(dim=(2, 3), keepdim=True)
    values = (features * weights).sum(dim=1)[0].clamp(min=0).detach().numpy()
    return values / max(float(values.max()), 1e-12)


def _gradient(
    network: zoo.Network, path: NetworkPath, x: Tensor, kept: Any, stage: int
) -> tuple[Tensor, Tensor, float]:
    """A stage's output, the gradient of the score at its peak there, and the target's probability at the peak."""
    caught: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, output: Features) -> None:
        output.stages[stage - 1].retain_grad()
        caught.append(output.stages[stage - 1])

    hook = zoo.backbone(network).register_forward_hook(keep)
    try:
        with torch.enable_grad():
            target, background = target_logits(network.search(x.requires_grad_(), path, kept))
            margin = target - background
            margin.max().backward()
    finally:
        hook.remove()
        network.zero_grad(set_to_none=True)
    features, gradient = caught[0], caught[0].grad
    if gradient is None:
        raise ConfigError(f"{type(network).__name__} does not use stage {stage}; give a later one")
    return features, gradient, float(torch.sigmoid(margin.detach().max()))


def _tokens(network: zoo.Network, sentence: Array) -> tuple[Tensor, ...]:
    with torch.no_grad():
        return zoo.backbone(network).language_tokens(torch.from_numpy(np.asarray(sentence, np.float32))[None])


def _titled(picture: Image, title: str) -> Image:
    header = np.full((HEADER, picture.shape[1], 3), 255, np.uint8)
    scale = min(0.4, 0.4 * picture.shape[1] / (7.5 * max(len(title), 1)))
    cv2.putText(header, title, (2, HEADER - 5), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([header, picture])
