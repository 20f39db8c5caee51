"""Photographs and cut-outs for training videos, picked from unpacked packages: `training_material.py FOLDER OUT`.

Fetches nothing. OUT gets photographs/, cutouts/ and validation/ with every sixth of both (docs/vlt.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LONGEST = 1280  # px of a photograph kept
CUTOUT = 256  # px of a cut-out kept
SMALLEST_FILE = 60_000  # bytes of a photograph
DETAIL = 2.0  # grey levels of structure between 1 and 8 px below which a picture is a plain one
ALIKE = 9.0  # grey levels of mean difference below which two pictures are one in two sizes
DRAWN = ("symbols", "cartoon", "_mirror", "alphabets", "flags")  # parts of paths that hold no photographs
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
KEPT_APART = 6  # every sixth picture is for validation


def photographs(folder: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Name and pixels (H, W, 3) of every opaque picture with detail, each once."""
    seen: list[NDArray[np.floating]] = []
    for file in _files(folder):
        if file.stat().st_size < SMALLEST_FILE or "stamps" in file.parts:
            continue
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None:
            continue
        image = _shrunk(image, LONGEST)
        small = cv2.resize(image, (16, 10), interpolation=cv2.INTER_AREA).astype(float)
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
        fine, coarse = (np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32) for sigma in (1, 8))
        detail = float((fine - coarse).std())
        if detail >= DETAIL and all(np.abs(small - other).mean() >= ALIKE for other in seen):
            seen.append(small)
            yield "_".join(file.relative_to(folder).with_suffix(".jpg").parts), image


def cutouts(folder: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Name and pixels (h, w, 4) of every picture with transparency below folders named stamps."""
    for file in _files(folder):
        if "stamps" not in file.parts or any(part in str(file) for part in DRAWN):
            continue
        image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        if image is None or image.ndim != 3 or image.shape[2] != 4 or (image[..., 3] > 127).mean() < 0.15:
            continue
        image = _shrunk(image, CUTOUT)
        if min(image.shape[:2]) >= 20:
            yield "_".join(file.relative_to(folder).parts), image


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)


def _shrunk(image: Any, longest: int) -> NDArray[np.uint8]:
    scale = min(1.0, longest / max(image.shape[:2]))
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # pyright: ignore[reportReturnType]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the packages were unpacked")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    for kind, found in (("photographs", photographs(given.folder)), ("cutouts", cutouts(given.folder))):
        for index, (name, image) in enumerate(found):
            place = given.out / "validation" / kind if index % KEPT_APART == KEPT_APART - 1 else given.out / kind
            place.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(place / name), image, [cv2.IMWRITE_JPEG_QUALITY, 92])


if __name__ == "__main__":
    main()
