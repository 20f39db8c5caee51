"""Single frames for dense pretraining: random rooms, people placed before the robot's camera, every label exact.

One scene serves many frames: people are put elsewhere for each and dyed anew from time to time. Who covers which pixel
comes from the depth image (``label_people``), so a frame is drawn once.
"""

# pyright: reportAttributeAccessIssue=false
# (mujoco is compiled and carries no type stubs)
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from evt_bench.data.grammar import HELD_OUT_BODIES, describe, is_held_out
from evt_bench.outfits import BOTTOMS, COLOURS, HAIR, TOPS, Outfit, Person, draw_outfit, is_distinct
from evt_bench.world import figures
from evt_bench.world.config import CameraConfig
from evt_bench.world.navigation import Grid, make_grid
from evt_bench.world.rooms import draw_plan
from evt_bench.world.scene import build, mujoco, upright
from evt_bench.world.sensors import CameraRenderer
from track_common.config import setting
from track_common.geometry import inverse, transform_points, wrap_angle
from track_common.types import Array, Camera, camera_mount

PARKED = (0.0, 0.0, -20.0)  # m; below the floor nobody is seen
BODY_RADIUS = 0.42  # m round a person's axis within which a seen point is that person's
MAP_SIDE = 32  # cells of the label map along each side
ATTRIBUTES = ("sex", "top", "top_colour", "bottom", "bottom_colour", "hair_colour", "has_long_hair")
OPEN_SHARE = 0.9  # of the frames look along free floor
SENTENCES = 2  # drawn for each person of each frame
SEXES = ("woman", "man")


@dataclass(frozen=True)
class StillConfig:
    """How frames are drawn."""

    side: int = setting(128, "side of the stored square image", unit="px", low=16, high=512)
    people: int = setting(6, "people of a scene", low=1, high=12)
    frames: int = setting(320, "frames of a scene", low=1)
    dye_every: int = setting(8, "frames between new colours of two of the people", low=1)
    near_share: float = setting(0.5, "share of the people placed 0.5 to 3 m from the robot", low=0.0, high=1.0)
    alike_share: float = setting(0.5, "share of new outfits that take one garment's colour from somebody else", low=0.0)
    camera: CameraConfig = CameraConfig(width=224, height=168)


@dataclass(frozen=True, eq=False)
class Still:
    """One frame and its labels.

    Attributes:
        image: (S, S, 3) RGB, the whole view squashed.
        covered: (MAP_SIDE, MAP_SIDE) number of the person each cell's middle shows, from 1; 0 nobody.
        people: (P, 6) x, y (m, base_link), heading (rad, relative to the robot's), height (m), visible share of the
            image, 1 where legs move; NaN for who is not placed.
        attributes: (P, A) numbers of the values of ``ATTRIBUTES``.
        sentences: (P * SENTENCES) texts.
        mount: (3,) lens height (m), pitch, roll (rad).
    """

    image: NDArray[np.uint8]
    covered: NDArray[np.uint8]
    people: Array
    attributes: NDArray[np.int8]
    sentences: tuple[str, ...]
    mount: Array


def numbers_of(outfit: Outfit) -> list[int]:
    """The outfit's values as numbers, in the order of ``ATTRIBUTES``."""
    return [
        SEXES.index(outfit.sex),
        list(TOPS).index(outfit.top),
        list(COLOURS).index(outfit.top_colour),
        list(BOTTOMS).index(outfit.bottom),
        list(COLOURS).index(outfit.bottom_colour),
        list(HAIR).index(outfit.hair_colour),
        int(outfit.has_long_hair),
    ]


