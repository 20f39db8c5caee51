"""Baked walking bodies, dressed: an Outfit becomes vertices, texture coordinates and a texture MuJoCo can draw.

The files are made by scripts/bake_people.py. A figure is x forward, y left, z up, standing on z = 0.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from evt_bench.outfits import BOTTOMS, COLOURS, HAIR, SKIN, TOPS, Outfit
from track_common.types import Array

TILE = 64  # pixels round the body in the texture
ROWS = 256  # pixels along it
INSET = 0.12  # share of a tile kept free at its sides, so that mipmaps do not mix neighbours
HAIR_SHELL, SKIRT = "long_hair", "skirt"
SHOE_SOLE = 0.008  # m added to the bare foot
NECKLINE = 0.852  # of the body's height: base of the neck
SHORT_SLEEVE = 0.75  # of the way from shoulder to elbow
ARM_SPAN = 1.5  # the arm chart ends there; 1 is the wrist


@dataclass(frozen=True, eq=False)
class Figure:
    """A body in the poses of one stride.

    Attributes:
        name: file name without ending, as in "woman_a".
        poses: (P + 1, V, 3) m; P phases of a stride, then the standing pose.
        faces: (F, 3) vertex numbers.
        face_charts: (F,) number of the chart in ``charts``.
        along: (F, 3) coordinate of each corner in its chart (height, way along the arm, above the hairline), 0..1.
        borders: by chart, where its regions end: ((end, region), ...) rising along the chart.
        stride: m walked in one cycle.
    """

    name: str
    poses: Array
    faces: NDArray[np.integer]
    face_charts: NDArray[np.integer]
    charts: tuple[str, ...]
    along: Array
    borders: dict[str, tuple[tuple[float, str], ...]]
    stride: float

    @property
    def phases(self) -> int:
        """Number of walking poses; the pose of this number stands."""
        return len(self.poses) - 1

    @property
    def height(self) -> float:
        """Height of the standing pose, m."""
        return float(np.ptp(self.poses[-1, :, 2]))

    def pose_at(self, walked: float, is_walking: bool) -> int:
        """Number of the pose after ``walked`` m; the standing one where nobody walks."""
        if not is_walking:
            return self.phases
        return int(walked / self.stride * self.phases) % self.phases


@dataclass(frozen=True, eq=False)
class Dressed:
    """What MuJoCo needs to draw a figure in an outfit.

    Attributes:
        poses: (P + 1, V, 3) m, grown by the thickness of the cloth.
        faces: (F, 3); parts that are not worn are left out.
        texcoords: (F * 3, 2) one per corner of a face.
        texture: uint8 (H, W, 3).
    """

    poses: Array
    faces: NDArray[np.integer]
    texcoords: Array
    texture: NDArray[np.uint8]


def names(sex: str) -> tuple[str, ...]:
    """Baked bodies of a "woman" or "man"."""
    folder = resources.files("evt_bench").joinpath("assets/people")
    return tuple(sorted(f.name[: -len(".npz")] for f in folder.iterdir() if f.name.startswith(f"{sex}_")))


@functools.lru_cache(maxsize=32)
def load(name: str) -> Figure:
    """One baked body.

    Raises:
        ValueError: there is no such body.
    """
    known = names("woman") + names("man")
    if name not in known:
        raise ValueError(f"body '{name}' unknown; use {', '.join(known)}")
    path = resources.files("evt_bench").joinpath(f"assets/people/{name}.npz")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as baked:
        charts = tuple(str(c) for c in baked["charts"])
        span = np.where(baked["face_charts"] == charts.index("arm"), ARM_SPAN, 1.0)
        along = baked["along"].astype(float) / span[:, None]
        return Figure(
            name,
            baked["poses"].astype(float),
            baked["faces"].astype(np.int32),
            baked["face_charts"].astype(int),
            charts,
            along,
            _borders(baked["marks"].tolist(), float(baked["elbow"])),
            float(baked["stride"]),
        )


def dress(figure: Figure, outfit: Outfit, seed: int = 0) -> Dressed:
    """The figure in the outfit; ``seed`` varies the folds of the cloth."""
    loose = _thickness(figure, outfit)
    poses = np.stack([pose + loose[:, None] * _normals(pose, figure.faces) for pose in figure.poses])
    poses[..., 2] -= poses[..., 2].min(axis=1, keepdims=True)
    is_worn = np.ones(len(figure.faces), bool)
    if not outfit.has_long_hair:
        is_worn &= figure.face_charts != figure.charts.index(HAIR_SHELL)
    if SKIRT not in BOTTOMS[outfit.bottom].covers:
        is_worn &= figure.face_charts != figure.charts.index(SKIRT)
    texcoords = _texcoords(figure)[is_worn].reshape(-1, 2)
    return Dressed(poses, figure.faces[is_worn], texcoords, paint(figure, outfit, np.random.default_rng(seed)))


def paint(figure: Figure, outfit: Outfit, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Texture (ROWS, TILE * charts, 3): each region in its colour with faint folds, darker towards the hem."""
    image = np.zeros((ROWS, TILE * len(figure.charts), 3))
    colours = region_colours(outfit)
    for index, chart in enumerate(figure.charts):
        first = 0
        for end, region in figure.borders[chart]:
            last = round(end * ROWS)
            colour = np.array(colours.get(region, colours["skin"]), float)
            tile = colour * _folds(last - first, rng)[..., None]
            image[first:last, index * TILE : (index + 1) * TILE] = tile
            first = last
    return np.clip(image, 0, 255).astype(np.uint8)


