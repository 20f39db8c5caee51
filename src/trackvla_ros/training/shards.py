"""Shards of training data: many samples in one safetensors file, read lazily, written whole or not at all.

A shard holds arrays whose first axis counts samples, JPEG images end to end, and texts as UTF-8 end to end. Nothing in
it is unpickled. Torch-free: the simulator writes shards, the trainer's workers read them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

SUFFIX = ".safetensors"
JPEG_QUALITY = 92  # of 100: colours of small garments survive, a 128x128 image takes about 6 kB
JPEG, JPEG_ENDS, TEXT_SUFFIX, TEXT_ENDS_SUFFIX = "jpeg", "jpeg_ends", ".utf8", ".utf8_ends"


class ShardError(ValueError):
    """A shard that is cut short, damaged or lacks an array; the message names the file and what to do."""


def encode_images(images: Sequence[NDArray[np.uint8]], quality: int = JPEG_QUALITY) -> dict[str, NDArray]:
    """Images (H, W, 3) RGB as the two arrays a shard keeps them in."""
    options = [int(cv2.IMWRITE_JPEG_QUALITY), quality]
    coded = [cv2.imencode(".jpg", image[..., ::-1], options)[1].ravel() for image in images]
    ends = np.cumsum([len(c) for c in coded], dtype=np.int64)
    return {JPEG: np.concatenate(coded) if coded else np.zeros(0, np.uint8), JPEG_ENDS: ends}


def encode_texts(name: str, texts: Sequence[str]) -> dict[str, NDArray]:
    """Texts as the two arrays a shard keeps them in, named after ``name``."""
    coded = [text.encode() for text in texts]
    ends = np.cumsum([len(c) for c in coded], dtype=np.int64)
    return {name + TEXT_SUFFIX: np.frombuffer(b"".join(coded), np.uint8), name + TEXT_ENDS_SUFFIX: ends}


def write_shard(path: Path, arrays: Mapping[str, NDArray], notes: Mapping[str, object] | None = None) -> None:
    """Write a shard under a passing name, force it to disk and rename it: a killed writer leaves no half shard.

    Args:
        path: ends in ``SUFFIX``; an older file of that name is replaced.
        arrays: by name, each contiguous or not.
        notes: plain values kept in the file's header.
    """
    plain = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    metadata = {"notes": json.dumps(dict(notes or {})), "sha256": _digest(plain)}
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    with passing.open("wb") as file:
        file.write(save(plain, metadata))
        file.flush()
        os.fsync(file.fileno())
    passing.rename(path)


class Shard:
    """One file, opened on demand; arrays are read when asked for."""

    def __init__(self, path: Path) -> None:
        """Raises ShardError where the file is cut short or no safetensors file."""
        self.path = path
        try:
            self._file = safe_open(str(path), framework="numpy")
            self._names = set(self._file.keys())
        except (SafetensorError, OSError) as error:
            raise ShardError(f"{path} cannot be read ({error}); delete it and record it again") from error

    @property
    def names(self) -> set[str]:
        """Names of the arrays."""
        return set(self._names)

    @property
    def notes(self) -> dict:
        """What its writer said about it."""
        return json.loads((self._file.metadata() or {}).get("notes", "{}"))

    def array(self, name: str) -> NDArray:
        """One array, whole.

        Raises:
            ShardError: the shard has none of that name.
        """
        if name not in self._names:
            raise ShardError(f"{self.path} lacks '{name}'; it has {', '.join(sorted(self._names))}")
        return self._file.get_tensor(name)

    def coded_images(self) -> list[NDArray[np.uint8]]:
        """The JPEG bytes of every image."""
        return np.split(self.array(JPEG), self.array(JPEG_ENDS)[:-1])

    def texts(self, name: str) -> list[str]:
        """Texts kept under ``name``."""
        pieces = np.split(self.array(name + TEXT_SUFFIX), self.array(name + TEXT_ENDS_SUFFIX)[:-1])
        return [piece.tobytes().decode() for piece in pieces]

    def check(self) -> None:
        """Raises ShardError where the content is not what was written."""
        arrays = {name: self.array(name) for name in self._names}
        if (self._file.metadata() or {}).get("sha256") != _digest(arrays):
            raise ShardError(f"{self.path} is damaged: its checksum differs; delete it and record it again")


def decode_image(coded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB (H, W, 3) of JPEG bytes.

    Raises:
        ShardError: they are no image.
    """
    image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    if image is None:
        raise ShardError(f"{len(coded)} bytes in a shard are no JPEG image; check the folder's shards")
    return image[..., ::-1].astype(np.uint8)


def shard_path(folder: Path, number: int) -> Path:
    """Where shard ``number`` of a folder lies."""
    return folder / f"{number:06d}{SUFFIX}"


def shards_in(folder: Path) -> list[Path]:
    """Whole shards of a folder in the order of their numbers; passing files of killed writers are left out."""
    return sorted(p for p in folder.glob(f"*{SUFFIX}") if not p.name.startswith("."))


def _digest(arrays: Mapping[str, NDArray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}{array.dtype}{array.shape}".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()
