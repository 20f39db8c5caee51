"""Things that move through training videos: pictures with a mask, a few poses each.

A cut-out is a person or shape with photographs as cloth, a picture with transparency from a file, or a folder of them
(one walk, pose by pose, ``sentence.txt`` beside them).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from vlt_ros.siamese.state import Image
from vlt_ros.training.photographs import random_part, recoloured, tinted

CLOTH: Mapping[str, tuple[int, int, int]] = {  # sRGB; said in the sentence by this word
    "red": (180, 40, 45),
    "blue": (50, 80, 170),
    "green": (50, 120, 65),
    "yellow": (210, 190, 70),
    "white": (225, 225, 222),
    "black": (32, 32, 35),
    "grey": (125, 125, 128),
    "orange": (220, 125, 50),
    "purple": (110, 60, 140),
    "pink": (225, 140, 170),
    "brown": (100, 70, 48),
    "beige": (200, 180, 150),
    "dark": (45, 42, 45),
    "light": (205, 205, 205),
}
SPREAD = 14.0  # grey levels between two clothes of one colour
SKIN = ((228, 184, 156), (200, 150, 112), (142, 96, 66), (92, 60, 42))
HAIR = ((26, 22, 20), (74, 48, 30), (190, 155, 98), (150, 148, 146))
UPPER = ("shirt", "jacket", "coat", "top", "sweater", "t-shirt")
LOWER = ("trousers", "jeans", "pants", "shorts", "skirt")
SIZE = (64, 128)  # px, width and height a person is drawn at
POSES = 6
PICTURE_SUFFIX = ".png"


@dataclass(frozen=True, eq=False)
class Cutout:
    """One thing.

    Attributes:
        poses: RGBA pictures (h, w, 4) whose masks touch all four sides; shown one after the other.
        sentence: what it is called, "" = nothing.
        is_upright: whether its feet stay at the bottom (it is not turned).
        sides: how many sides it is seen from; each has the same number of the poses.
    """

    poses: tuple[NDArray[np.uint8], ...]
    sentence: str
    is_upright: bool
    sides: int = 1


def list_cutouts(folder: Path) -> tuple[Path, ...]:
    """Picture files with transparency directly in a folder, and folders of poses in it.

    Raises:
        ValueError: none there.
    """
    found = [f for f in folder.iterdir() if f.is_dir() or f.suffix == PICTURE_SUFFIX]
    if not found:
        raise ValueError(f"no cut-out ({PICTURE_SUFFIX} with transparency, or a folder of them) in {folder}")
    return tuple(sorted(found))


@functools.lru_cache(maxsize=2048)
def read_cutout(place: Path) -> Cutout:
    """A cut-out from a file or a folder of poses.

    Raises:
        ValueError: a picture without transparency.
    """
    if not place.is_dir():
        return Cutout((_read(place),), "", False)
    said = place / "sentence.txt"
    files = sorted(place.glob(f"*{PICTURE_SUFFIX}"))
    sides = len({file.stem.partition("_")[0] for file in files})
    sentence = said.read_text(encoding="utf-8").strip() if said.is_file() else ""
    return Cutout(tuple(_read(file) for file in files), sentence, True, sides if len(files) % sides == 0 else 1)


def make_person(photograph: Image, colours: tuple[str, str], is_named: bool, rng: np.random.Generator) -> Cutout:
    """A walking person; cloth has the light and dark of a photograph, in two colours or, unnamed, in its own."""
    width, height = SIZE
    cloth = [_cloth(photograph, name, is_named, rng) for name in colours]
    skin, hair = (np.asarray(table[int(rng.integers(len(table)))], np.float32) for table in (SKIN, HAIR))
    build = _Build(rng)
    poses = []
    for pose in range(POSES):
        pixels, mask = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.uint8)
        build.paint(pixels, mask, cloth, (skin, hair), 2 * np.pi * pose / POSES)
        poses.append(trimmed(_with_mask(pixels, mask)))
    said = f"the person in the {colours[0]} {rng.choice(UPPER)} and {colours[1]} {rng.choice(LOWER)}"
    return Cutout(tuple(poses), said if is_named else "", True)


def make_shape(photograph: Image, rng: np.random.Generator) -> Cutout:
    """An ellipse, a rectangle or a smooth blob cut out of a photograph."""
    width, height = int(rng.integers(40, 128)), int(rng.integers(40, 128))
    pixels = random_part(photograph, (width, height), (0.1, 0.6), rng)
    mask = np.zeros((height, width), np.uint8)
    kind = int(rng.integers(3))
    if kind == 0:
        cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 255, -1)
    elif kind == 1:
        mask[:] = 255
    else:
        cv2.fillPoly(mask, [_blob(width, height, rng)], 255)
    return Cutout((trimmed(_with_mask(pixels.astype(np.float32), mask)),), "", False)


def turned(cutout: Cutout, rng: np.random.Generator) -> Cutout:
    """A few poses of a thing that has one: turned by small angles; upright ones stay as they are."""
    if cutout.is_upright or len(cutout.poses) != 1:
        return cutout
    (pose,) = cutout.poses
    reach = rng.uniform(0.0, 25.0)
    angles = reach * np.sin(2 * np.pi * np.arange(POSES) / POSES)
    return Cutout(tuple(_rotated(pose, float(angle)) for angle in angles), cutout.sentence, False)


def dyed(cutout: Cutout, rng: np.random.Generator) -> Cutout:
    """The same thing in other colours, which no sentence names."""
    turn, fade = int(rng.integers(180)), float(rng.uniform(0.15, 1.0))
    return dataclasses.replace(cutout, poses=tuple(_dyed(pose, turn, fade) for pose in cutout.poses), sentence="")


def trimmed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture cut down to where its mask is; whole where the mask is empty."""
    rows, columns = (np.flatnonzero((picture[..., 3] > 127).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return picture
    return np.ascontiguousarray(picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


class _Build:
    """Proportions of one person, in shares of width and height."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._head = rng.uniform(0.12, 0.16)
        self._hip = rng.uniform(0.46, 0.56)
        self._knee = rng.uniform(0.5, 1.0)  # of the legs that is covered
        self._shoulder = rng.uniform(0.2, 0.32)
        self._stride = rng.uniform(0.08, 0.34)
        self._leg = rng.uniform(0.12, 0.2)
        self._phase = rng.uniform(0.0, 2 * np.pi)

    def paint(
        self, pixels: Array, mask: NDArray[np.uint8], cloth: Sequence[Array], tones: tuple[Array, Array], at: float
    ) -> None:
        """Legs, body, arms and head in one phase of a step, into arrays of our own."""
        height, width = mask.shape
        head, hip, middle = round(self._head * height), round(self._hip * height), width // 2
        swing = self._stride * width * np.sin(at + self._phase)
        thick = max(2, round(self._leg * width))
        for side in (-1, 1):
            foot = (round(middle + side * swing), height - 3)
            self._limb(pixels, mask, (middle + side * width // 12, hip), foot, thick, cloth[1], tones[0])
        half = round(self._shoulder * width)
        body = np.array(
            [(middle - half, head + 4), (middle + half, head + 4), (middle + half, hip), (middle - half, hip)]
        )
        self._fill(pixels, mask, body, cloth[0])
        for side in (-1, 1):
            shoulder = (middle + side * half, head + 8)
            hand = (round(middle + side * half - side * 0.8 * swing), hip)
            self._limb(pixels, mask, shoulder, hand, max(2, thick // 2), cloth[0], tones[0])
        face = np.zeros_like(mask)
        cv2.ellipse(face, (middle, head // 2 + 1), (max(3, round(0.36 * head)), head // 2), 0, 0, 360, 255, -1)
        pixels[face > 0] = tones[0]
        pixels[: head // 2][face[: head // 2] > 0] = tones[1]
        mask |= face

    @staticmethod
    def _fill(pixels: Array, mask: NDArray[np.uint8], corners: Array, cloth: Array) -> None:
        part = np.zeros_like(mask)
        cv2.fillPoly(part, [corners.astype(np.int32)], 255)
        pixels[part > 0] = cloth[part > 0]
        mask |= part

    def _limb(
        self, pixels: Array, mask: NDArray[np.uint8], start: tuple[int, int], end: tuple[int, int], thick: int,
        cloth: Array, skin: Array,
    ) -> None:  # fmt: skip
        part = np.zeros_like(mask)
        cv2.line(part, start, end, 255, thick)
        pixels[part > 0] = cloth[part > 0]
        bare = round(start[1] + self._knee * (end[1] - start[1]))
        pixels[bare:][part[bare:] > 0] = skin
        mask |= part


def _cloth(photograph: Image, name: str, is_named: bool, rng: np.random.Generator) -> Array:
    part = random_part(photograph, SIZE, (0.05, 0.5), rng)
    if not is_named:
        return recoloured(part, rng).astype(np.float32)
    colour = np.asarray(CLOTH[name], float) * rng.uniform(0.75, 1.15) + rng.normal(0.0, SPREAD, 3)
    return tinted(part, tuple(colour), float(rng.uniform(5.0, 35.0)))


def _blob(width: int, height: int, rng: np.random.Generator) -> NDArray[np.int32]:
    angles = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones_like(angles)
    for waves in (2, 3, 4, 5):
        radius += rng.normal(0.0, 0.35 / waves) * np.sin(waves * angles + rng.uniform(0.0, 2 * np.pi))
    radius = np.clip(radius, 0.3, None) / radius.max()
    points = np.stack([width / 2 * (1 + radius * np.cos(angles)), height / 2 * (1 + radius * np.sin(angles))], axis=1)
    return points.astype(np.int32)


def _rotated(picture: NDArray[np.uint8], angle: float) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    side = int(np.hypot(height, width)) + 2
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn[:, 2] += (side - width) / 2, (side - height) / 2
    return trimmed(cv2.warpAffine(picture, turn, (side, side)))  # pyright: ignore[reportArgumentType]


def _dyed(picture: NDArray[np.uint8], turn: int, fade: float) -> NDArray[np.uint8]:
    hsv = cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + turn) % 180
    hsv[..., 1] = (hsv[..., 1] * fade).astype(np.uint8)
    return np.concatenate([np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8), picture[..., 3:]], axis=2)


def _with_mask(pixels: Array, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([np.clip(pixels, 0, 255).astype(np.uint8), mask[..., None]], axis=2)


def _read(file: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        raise ValueError(f"{file} is no picture with transparency (RGBA)")
    return trimmed(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA))  # pyright: ignore[reportArgumentType]