def region_colours(outfit: Outfit) -> dict[str, tuple[int, int, int]]:
    """Cloth, skin or hair colour (sRGB) of every region that is not bare skin, and of "skin"."""
    colours = {"skin": SKIN[outfit.skin], "hair": HAIR[outfit.hair_colour], "shoe": COLOURS[outfit.shoes_colour]}
    colours |= {region: COLOURS[outfit.bottom_colour] for region in BOTTOMS[outfit.bottom].covers}
    return colours | {region: COLOURS[outfit.top_colour] for region in TOPS[outfit.top].covers}


def _borders(marks: list[float], elbow: float) -> dict[str, tuple[tuple[float, str], ...]]:
    ankle, knee, crotch, waist = marks
    return {
        "body": (
            (1.1 * ankle, "shoe"),
            (knee, "lower_leg"),
            (crotch, "upper_leg"),
            (waist - 0.04, "hips"),
            (NECKLINE, "torso"),
            (1.0, "skin"),
        ),
        "arm": (
            (SHORT_SLEEVE * elbow / ARM_SPAN, "upper_sleeve"),
            (1.0 / ARM_SPAN, "lower_sleeve"),
            (1.0, "skin"),
        ),
        "head": ((0.5, "skin"), (1.0, "hair")),
        HAIR_SHELL: ((1.0, "hair"),),
        SKIRT: ((1.0, "skirt"),),
    }


def _thickness(figure: Figure, outfit: Outfit) -> Array:
    """(V,) m of cloth on each vertex: the thickest of what its faces wear, so that seams stay closed."""
    by_region = {"shoe": SHOE_SOLE}
    by_region |= {region: BOTTOMS[outfit.bottom].loose for region in BOTTOMS[outfit.bottom].covers if region != SKIRT}
    by_region |= {region: TOPS[outfit.top].loose for region in TOPS[outfit.top].covers}
    of_corner = np.zeros(figure.faces.shape)
    for index, chart in enumerate(figure.charts):
        ends = [end for end, _ in figure.borders[chart]]
        loose = np.array([by_region.get(region, 0.0) for _, region in figure.borders[chart]])
        on_chart = figure.face_charts == index
        of_corner[on_chart] = loose[np.clip(np.searchsorted(ends, figure.along[on_chart]), 0, len(ends) - 1)]
    thickness = np.zeros(figure.poses.shape[1])
    np.maximum.at(thickness, figure.faces.ravel(), of_corner.ravel())
    return thickness


def _normals(vertices: Array, faces: NDArray[np.integer]) -> Array:
    """(V, 3) unit normals, weighted by area."""
    corners = vertices[faces]
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], crossed)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def _texcoords(figure: Figure) -> Array:
    """(F, 3, 2) place of each corner in the texture: one column of tiles per chart, the way along it downwards."""
    standing = figure.poses[-1]
    side = np.abs(np.arctan2(standing[:, 1], standing[:, 0] + 1e-6)) / np.pi  # mirrored: no seam at the back
    u = (figure.face_charts[:, None] + INSET + (1.0 - 2.0 * INSET) * side[figure.faces]) / len(figure.charts)
    return np.stack([u, np.clip(figure.along, 0.01, 0.99)], axis=-1)


def _folds(rows: int, rng: np.random.Generator) -> Array:
    """(rows, TILE) brightness around 1: folds along the body and a hem in shade."""
    x = np.linspace(0.0, 2.0 * np.pi, TILE)
    folds = np.zeros(TILE)
    for waves, depth, shift in zip((2, 5, 9), (0.03, 0.03, 0.02), rng.uniform(0.0, 6.3, 3), strict=True):
        folds += depth * np.sin(waves * x + shift)
    hem = 0.94 + 0.09 * np.sqrt(np.linspace(0.0, 1.0, rows))
    return hem[:, None] * (1.0 + folds[None, :]) + rng.normal(0.0, 0.012, (rows, TILE))