class StillScene:
    """A furnished room with people to be placed; ``close`` releases the renderer."""

    def __init__(self, seed: int, number: int, config: StillConfig) -> None:
        """``seed`` draws the room, ``number`` tells several scenes of one seed apart."""
        self._config, self._rng = config, np.random.default_rng([seed, 11, number])
        plan = draw_plan(np.random.default_rng([seed, number]))
        self._grid: Grid = make_grid(plan.footprints, plan.size, 0.3)
        self._outfits: list[Outfit] = []
        for _ in range(config.people):
            self._outfits.append(self._draw_outfit(None, tuple(self._outfits)))
        people = tuple(
            Person(f"person_{i}", str(self._rng.choice(_bodies(o.sex))), o) for i, o in enumerate(self._outfits)
        )
        self._figures = tuple(figures.load(p.body) for p in people)
        self._scene = build(plan, people, seed + 1000 * number)
        self._data = mujoco.MjData(self._scene.model)
        self._renderer = CameraRenderer(self._scene, config.camera)
        self._drawn = 0

    def close(self) -> None:
        """Release what the renderer holds."""
        self._renderer.close()

    def draw(self) -> Still:
        """The next frame."""
        if self._drawn % self._config.dye_every == self._config.dye_every - 1:
            self._dye()
        self._drawn += 1
        robot, mount = self._draw_robot(), self._draw_mount()
        people = self._place(robot)
        camera = Camera.from_hfov(
            self._config.camera.width, self._config.camera.height, math.radians(self._config.camera.hfov_deg), mount[1]
        )
        image, depth = self._renderer.image_and_depth(self._data, _lifted(robot) @ camera.T_base_camera)
        covered, shares = label_people(depth, camera, people[:, :2], people[:, 3])
        people[:, 4] = shares
        side = self._config.side
        square = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        attributes = np.array([numbers_of(o) for o in self._outfits], np.int8)
        return Still(square.astype(np.uint8), covered, people, attributes, self._sentences(people), mount[0])

    def _draw_outfit(self, index: int | None, others: tuple[Outfit, ...]) -> Outfit:
        """Garments of the person ``index`` kept; often one colour is taken from somebody else."""
        while True:
            outfit = draw_outfit(str(self._rng.choice(SEXES)), self._rng)
            if index is not None:
                worn = self._outfits[index]
                kept = {"sex": worn.sex, "top": worn.top, "bottom": worn.bottom, "has_long_hair": worn.has_long_hair}
                outfit = replace(outfit, **kept)
            if others and self._rng.random() < self._config.alike_share:
                other = others[int(self._rng.integers(len(others)))]
                part = str(self._rng.choice(["top_colour", "bottom_colour"]))
                outfit = replace(outfit, **{part: getattr(other, part)})
            if all(is_distinct(outfit, other, 1) for other in others) and not is_held_out(outfit):
                return outfit

    def _dye(self) -> None:
        for index in self._rng.choice(self._config.people, 2, replace=False):
            others = tuple(o for i, o in enumerate(self._outfits) if i != index)
            self._outfits[index] = self._draw_outfit(int(index), others)
            texture = self._scene.dye(int(index), self._outfits[index], int(self._rng.integers(1 << 31)))
            self._renderer.repaint(texture)

    def _draw_robot(self) -> Array:
        """(3,) a free place, mostly with free floor before it rather than a wall."""
        free = self._grid.points()
        needs_view = self._rng.random() < OPEN_SHARE
        while True:
            spot, yaw = free[int(self._rng.integers(len(free)))], self._rng.uniform(-math.pi, math.pi)
            ahead = np.array([math.cos(yaw), math.sin(yaw)])
            if not needs_view or all(self._grid.is_free_at(spot + way * ahead) for way in (1.0, 2.5)):
                return np.array([*spot, yaw])

    def _draw_mount(self) -> tuple[Array, Array]:
        """Lens height, pitch and roll, and the camera's pose (4, 4) in base_link: a robot's trunk sways."""
        camera, rng = self._config.camera, self._rng
        z, roll = camera.z + rng.normal(0.0, 0.03), math.radians(rng.normal(0.0, 1.5))
        pitch = math.radians(camera.pitch_deg + rng.normal(0.0, 2.5))
        mount = camera_mount(camera.x, 0.0, z, pitch)
        c, s = math.cos(roll), math.sin(roll)
        turn = np.eye(4)
        turn[:2, :2] = [[c, -s], [s, c]]
        return np.array([z, pitch, roll]), mount @ turn

    def _place(self, robot: Array) -> Array:
        """Put a random number of people into the view, the rest away; (P, 6) rows of ``Still.people``."""
        rows = np.full((self._config.people, 6), np.nan)
        wanted = int(self._rng.choice(self._config.people + 1, p=_count_odds(self._config.people)))
        taken = [robot[:2]]
        for index in self._rng.permutation(self._config.people)[:wanted]:
            spot = self._draw_spot(robot, taken)
            if spot is None:
                continue
            taken.append(spot)
            yaw, walks = self._rng.uniform(-math.pi, math.pi), bool(self._rng.random() < 0.8)
            figure = self._figures[index]
            pose = int(self._rng.integers(figure.phases)) if walks else figure.phases
            self._scene.show_pose(int(index), pose)
            self._move(int(index), np.array([*spot, 0.0]), yaw)
            base = transform_points(inverse(robot), spot)
            rows[index] = [*base, float(wrap_angle(yaw - robot[2])), figure.height, 0.0, float(walks)]
        for index in np.flatnonzero(np.isnan(rows[:, 0])):
            self._move(int(index), np.array(PARKED), 0.0)
        mujoco.mj_kinematics(self._scene.model, self._data)
        mujoco.mj_camlight(self._scene.model, self._data)
        return rows

    def _draw_spot(self, robot: Array, taken: list[Array]) -> Array | None:
        """(2,) a free place before the camera, clear of everybody; None where none is found."""
        for _ in range(12):
            near = self._rng.random() < self._config.near_share
            distance = self._rng.uniform(0.5, 3.0) if near else self._rng.uniform(3.0, 7.0)
            bearing = robot[2] + math.radians(self._rng.uniform(-55.0, 55.0))
            spot = robot[:2] + distance * np.array([math.cos(bearing), math.sin(bearing)])
            clear = min(float(np.hypot(*(spot - t))) for t in taken[1:]) > 0.5 if len(taken) > 1 else True
            if clear and self._grid.is_free_at(spot):
                return spot
        return None

    def _move(self, index: int, position: Array, yaw: float) -> None:
        mocap = self._scene.person_mocaps[index]
        self._data.mocap_pos[mocap] = position
        self._data.mocap_quat[mocap] = upright(yaw)

    def _sentences(self, people: Array) -> tuple[str, ...]:
        present = ~np.isnan(people[:, 0])
        texts: list[str] = []
        for index, outfit in enumerate(self._outfits):
            others = tuple(o for i, o in enumerate(self._outfits) if i != index and present[i])
            texts += [describe(outfit, others, self._rng) for _ in range(SENTENCES)]
        return tuple(texts)


