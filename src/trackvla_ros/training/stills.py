"""Single frames with dense labels, read from shards (``evt_bench.data.record_stills``); numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from trackvla_ros.training.shards import Shard, decode_image, shards_in

MIN_COVER = 0.1  # of a cell that a person must cover to be the one the cell answers for
COLUMNS = {"x": 0, "y": 1, "heading": 2, "height": 3, "share": 4, "walks": 5}  # of a row of ``people``


@dataclass(frozen=True, eq=False)
class StillBatch:
    """Frames and what is known of them.

    Attributes:
        images: (B, S, S, 3) uint8 RGB.
        covered: (B, M, M) number of the person each place shows, from 1; 0 nobody.
        people: (B, P, 6) rows as in ``COLUMNS``; NaN for who is away.
        attributes: (B, P, A) numbers.
        sentences: B * P * (sentences a person), one person after another.
    """

    images: NDArray[np.uint8]
    covered: NDArray[np.uint8]
    people: Array
    attributes: NDArray[np.int8]
    sentences: Sequence[str]

    @property
    def sentences_each(self) -> int:
        """Sentences of one person of one frame."""
        return len(self.sentences) // max(1, self.people.shape[0] * self.people.shape[1])

    def sentence(self, frame: int, person: int, which: int) -> str:
        """One of the sentences that describe a person."""
        each = self.sentences_each
        return self.sentences[(frame * self.people.shape[1] + person) * each + which % each]


class Stills:
    """The frames of a folder: labels and JPEG bytes in memory, images decoded when asked for.

    A hundred thousand frames take about 0.8 GB. ``refresh`` takes up shards that were written since.
    """

    def __init__(self, folder: Path, shards: slice = slice(None)) -> None:
        self._folder, self._slice = folder, shards
        self._known: list[Path] = []
        self._coded: list[NDArray[np.uint8]] = []
        self._parts: list[dict[str, NDArray]] = []
        self._arrays: dict[str, NDArray] = {}
        self._texts: list[str] = []
        self._peopled: NDArray[np.integer] | None = None  # frames that show a person
        self.refresh()

    def __len__(self) -> int:
        return len(self._coded)

    def refresh(self) -> int:
        """Take up new shards; returns how many there are now."""
        new = [path for path in shards_in(self._folder)[self._slice] if path not in self._known]
        for path in new:
            shard = Shard(path)
            self._coded += shard.coded_images()
            self._texts += shard.texts("sentences")
            self._parts.append({name: shard.array(name) for name in ("covered", "people", "attributes")})
            self._known.append(path)
        if new:
            self._peopled = None
            self._arrays = {name: np.concatenate([p[name] for p in self._parts]) for name in self._parts[0]}
            self._parts = [self._arrays]
        return len(self._known)

    def draw(self, rng: np.random.Generator, count: int, people_share: float) -> NDArray[np.integer]:
        """Numbers of ``count`` random frames, ``people_share`` (0..1) of them among those that show a person."""
        peopled = np.flatnonzero(self._arrays["covered"].any(axis=(1, 2))) if self._peopled is None else self._peopled
        self._peopled = peopled
        some = round(people_share * count) if len(peopled) else 0
        return np.concatenate([rng.choice(peopled, some), rng.integers(len(self), size=count - some)])

    def batch(self, indices: NDArray[np.integer]) -> StillBatch:
        """The frames of these numbers."""
        images = np.stack([decode_image(self._coded[i]) for i in indices])
        each = len(self._texts) // len(self._coded)
        sentences = [text for i in indices for text in self._texts[i * each : (i + 1) * each]]
        taken = {name: value[indices] for name, value in self._arrays.items()}
        return StillBatch(images, sentences=sentences, **taken)


def mirrored(batch: StillBatch) -> StillBatch:
    """The batch seen in a mirror: left and right exchanged in images and labels."""
    people = batch.people * np.array([1.0, -1.0, -1.0, 1.0, 1.0, 1.0], np.float32)
    return StillBatch(batch.images[:, :, ::-1], batch.covered[:, :, ::-1], people, batch.attributes, batch.sentences)


def cell_owners(covered: NDArray[np.uint8], people: int, grid: int) -> NDArray[np.integer]:
    """(B, G * G) person each cell answers for, -1 nobody, -2 too little of anybody to be told.

    Args:
        covered: (B, M, M) as in ``StillBatch``; G divides M.
        people: number of people P.
        grid: cells along each side.
    """
    shares = cell_shares(covered, people, grid)
    best = shares.argmax(axis=-1)
    top = shares.max(axis=-1)
    return np.where(top >= MIN_COVER, best, np.where(top > 0.0, -2, -1))


def cell_shares(covered: NDArray[np.uint8], people: int, grid: int) -> NDArray[np.float32]:
    """(B, G * G, P) share of each cell that each person covers."""
    batch, side = covered.shape[:2]
    size = side // grid
    cells = covered.reshape(batch, grid, size, grid, size).transpose(0, 1, 3, 2, 4).reshape(batch, grid * grid, -1)
    return np.stack([(cells == p + 1).mean(axis=-1) for p in range(people)], axis=-1).astype(np.float32)
