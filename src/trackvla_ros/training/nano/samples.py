"""Samples for the language model and the head: from single frames and from recorded episodes, on cached features."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from track_common.geometry import inverse, transform_points
from track_common.types import Array
from trackvla_ros.follow_trajectory import HORIZON
from trackvla_ros.history import SLACK
from trackvla_ros.training.expert_motion import straight_trajectory
from trackvla_ros.training.nano.features import features_path
from trackvla_ros.training.shards import Shard, shards_in
from trackvla_ros.training.stills import COLUMNS, cell_owners, cell_shares

SEEN_SHARE = 0.003  # of the image; less of the target counts as out of view
SEEN_PIXELS = SEEN_SHARE * 640 * 480
TOP_COLOUR, BOTTOM_COLOUR = 2, 4  # columns of the attributes
ASKED = 5  # first columns of the attributes: sex, top, its colour, bottom, its colour
GRID = 8  # cells along each side of the features
STEPS_PER_SECOND = 10
ABSENT_SHARE = 0.4  # of the episodes' frames, with one more sentence
MOST_PEOPLE = 3  # sentences about people in view of one frame


@dataclass(frozen=True, eq=False)
class Query:
    """One sentence about a frame, and what is right.

    Attributes:
        sentence: the instruction.
        trajectory: (H, 3) of the expert, NaN where there is no label.
        in_view: whether the camera sees the target; ``position`` (2,) in base_link; ``cells`` (64,) shares of it.
        asked: (``ASKED``,) numbers of the attributes of the person whom the sentence describes.
    """

    sentence: str
    trajectory: Array
    in_view: bool
    position: Array
    cells: Array
    asked: NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Sample:
    """A frame with its past and several sentences: the visual tokens are computed once for all of them.

    Attributes:
        past: (n, 64, C) features of past frames, oldest first; ``now`` (64, C) of the current one.
        worn: (64, ``ASKED``) numbers of the attributes of the person whom each cell shows, -1 for no person.
        queries: one or more.
    """

    past: NDArray[np.float16]
    now: NDArray[np.float16]
    worn: NDArray[np.integer]
    queries: tuple[Query, ...]


class StillSamples:
    """Single frames: up to ``MOST_PEOPLE`` of the people in view are asked for, and somebody who is not there."""

    def __init__(self, folder: Path, features: Path, shards: slice) -> None:
        paths = [p for p in shards_in(folder)[shards] if features_path(features, p).exists()]
        opened = [Shard(path) for path in paths]
        self._features = [np.load(features_path(features, p), mmap_mode="r") for p in paths]
        self._starts = np.concatenate([[0], np.cumsum([len(f) for f in self._features])])
        self._people = np.concatenate([s.array("people") for s in opened])
        self._attributes = np.concatenate([s.array("attributes") for s in opened]).astype(int)
        self._covered = [s.array("covered") for s in opened]
        self._texts = [text for s in opened for text in s.texts("sentences")]
        self._each = len(self._texts) // max(1, self._people.shape[0] * self._people.shape[1])
        self._visible = np.nan_to_num(self._people[..., COLUMNS["share"]]) > SEEN_SHARE
        self._with_people = np.flatnonzero(self._visible.any(axis=1))

    def __len__(self) -> int:
        return len(self._people)

    def sentences(self) -> list[str]:
        """All sentences, for the word list."""
        return self._texts

    def draw(self, rng: np.random.Generator) -> Sample:
        """A random frame with somebody in view, rarely one of all."""
        frames = self._with_people if rng.random() < 0.95 else np.arange(len(self))
        frame = int(rng.choice(frames))
        people = rng.permutation(np.flatnonzero(self._visible[frame]))[:MOST_PEOPLE]
        queries = [self._query(frame, int(person), rng) for person in people]
        shard, index = self._place(frame)
        now = self._features[shard][index]
        worn = worn_in_cells(self._covered[shard][index], self._attributes[frame])
        return Sample(np.zeros((0, *now.shape), np.float16), now, worn, (*queries, self._absent_query(frame, rng)))

    def absent_query(self, attributes: NDArray[np.integer], rng: np.random.Generator) -> Query:
        """For a person who shares no garment's colour with people of these ``attributes`` (P, A)."""
        while True:
            frame, person = int(rng.integers(len(self))), int(rng.integers(self._people.shape[1]))
            worn = self._attributes[frame, person]
            alike = (attributes[:, TOP_COLOUR] == worn[TOP_COLOUR]) | (
                attributes[:, BOTTOM_COLOUR] == worn[BOTTOM_COLOUR]
            )
            if not alike.any():
                return absent_query(self._sentence(frame, person, rng), worn[:ASKED])

    def _query(self, frame: int, person: int, rng: np.random.Generator) -> Query:
        row = self._people[frame, person]
        place = row[:2].astype(float)
        trajectory = straight_trajectory(place, float(row[COLUMNS["heading"]]), bool(row[COLUMNS["walks"]]))
        shard, index = self._place(frame)
        cells = cell_shares(self._covered[shard][index][None], person + 1, GRID)[0, :, person]
        asked = self._attributes[frame, person, :ASKED]
        return Query(self._sentence(frame, person, rng), trajectory, True, place, cells, asked)

    def _absent_query(self, frame: int, rng: np.random.Generator) -> Query:
        return self.absent_query(self._attributes[frame][self._visible[frame]], rng)

    def _sentence(self, frame: int, person: int, rng: np.random.Generator) -> str:
        first = (frame * self._people.shape[1] + person) * self._each
        return self._texts[first + int(rng.integers(self._each))]

    def _place(self, frame: int) -> tuple[int, int]:
        shard = int(np.searchsorted(self._starts, frame, side="right")) - 1
        return shard, frame - int(self._starts[shard])


