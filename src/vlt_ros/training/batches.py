"""Pairs -> tensors, and the network as training calls it: sentences where there are any, something else where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from track_common.types import Array
from vlt_ros.language.sentence import LENGTH, SentenceEncoder
from vlt_ros.model import zoo
from vlt_ros.model.losses import ScarLoss, TtLoss, scar_loss, tt_loss
from vlt_ros.model.network import scar_input, tt_input
from vlt_ros.model.paths import NetworkPath
from vlt_ros.model.scar import ScarMaps, VltScar
from vlt_ros.model.tt import TtMaps
from vlt_ros.siamese.state import Image
from vlt_ros.training.pairs import Pair


@dataclass(frozen=True, eq=False)
class Batch:
    """B pairs as the network takes them.

    Attributes:
        templates, searches: (B, 3, T, T), (B, 3, S, S) in the network's channel order and range.
        template_boxes, search_boxes: (B, 4) xyxy in crop pixels.
        sentences: (B, 768), zeros where there is none.
        has_sentence: (B,) bool.
    """

    templates: Tensor
    searches: Tensor
    template_boxes: Tensor
    search_boxes: Tensor
    sentences: Tensor
    has_sentence: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(*(value.to(device) for value in vars(self).values()))


class Collator:
    """List of pairs -> ``Batch``; every different sentence is encoded once."""

    def __init__(self, architecture: str, encoder: SentenceEncoder | None, is_tt_raw: bool = False) -> None:
        self._input = tt_input if architecture == "vlt_tt" and not is_tt_raw else scar_input
        self._encoder = encoder
        self._known: dict[str, Array] = {}

    def __call__(self, pairs: Sequence[Pair]) -> Batch:
        """Batch of pairs."""
        has_sentence = [bool(pair.sentence) and self._encoder is not None for pair in pairs]
        sentences = [
            self._vector(p.sentence) if has else np.zeros(LENGTH) for p, has in zip(pairs, has_sentence, strict=True)
        ]
        return Batch(
            self._images([pair.template for pair in pairs]),
            self._images([pair.search for pair in pairs]),
            _floats([pair.template_box_xyxy for pair in pairs]),
            _floats([pair.search_box_xyxy for pair in pairs]),
            _floats(sentences),
            torch.tensor(has_sentence),
        )

    def _images(self, images: Sequence[Image]) -> Tensor:
        return torch.cat([self._input(image) for image in images]).contiguous(memory_format=torch.channels_last)

    def _vector(self, sentence: str) -> Array:
        if sentence not in self._known and self._encoder is not None:
            self._known[sentence] = self._encoder.encode(sentence)
        return self._known[sentence]


class TrainingNetwork(nn.Module):
    """What is trained: a batch and a path in, losses out. A pair without a sentence gets zeros or a template token."""

    def __init__(self, network: zoo.Network, without_language: str, hard_share: float = 1.0) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] (a fifth less a step on a CPU)
        self._is_template_token = without_language == "template"
        self._hard_share = hard_share

    def forward(self, batch: Batch, path: NetworkPath) -> ScarLoss | TtLoss:
        """Losses of one batch."""
        maps = self.maps(batch, path)
        if isinstance(maps, ScarMaps):
            return scar_loss(maps, batch.search_boxes, self._hard_share)
        return tt_loss(maps, batch.search_boxes)

    def maps(self, batch: Batch, path: NetworkPath) -> ScarMaps | TtMaps:
        """The head's answers in training geometry."""
        if not self._is_template_token or bool(batch.has_sentence.all()):
            return self.network(batch.templates, batch.searches, path, batch.sentences)
        if not bool(batch.has_sentence.any()):
            return self.network(batch.templates, batch.searches, path, None, batch.template_boxes)
        return self._mixed(batch, path)

    def _mixed(self, batch: Batch, path: NetworkPath) -> ScarMaps | TtMaps:
        """Both kinds of token in one batch; the template runs once more, so that all pairs share their statistics."""
        network: zoo.Network = self.network
        body = zoo.backbone(network)
        seen = body(batch.templates, path.template, None, batch.template_boxes).tokens
        told = body.language_tokens(batch.sentences)
        is_told = batch.has_sentence[:, None, None, None]
        tokens = [torch.where(is_told, a, b) for a, b in zip(told, seen, strict=True)]
        geometry: dict[str, Any] = {"cut": 0} if isinstance(network, VltScar) else {}
        kept: Any = network.template(batch.templates, path, tokens, **geometry)
        return network.search(batch.searches, path, kept, **geometry)


def _floats(rows: Sequence[Array]) -> Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32))
