"""Five places after Gym-UnrealCV's scenes, and the episodes in them: an endless walk, with or without look-alikes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evt_bench.episodes import WALK_CLEARANCE, Episode, Place, draw_crossing, draw_robot
from evt_bench.outfits import Person, draw_outfit, instruction
from evt_bench.world import figures
from evt_bench.world.footprints import Footprints
from evt_bench.world.furniture import Item, Part, Row
from evt_bench.world.navigation import make_grid, resample
from evt_bench.world.rooms import FloorPlan, draw_plan
from track_common.config import lookup
from track_common.geometry import arc_lengths

SIZE = (24.0, 15.0)  # m of the places under the sky
GAP = 1.6  # m left between things: a person and a robot pass side by side
WALK = 40.0  # m of the target's walk before it goes back the same way
MIN_LEG = 4.0  # m between two goals
SPACING = 0.1  # m between points of a path
SPEEDS = (0.6, 1.1)  # m/s
FIRST_PERSON = "follow the first person you see"
CAR_COLOURS = ((150, 24, 28), (34, 60, 120), (190, 192, 196), (30, 32, 36), (224, 224, 220), (70, 92, 70))
HOUSE_COLOURS = ((150, 84, 60), (176, 140, 96), (118, 96, 84), (160, 150, 140))


def draw_gym_episode(style: str, seed: int, distractors: int = 0) -> Episode:
    """The episode of a style and seed; the same again for the same arguments.

    Args:
        style: one of ``STYLES``.
        seed: of place, people and walks.
        distractors: look-alikes in the target's clothes; with any, the sentence describes nobody.

    Raises:
        ConfigError: unknown style.
    """
    draw = lookup("style", style, STYLES)
    rng = np.random.default_rng([seed, list(STYLES).index(style), distractors, 61])
    while True:
        floor = draw(rng)
        place = Place(floor, make_grid(floor.footprints, floor.size, WALK_CLEARANCE))
        path = _draw_walk(rng, place)
        robot = draw_robot(rng, path, place)
        if robot is None:
            continue
        paths, speeds = [path], [float(rng.uniform(*SPEEDS))]
        for _ in range(distractors):
            crossing = draw_crossing(rng, (path, robot), paths[1:], place)
            if crossing is not None:
                paths.append(crossing)
                speeds.append(float(rng.uniform(*SPEEDS)))
        if len(paths) == distractors + 1:
            break
    outfit = draw_outfit(str(rng.choice(["woman", "man"])), rng)
    body = str(rng.choice(figures.names(outfit.sex)))
    names = ("target", *(f"distractor_{index + 1}" for index in range(distractors)))
    people = tuple(Person(name, body, outfit) for name in names)
    sentence = FIRST_PERSON if distractors else instruction(outfit, rng)
    return Episode("gym", seed, floor, people, tuple(paths), tuple(speeds), robot, sentence, is_endless=True)


def _draw_walk(rng: np.random.Generator, place: Place) -> np.ndarray:
    """(H, 2) walk over random goals, ``WALK`` m at least."""
    here, pieces, length = place.spot(rng), [], 0.0
    while length < WALK:
        there = place.spot(rng)
        if np.hypot(*(there - here)) < MIN_LEG:
            continue
        piece = place.way(here, there)
        pieces.append(piece if not pieces else piece[1:])
        length += float(arc_lengths(piece)[-1])
        here = piece[-1]
    return resample(np.concatenate(pieces), SPACING)


def _simple_room(rng: np.random.Generator) -> FloorPlan:
    """A large room with little in it."""
    return draw_plan(rng, "hall", 0.3)


def _parking_lot(rng: np.random.Generator) -> FloorPlan:
    """Pillars in a grid, parked cars between them, low light."""
    pillars = [
        _box("pillar", x, y, (0.25, 0.25), 2.6, (170, 168, 160)) for x in (-7.5, -2.5, 2.5, 7.5) for y in (-3.2, 3.2)
    ]
    cars = [
        _car(float(rng.uniform(-10.5, 10.5)), side * float(rng.uniform(4.6, 5.6)), rng)
        for side in (-1, 1)
        for _ in range(6)
    ]
    return _plan("parking_lot", [*_fence((150, 150, 148), 2.6), *pillars], cars)


def _street(rng: np.random.Generator) -> FloorPlan:
    """House fronts on both sides, lamp posts, a parked car or two, a floor that mirrors."""
    posts = [
        _post(float(rng.uniform(-10.0, 10.0)), side * float(rng.uniform(3.0, 5.0)))
        for side in (-1, 1)
        for _ in range(3)
    ]
    cars = [_car(float(rng.uniform(-9.0, 9.0)), float(rng.choice([-5.8, 5.8])), rng) for _ in range(3)]
    return _plan("street", _fence(HOUSE_COLOURS[int(rng.integers(len(HOUSE_COLOURS)))], 4.0), [*posts, *cars])


def _open_road(rng: np.random.Generator) -> FloorPlan:
    """A wide road between hedges; hardly anything stands on it."""
    posts = [_post(float(rng.uniform(-10.0, 10.0)), float(rng.choice([-5.5, 5.5]))) for _ in range(4)]
    return _plan("open_road", _fence((58, 98, 50), 0.9), posts)


def _snow_village(rng: np.random.Generator) -> FloorPlan:
    """Small houses and trees on snow, the sun low."""
    places = rng.uniform([-9.0, -4.5], [9.0, 4.5], (14, 2))
    things = [_house(x, y, rng) if index < 5 else _tree(x, y) for index, (x, y) in enumerate(places.tolist())]
    return _plan("snow_village", _fence((120, 100, 84), 0.8), things)


STYLES: dict[str, Callable[[np.random.Generator], FloorPlan]] = {
    "simple_room": _simple_room,
    "parking_lot": _parking_lot,
    "street": _street,
    "open_road": _open_road,
    "snow_village": _snow_village,
}


def _plan(style: str, fixed: list[Item], loose: list[Item]) -> FloorPlan:
    """A floor with ``fixed`` and as many of ``loose`` as leave ``GAP`` m to everything before them."""
    items = list(fixed)
    for item in loose:
        if all(_gap(item.footprint, other.footprint) > GAP for other in items):
            items.append(item)
    places = Footprints.from_rows([item.footprint for item in items])
    return FloorPlan(SIZE, style, (), tuple(items), places, places)


def _gap(first: Row, second: Row) -> float:
    """m between two upright footprints at least, taken along the axes; negative where they overlap."""
    gaps = [abs(first[k] - second[k]) - first[k + 2] - second[k + 2] - first[5] - second[5] for k in (0, 1)]
    return max(gaps)


def _fence(colour: tuple[int, int, int], height: float) -> list[Item]:
    """Four long boxes round the floor."""
    x, y = 0.5 * SIZE[0], 0.5 * SIZE[1]
    along = [_box("fence", 0.0, side * y, (x, 0.15), height, colour) for side in (-1.0, 1.0)]
    return along + [_box("fence", side * x, 0.0, (0.15, y), height, colour) for side in (-1.0, 1.0)]


def _box(kind: str, x: float, y: float, half: tuple[float, float], height: float, colour: tuple[int, int, int]) -> Item:
    part = Part("box", (x, y, 0.5 * height), (*half, 0.5 * height), colour=colour)
    return Item(kind, (x, y, *half, 0.0, 0.0), (part,), at_wall=True)


def _car(x: float, y: float, rng: np.random.Generator) -> Item:
    """4.2 m long along x."""
    colour = CAR_COLOURS[int(rng.integers(len(CAR_COLOURS)))]
    parts = [
        Part("box", (x, y, 0.55), (2.1, 0.85, 0.30), colour=colour),
        Part("box", (x - 0.2, y, 1.10), (1.15, 0.75, 0.28), colour=(40, 48, 58)),
    ]
    for dx in (-1.35, 1.35):
        for dy in (-0.8, 0.8):
            parts.append(Part("sphere", (x + dx, y + dy, 0.3), (0.3, 0.0, 0.0), colour=(22, 22, 24)))
    return Item("car", (x, y, 2.1, 0.85, 0.0, 0.0), tuple(parts), at_wall=False)


def _post(x: float, y: float) -> Item:
    part = Part("cylinder", (x, y, 1.6), (0.07, 0.0, 1.6), colour=(70, 72, 76))
    return Item("post", (x, y, 0.0, 0.0, 0.0, 0.07), (part,), at_wall=False)


def _house(x: float, y: float, rng: np.random.Generator) -> Item:
    half = (float(rng.uniform(0.8, 1.4)), float(rng.uniform(0.8, 1.2)))
    colour = HOUSE_COLOURS[int(rng.integers(len(HOUSE_COLOURS)))]
    body = Part("box", (x, y, 1.1), (*half, 1.1), colour=colour)
    roof = Part("box", (x, y, 2.3), (half[0] + 0.15, half[1] + 0.15, 0.12), colour=(236, 238, 244))
    return Item("house", (x, y, *half, 0.0, 0.0), (body, roof), at_wall=False)


def _tree(x: float, y: float) -> Item:
    trunk = Part("cylinder", (x, y, 0.6), (0.14, 0.0, 0.6), colour=(84, 62, 44))
    crown = Part("sphere", (x, y, 1.9), (0.8, 0.0, 0.0), colour=(74, 104, 78))
    return Item("tree", (x, y, 0.0, 0.0, 0.0, 0.14), (trunk, crown), at_wall=False)
