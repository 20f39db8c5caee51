"""Videos made of photographs: cut-outs move over a photograph, behind and before each other, filmed by a poor camera.

The target may be hidden by others; its box stays whole, as annotators draw it. Most of the others are of the target's
kind. Frame i of a video is always the same picture: all follows from the seed.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.boxes import area
from track_common.types import Array
from vlt_ros.siamese.state import Image
from vlt_ros.training.cutouts import (
    CLOTH,
    Cutout,
    dyed,
    list_cutouts,
    make_person,
    make_shape,
    read_cutout,
    turned,
)
from vlt_ros.training.photographs import list_photographs, read_photograph, resized
from vlt_ros.training.scenery import draw_scenery

SIZE = (400, 300)  # px, width and height of the pictures
HIDDEN = 0.75  # share of the target covered by one other, from which a frame teaches nothing
MARGIN = 24  # px the background may move
HEIGHTS = (36.0, 140.0)  # px, of the target
OTHERS = (2, 9)  # fewest and most further things
DRAWN, SHAPE, PICTURE, WALKER = range(4)  # what a thing may be: painted person, shape, cut-out of one or many poses
SHARES = (0.1, 0.15, 0.15, 0.6)  # of these; those without files are left out
OWN_KIND = 0.75  # share of the others that are what the target is
DYED = 0.4  # share of cut-outs from files that are shown in other colours
NAMED = 0.7  # share of painted people whose cloth has colours a sentence names


@dataclass(frozen=True, eq=False)
class Actor:
    """A cut-out on its way: boxes (N, 4) px, the pose shown in each frame (N,), brightness (N,), mirrored or not."""

    cutout: Cutout
    boxes_xyxy: Array
    poses: NDArray[np.intp]
    brightness: Array
    is_mirrored: bool


@dataclass(frozen=True)
class Camera:
    """What a camera does to all frames: size it really resolves, its blur, contrast, colour, noise and JPEG quality."""

    shrink: float
    contrast: float
    offset: float
    colour: float
    noise: float
    quality: int  # 100 = no compression

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Camera:
        """A random one, often poor."""
        is_poor = rng.random() < 0.7
        return cls(
            float(rng.uniform(1.0, 2.6)) if is_poor else 1.0,
            float(rng.uniform(0.45, 1.15)),
            float(rng.uniform(-30.0, 30.0)),
            float(rng.uniform(0.2, 1.2)),
            float(rng.uniform(0.0, 8.0)),
            int(rng.integers(25, 95)) if is_poor else 100,
        )

    def film(self, image: Image, seed: tuple[int, ...]) -> Image:
        """(H, W, 3) as this camera stores it; ``seed`` decides the noise."""
        height, width = image.shape[:2]
        if self.shrink > 1.0:
            small = resized(image, (round(width / self.shrink), round(height / self.shrink)))
            image = cv2.resize(small, (width, height))  # pyright: ignore[reportAssignmentType]
        pixels = image.astype(np.float32)
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None]
        pixels = (grey + self.colour * (pixels - grey)) * self.contrast + (128.0 * (1 - self.contrast) + self.offset)
        rng = np.random.default_rng(seed)
        grain = rng.integers(-128, 128, (height, width, 1), np.int8)
        made = np.clip(pixels + grain * np.float32(self.noise / 74.0), 0, 255).astype(np.uint8)
        if self.quality >= 100:
            return made
        coded = cv2.imencode(".jpg", made, (cv2.IMWRITE_JPEG_QUALITY, self.quality))[1]
        return cv2.imdecode(coded, cv2.IMREAD_COLOR)  # pyright: ignore[reportReturnType]


@dataclass(frozen=True)
class Material:
    """Files that collages are made of."""

    photographs: tuple[Path, ...]
    pictures: tuple[Path, ...]
    walkers: tuple[Path, ...]

    def draw_kind(self, rng: np.random.Generator) -> int:
        """What the next thing is, of those there are files for."""
        shares = np.array(SHARES) * (1.0, 1.0, bool(self.pictures), bool(self.walkers))
        return int(rng.choice(len(SHARES), p=shares / shares.sum()))


@dataclass(frozen=True, eq=False)
class CollageVideo:
    """A video whose frames are put together when asked for."""

    name: str
    seed: int
    frames: int
    material: Material

    @property
    def boxes_xyxy(self) -> Array:
        """(N, 4) whole boxes of the target, NaN where it is hidden for the most part."""
        boxes = self.whole_boxes_xyxy.copy()
        boxes[_hidden(self) > HIDDEN] = np.nan
        return boxes

    @property
    def whole_boxes_xyxy(self) -> Array:
        """(N, 4) boxes of the target, hidden or not."""
        return _cast(self)[0].boxes_xyxy

    @property
    def sentence(self) -> str:
        """Names the target's garments where it has any; else ""."""
        return _cast(self)[0].cutout.sentence

    def image(self, index: int) -> Image:
        """(300, 400, 3) RGB."""
        actors, background, steps, camera = _made(self)
        x, y = steps[index]
        image = background[y : y + SIZE[1], x : x + SIZE[0]].copy()
        for actor in actors:
            _paste(image, actor, index)
        return camera.film(image, (self.seed, 1, index))


