"""Two frames of a video -> one training pair: template crop, search crop, the target's box in both, a sentence."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.siamese import scar, tt
from vlt_ros.siamese.follower import RULES
from vlt_ros.siamese.state import CONTEXT, Image, TargetState, context_side, crop
from vlt_ros.training.augment import blurred, coloured, mirrored
from vlt_ros.training.config import Augmentation
from vlt_ros.training.videos import Video, usable_frames

SEARCH_SIDES = {"vlt_scar": scar.SEARCH, "vlt_tt": tt.SEARCH}  # px
NOWHERE = (-1e4, -1e4, -1e4 + 1.0, -1e4 + 1.0)  # box of a target that is not in the crop: no cell lies in it


@dataclass(frozen=True, eq=False)
class Pair:
    """One sample: uint8 crops (T, T, 3), (S, S, 3), boxes (4,) in them, the sentence ("" = none)."""

    template: Image
    template_box_xyxy: Array
    search: Image
    search_box_xyxy: Array
    sentence: str


@dataclass(frozen=True, eq=False)
class VideoSet:
    """Videos that are drawn from in the same way: ``pairs`` an epoch, frames at most ``reach`` apart."""

    videos: Sequence[Video]
    pairs: int
    reach: int


@dataclass(frozen=True)
class PairRules:
    """How pairs are made.

    Attributes:
        architecture: whose crops.
        augmentation: random changes.
        seed: of everything drawn.
        negatives: share of pairs whose search image shows another video's target.
        silent: names of videos whose sentence is not used (less language, supplement A.2).
        language_drop: share of the other pairs whose sentence is left out.
        is_negative_positive: label negative pairs with the box of what they show, as the authors' code does.
        pairs_a_video: pairs in a row that are cut from one video; more where a video is costly to make.
    """

    architecture: str
    augmentation: Augmentation
    seed: int
    negatives: float = 0.0
    silent: frozenset[str] = frozenset()
    language_drop: float = 0.0
    is_negative_positive: bool = False
    pairs_a_video: int = 1


class PairDataset:
    """``pairs`` of every set an epoch; pair i of an epoch is always the same one, whoever cuts it."""

    def __init__(self, sets: Sequence[VideoSet], rules: PairRules) -> None:
        self._sets, self._rules = list(sets), rules
        self._crops = RULES[rules.architecture]
        self._ends = np.cumsum([part.pairs for part in sets])
        self._order = np.random.default_rng(rules.seed).permutation(int(self._ends[-1]))
        self.epoch = 0

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Pair:
        rng = np.random.default_rng([self._rules.seed, self.epoch, index])
        part, video = self._draw_video(index - index % self._rules.pairs_a_video)
        first, second = draw_frames(usable_frames(video), part.reach, rng)
        template, template_box = self._template(video, first, rng)
        other = self._other(rng, video) if rng.random() < self._rules.negatives else None
        if other is not None:
            second = int(rng.choice(usable_frames(other)))
        search, search_box = self._search(other or video, second, rng)
        pair = self._changed(Pair(template, template_box, search, search_box, self._sentence(video, rng)), rng)
        if other is None or self._rules.is_negative_positive:
            return pair
        return dataclasses.replace(pair, search_box_xyxy=np.array(NOWHERE))

    def _draw_video(self, index: int) -> tuple[VideoSet, Video]:
        """The set and the video that the pairs from this index on are cut from."""
        which = self._order[(index + 7919 * self.epoch) % len(self)]
        part = self._sets[int(np.searchsorted(self._ends, which, side="right"))]
        rng = np.random.default_rng([self._rules.seed, self.epoch, index, 1])
        return part, part.videos[int(rng.integers(len(part.videos)))]

    def _sentence(self, video: Video, rng: np.random.Generator) -> str:
        is_dropped = rng.random() < self._rules.language_drop
        return "" if is_dropped or video.name in self._rules.silent else video.sentence

    def _other(self, rng: np.random.Generator, video: Video) -> Video | None:
        part = self._sets[int(rng.integers(len(self._sets)))]
        other = part.videos[int(rng.integers(len(part.videos)))]
        return other if other.name != video.name else None

    def _template(self, video: Video, index: int, rng: np.random.Generator) -> tuple[Image, Array]:
        a, out = self._rules.augmentation, self._crops.template_side
        side = context_side(_size(video.boxes_xyxy[index]), CONTEXT)
        return random_crop(
            video.image(index), video.boxes_xyxy[index], side, out, a.template_shift, a.template_scale, rng
        )

    def _search(self, video: Video, index: int, rng: np.random.Generator) -> tuple[Image, Array]:
        a, box, image = self._rules.augmentation, video.boxes_xyxy[index], video.image(index)
        state = TargetState((box[:2] + box[2:]) / 2, _size(box), np.zeros(3), 1.0)
        side, out = float(self._crops.search_side(state)), SEARCH_SIDES[self._rules.architecture]
        return random_crop(image, box, side, out, a.search_shift, a.search_scale, rng)

    def _changed(self, pair: Pair, rng: np.random.Generator) -> Pair:
        a = self._rules.augmentation
        is_grey, is_mirrored = rng.random() < a.grey, rng.random() < a.flip
        template, search = (coloured(image, a.jitter, is_grey, rng) for image in (pair.template, pair.search))
        template_box, search_box = pair.template_box_xyxy, pair.search_box_xyxy
        if is_mirrored:
            template, template_box = mirrored(template, template_box)
            search, search_box = mirrored(search, search_box)
        if rng.random() < a.blur:
            search = blurred(search, rng)
        return Pair(template, template_box, search, search_box, pair.sentence)


def silent_names(videos: Sequence[Video], volume: float, seed: int) -> frozenset[str]:
    """Names of the annotated videos that lose their sentence so that a share ``volume`` of them keeps it."""
    if volume >= 1.0:
        return frozenset()
    annotated = sorted(video.name for video in videos if video.sentence)
    kept = round(volume * len(annotated))
    order = np.random.default_rng(seed).permutation(len(annotated))
    return frozenset(annotated[i] for i in order[kept:])


def draw_frames(usable: NDArray[np.intp], reach: int, rng: np.random.Generator) -> tuple[int, int]:
    """Two usable frame numbers at most ``reach`` apart, in either order; the same one where no other is near."""
    first = int(rng.choice(usable))
    near = usable[np.abs(usable - first) <= reach]
    return first, int(rng.choice(near))


def random_crop(
    image: Image, box_xyxy: Array, side: float, out_side: int, shift: float, scale: float, rng: np.random.Generator
) -> tuple[Image, Array]:
    """Crop about a box, shifted and scaled at random; the box's centre stays in it.

    Args:
        image: (H, W, 3).
        box_xyxy: (4,) target in image pixels.
        side: of the crop before scaling, image px.
        out_side: of the result, px.
        shift: largest shift along each axis, px of the result.
        scale: largest relative change of ``side``.
        rng: source of chance.

    Returns:
        The crop (out_side, out_side, 3) and the box (4,) in it.
    """
    cut = max(2, round(side * float(1.0 + rng.uniform(-scale, scale))))
    reach = min(shift, out_side / 2 - 1.0) * cut / out_side
    centre = (box_xyxy[:2] + box_xyxy[2:]) / 2 + rng.uniform(-reach, reach, 2)
    corner = np.array([math.floor(float(at) - (cut + 1) / 2 + 0.5) for at in centre])  # as ``crop`` places it
    pixels = crop(image, centre, cut, out_side, np.mean(image, axis=(0, 1)))
    return pixels, (box_xyxy - np.tile(corner, 2)) * out_side / cut


def _size(box_xyxy: Array) -> Array:
    return box_xyxy[2:] - box_xyxy[:2]