def absent_query(sentence: str, asked: NDArray[np.integer]) -> Query:
    """Whoever this describes is not in view; nothing says where to go."""
    return Query(sentence, np.full((HORIZON, 3), np.nan), False, np.zeros(2), np.zeros(GRID * GRID), asked)


def worn_in_cells(covered: NDArray[np.uint8], attributes: NDArray[np.integer]) -> NDArray[np.integer]:
    """(64, ``ASKED``) attributes of the person whom each cell shows, -1 for no person or too little of one.

    Args:
        covered: (M, M) number of the person each place shows, from 1.
        attributes: (P, A) numbers.
    """
    owners = cell_owners(covered[None], len(attributes), GRID)[0]
    return np.where(owners[:, None] >= 0, attributes[owners, :ASKED], -1)


@dataclass(frozen=True, eq=False)
class _Round:
    """A shard of episodes with its features."""

    features: NDArray[np.float16]
    arrays: dict[str, NDArray]
    sentences: list[list[str]]
    starts: NDArray[np.integer]


class EpisodeSamples:
    """Frames of recorded episodes with their past: the target, others in view, now and then somebody absent."""

    def __init__(self, rounds: list[tuple[Path, Path]], history: int, period: float, stills: StillSamples) -> None:
        """``rounds``: folders of shards and of their features; ``history`` frames, ``period`` s apart."""
        self._history, self._stills = history, stills
        self._stride = math.ceil(period * (1.0 - SLACK) * STEPS_PER_SECOND - 1e-9)  # as FrameHistory keeps them
        self._rounds: list[_Round] = []
        for folder, features in rounds:
            for path in shards_in(folder):
                if features_path(features, path).exists():
                    self._rounds.append(_open(path, features_path(features, path)))
        self._weights = np.array([float(len(r.features)) for r in self._rounds])

    def __len__(self) -> int:
        return int(self._weights.sum())

    def trajectories(self) -> Array:
        """(N, H, 3) of all targets, for the anchors."""
        return np.concatenate([r.arrays["trajectories"][:, 0] for r in self._rounds])

    def sentences(self) -> list[str]:
        """All sentences, for the word list."""
        return [text for r in self._rounds for texts in r.sentences for text in texts]

    def draw(self, rng: np.random.Generator) -> Sample:
        """A random frame; a round is drawn as often as it has frames."""
        round_ = self._rounds[int(rng.choice(len(self._rounds), p=self._weights / self._weights.sum()))]
        frame = int(rng.integers(len(round_.features)))
        episode = int(np.searchsorted(round_.starts, frame, side="right")) - 1
        labelled = np.flatnonzero(np.isfinite(round_.arrays["trajectories"][frame, 1:, 0, 0])) + 1
        people = [0, *rng.permutation(labelled)[: MOST_PEOPLE - 1]]
        queries = [self._query(round_, (frame, episode, int(person)), rng) for person in people]
        worn = np.nan_to_num(round_.arrays["attributes"][episode], nan=-1.0).astype(int)
        if rng.random() < ABSENT_SHARE:
            queries.append(self._stills.absent_query(worn, rng))
        past = self._past(round_, frame, frame - int(round_.starts[episode]))
        worn = worn_in_cells(round_.arrays["covered"][frame], worn)
        return Sample(past, round_.features[frame], worn, tuple(queries))

    def _past(self, round_: _Round, frame: int, step: int) -> NDArray[np.float16]:
        """Features of the frames that ``FrameHistory`` would hold at a step of an episode."""
        newest = (step - 1) // self._stride * self._stride if step else -1
        kept = list(range(newest, -1, -self._stride))[: self._history] if step else []
        return round_.features[[frame - step + k for k in kept[::-1]]]

    def _query(self, round_: _Round, at: tuple[int, int, int], rng: np.random.Generator) -> Query:
        frame, episode, person = at
        arrays, texts = round_.arrays, round_.sentences[episode]
        place = transform_points(inverse(arrays["robot"][frame].astype(float)), arrays["people"][frame, person, :2])
        in_view = bool(arrays["pixels"][frame, person] > SEEN_PIXELS)
        cells = cell_shares(arrays["covered"][frame][None], person + 1, GRID)[0, :, person]
        each = len(texts) // int(np.isfinite(arrays["attributes"][episode][:, 0]).sum())
        sentence = texts[person * each + int(rng.integers(each))]
        asked = arrays["attributes"][episode][person, :ASKED].astype(int)
        return Query(sentence, arrays["trajectories"][frame, person], in_view, place, cells, asked)


def _open(path: Path, features: Path) -> _Round:
    shard = Shard(path)
    names = ("covered", "robot", "people", "pixels", "trajectories", "attributes")
    starts = np.concatenate([[0], shard.array("ends")[:-1]])
    sentences = [json.loads(text) for text in shard.texts("sentences")]
    return _Round(np.load(features, mmap_mode="r"), {n: shard.array(n) for n in names}, sentences, starts)