def make_collages(count: int, frames: int, seed: int, photographs: Path, cutouts: Path | None) -> list[CollageVideo]:
    """Videos with seeds of their own, of all pictures in two folders.

    Raises:
        ValueError: nothing in one of them.
    """
    found = list_cutouts(cutouts) if cutouts else ()
    pictures, walkers = (tuple(f for f in found if f.is_dir() == is_walker) for is_walker in (False, True))
    material = Material(list_photographs(photographs), pictures, walkers)
    return [CollageVideo(f"collage-{seed}-{i}", 100_000 * seed + i, frames, material) for i in range(count)]


@functools.lru_cache(maxsize=4)  # a pair needs the boxes, the sentence and two frames
def _cast(video: CollageVideo) -> tuple[Actor, ...]:
    """The target, then the others."""
    rng = np.random.default_rng([video.seed, 0])
    kind = video.material.draw_kind(rng)
    height = float(np.exp(rng.uniform(*np.log(HEIGHTS))))
    cast = [_actor(_cutout(video.material, kind, rng), height, video.frames, rng)]
    for _ in range(int(rng.integers(OTHERS[0], OTHERS[1] + 1))):
        own = kind if rng.random() < OWN_KIND else video.material.draw_kind(rng)
        size = height * float(rng.uniform(0.75, 1.3))
        cast.append(_actor(_cutout(video.material, own, rng), size, video.frames, rng))
    return tuple(cast)


@functools.lru_cache(maxsize=4)
def _made(video: CollageVideo) -> tuple[list[Actor], Image, NDArray[np.intp], Camera]:
    """Actors from the back to the front, background, its corner in every frame, camera."""
    cast = _cast(video)
    rng = np.random.default_rng([video.seed, 2])
    size = (SIZE[0] + 2 * MARGIN, SIZE[1] + 2 * MARGIN)
    material = video.material
    background = draw_scenery(material.photographs, (*material.pictures, *material.walkers), size, rng)
    moves = rng.normal(0.0, 1.0, (video.frames, 2)).cumsum(axis=0) * (rng.random() < 0.4)
    steps = np.clip(np.round(moves) + MARGIN, 0, 2 * MARGIN).astype(np.intp)
    return [cast[i] for i in _order(video)], background, steps, Camera.drawn(rng)


def _order(video: CollageVideo) -> NDArray[np.intp]:
    """Numbers of the actors from the back to the front."""
    return np.random.default_rng([video.seed, 3]).permutation(len(_cast(video)))


def _hidden(video: CollageVideo) -> Array:
    """(N,) share of the target's box that the box of one in front of it covers at most."""
    cast, order = _cast(video), _order(video).tolist()
    target = cast[0].boxes_xyxy
    hidden = np.zeros(video.frames)
    for actor in (cast[i] for i in order[order.index(0) + 1 :]):
        low, high = np.maximum(target, actor.boxes_xyxy)[:, :2], np.minimum(target, actor.boxes_xyxy)[:, 2:]
        hidden = np.maximum(hidden, np.prod(np.clip(high - low, 0.0, None), axis=1) / area(target))
    return hidden