def label_people(
    depth: Array, camera: Camera, places: Array, heights: Array
) -> tuple[NDArray[np.uint8], NDArray[np.floating]]:
    """Which person each cell shows, and the visible share of the image of each person.

    Args:
        depth: (H, W) m along the optical axis.
        camera: the camera of ``depth`` with its pose in base_link.
        places: (P, 2) m in base_link, NaN for who is away.
        heights: (P,) m.
    """
    rows, columns = np.mgrid[0 : camera.height : 2, 0 : camera.width : 2]
    z = depth[::2, ::2]
    optical = np.stack([(columns + 0.5 - camera.cx) / camera.fx * z, (rows + 0.5 - camera.cy) / camera.fy * z, z], -1)
    points = optical @ camera.T_base_camera[:3, :3].T + camera.T_base_camera[:3, 3]
    owner = np.zeros(z.shape, np.uint8)
    nearest = np.full(z.shape, BODY_RADIUS)
    for index, (place, height) in enumerate(zip(places, heights, strict=True)):
        if not np.isfinite(place).all():
            continue
        away = np.hypot(points[..., 0] - place[0], points[..., 1] - place[1])
        mine = (away < nearest) & (points[..., 2] > 0.03) & (points[..., 2] < height + 0.06)
        owner[mine], nearest[mine] = index + 1, away[mine]
    counts = np.bincount(owner.ravel(), minlength=len(places) + 1)[1:]
    cells = cv2.resize(owner, (MAP_SIDE, MAP_SIDE), interpolation=cv2.INTER_NEAREST)
    return cells.astype(np.uint8), counts / owner.size


def _bodies(sex: str) -> list[str]:
    return [name for name in figures.names(sex) if name not in HELD_OUT_BODIES]


def _count_odds(people: int) -> Array:
    """Odds of 0, 1, ... people before the camera: mostly one to four."""
    odds = np.exp(-0.5 * ((np.arange(people + 1) - 2.2) / 1.6) ** 2)
    return odds / odds.sum()


def _lifted(pose: Array) -> Array:
    """(4, 4) of a planar pose (3,)."""
    c, s = math.cos(pose[2]), math.sin(pose[2])
    lifted = np.eye(4)
    lifted[:2, :2] = [[c, -s], [s, c]]
    lifted[:2, 3] = pose[:2]
    return lifted