def _cutout(material: Material, kind: int, rng: np.random.Generator) -> Cutout:
    if kind in (PICTURE, WALKER):
        files = material.pictures if kind == PICTURE else material.walkers
        found = read_cutout(files[int(rng.integers(len(files)))])
        return turned(dyed(found, rng) if rng.random() < DYED else found, rng)
    photograph = _one(material.photographs, rng)
    if kind == SHAPE:
        return turned(make_shape(photograph, rng), rng)
    colours = tuple(str(name) for name in rng.choice(list(CLOTH), 2))
    return make_person(photograph, (colours[0], colours[1]), bool(rng.random() < NAMED), rng)


def _one(files: tuple[Path, ...], rng: np.random.Generator) -> Image:
    return read_photograph(files[int(rng.integers(len(files)))])


def _actor(cutout: Cutout, height: float, frames: int, rng: np.random.Generator) -> Actor:
    """A smooth walk that turns back at the edges; size and brightness change slowly, poses follow one another."""
    count = len(cutout.poses) // cutout.sides
    poses = np.floor(rng.uniform(0.1, 0.8) * np.arange(frames) + rng.uniform(0, 8)) % count
    sides = np.floor(rng.uniform(0.0, 0.05) * np.arange(frames) + rng.uniform(0, 8)) % cutout.sides
    poses = (poses + count * sides).astype(np.intp)
    speed = rng.uniform(-1.0, 1.0, 2) * (4.0, 1.5) * height / 80.0
    steps = speed + rng.normal(0.0, 0.4, (frames, 2)).cumsum(axis=0) * height / 80.0
    limit = np.array(SIZE, float)
    centres = rng.uniform(0.15, 0.85, 2) * limit + steps.cumsum(axis=0)
    centres = limit - np.abs(centres % (2 * limit) - limit)  # mirrored at 0 and at the limit
    heights = height * np.exp(np.clip(rng.normal(0.0, 0.01, frames).cumsum(), -0.4, 0.4))
    shapes = np.array([pose.shape[1] / pose.shape[0] for pose in cutout.poses])
    wobble = (
        1.0
        if cutout.is_upright
        else np.exp(rng.uniform(0.0, 0.15) * np.sin(rng.uniform(0.05, 0.3) * np.arange(frames)))
    )
    if not cutout.is_upright:
        heights = heights / np.sqrt(np.maximum(shapes.mean(), 0.4))
    half = np.stack([heights * shapes[poses] * wobble, heights], axis=1) / 2
    brightness = np.exp(np.clip(rng.normal(0.0, 0.02, frames).cumsum(), -0.3, 0.3))
    boxes = np.round(np.concatenate([centres - half, centres + half], axis=1))
    return Actor(cutout, boxes, poses, brightness, bool(rng.random() < 0.5))


def _paste(image: Image, actor: Actor, index: int) -> None:
    """Blend an actor into an image of our own making."""
    x0, y0, x1, y1 = actor.boxes_xyxy[index].astype(int)
    width, height = max(x1 - x0, 2), max(y1 - y0, 2)
    left, top = max(0, -x0), max(0, -y0)
    right, bottom = min(width, image.shape[1] - x0), min(height, image.shape[0] - y0)
    if right <= left or bottom <= top:
        return
    picture = actor.cutout.poses[actor.poses[index]]
    picture = cv2.flip(picture, 1) if actor.is_mirrored else picture
    shown = resized(picture, (width, height))[top:bottom, left:right]
    share = shown[..., 3:].astype(np.float32) / 255.0
    part = image[y0 + top : y0 + bottom, x0 + left : x0 + right]
    lit = shown[..., :3] * np.float32(actor.brightness[index])
    part[:] = np.clip(part * (1.0 - share) + lit * share, 0, 255).astype(np.uint8)
