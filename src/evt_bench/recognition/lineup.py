"""Draws the line-up of a recognition question: standing people left and right of the robot's view, and the sentences.

The test is TrackVLA's (reference/trackvla.md §1.3, supplement E.2): bodies and clothes that training never showed. The
kinds beside ``pair`` name what the paper's training images held (§1.3, Table 12).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from evt_bench.data.grammar import HELD_OUT_BODIES, describe, is_held_out
from evt_bench.episodes import Episode
from evt_bench.outfits import COLOURS, Outfit, Person, draw_outfit, is_distinct
from evt_bench.world import figures
from evt_bench.world.navigation import Grid, make_grid
from evt_bench.world.rooms import FloorPlan, draw_plan
from track_common.config import lookup
from track_common.geometry import transform_points
from track_common.types import Array

KINDS = {
    "pair": "two people who differ in both garments",
    "garment": "two people who differ in one garment's colour only",
    "single": "one person, on either side",
    "multiple": "three to five people, asked for the outermost two",
    "same": "two people alike; the sentence names the side",
}
SIDES = ("left", "right")
RANGES = (2.4, 3.8)  # m from robot to person: farther than any policy's standoff, so that the robot has to go there
BEARINGS_DEG = (12.0, 30.0)  # of the outermost people; half of the 90 degree view is 45
CLEARANCE = 0.3  # m between a line of sight and furniture
DENSITY = 0.6  # of the furniture
TRIES = 300  # places in one room before another is drawn


@dataclass(frozen=True)
class Question:
    """A sentence and the side of the person it describes, "left" or "right"."""

    side: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Lineup:
    """People who stand before the robot, and what is asked about them.

    ``episode`` holds people and room; nobody in it walks. ``questions`` has one for each side that has a person.
    """

    episode: Episode
    questions: tuple[Question, ...]


def sides_of(kind: str, seed: int) -> tuple[str, ...]:
    """The sides of a line-up that have a question; a single person stands on either by turns."""
    return (SIDES[seed % 2],) if kind == "single" else SIDES


def draw_lineup(kind: str, seed: int, *, unseen_people: bool = True, unseen_words: bool = False) -> Lineup:
    """The line-up of a kind and seed; the same again for the same arguments.

    Args:
        kind: one of ``KINDS``.
        seed: of room, places, bodies, clothes and words.
        unseen_people: bodies and garment colours that no training data holds; else only such as it holds.
        unseen_words: verbs and templates that no training data holds.

    Raises:
        ConfigError: unknown kind.
    """
    lookup("kind", kind, KINDS)
    rng = np.random.default_rng([seed, list(KINDS).index(kind), 41])
    sides = sides_of(kind, seed)
    count = {"single": 1, "multiple": int(rng.integers(3, 6))}.get(kind, 2)
    outfits = _draw_outfits(kind, count, unseen_people, rng)
    bodies = [_draw_body(outfit.sex, unseen_people, rng) for outfit in outfits]
    if kind == "same":
        bodies = bodies[:1] * count
    people = tuple(Person(f"person_{i}", b, o) for i, (b, o) in enumerate(zip(bodies, outfits, strict=True)))
    plan, robot, places = _draw_places(_draw_offsets(count, sides, rng), rng)
    paths = tuple(_facing(place, float(rng.uniform(-math.pi, math.pi))) for place in places)
    questions = _questions(kind, outfits, sides, unseen_words, rng)
    episode = Episode("recognise", seed, plan, people, paths, (0.0,) * count, robot, questions[0].sentence)
    return Lineup(episode, questions)


def _draw_outfits(kind: str, count: int, unseen: bool, rng: np.random.Generator) -> list[Outfit]:
    """Everybody's clothes, from left to right."""
    first = _draw_outfit(unseen, rng)
    if kind == "same":
        return [first] * count
    outfits = [first]
    while len(outfits) < count:
        outfit = _other_garment(first, rng) if kind == "garment" else _draw_outfit(unseen, rng)
        parts = 1 if kind in ("garment", "multiple") else 2
        if all(is_distinct(outfit, other, parts) for other in outfits) and is_held_out(outfit) == unseen:
            outfits.append(outfit)
    return outfits


def _draw_outfit(unseen: bool, rng: np.random.Generator) -> Outfit:
    while True:
        outfit = draw_outfit(str(rng.choice(["woman", "man"])), rng)
        if is_held_out(outfit) == unseen:
            return outfit


def _other_garment(outfit: Outfit, rng: np.random.Generator) -> Outfit:
    """The same look with another colour of top or bottom."""
    part = str(rng.choice(["top_colour", "bottom_colour"]))
    return replace(outfit, **{part: str(rng.choice(list(COLOURS)))})


def _draw_body(sex: str, unseen: bool, rng: np.random.Generator) -> str:
    return str(rng.choice([name for name in figures.names(sex) if (name in HELD_OUT_BODIES) == unseen]))


def _draw_offsets(count: int, sides: tuple[str, ...], rng: np.random.Generator) -> Array:
    """(count, 2) places in base_link, m, from left to right; a single person stands on the only side."""
    outer = np.radians(rng.uniform(*BEARINGS_DEG, 2))
    bearings = np.linspace(outer[0], -outer[1], count) if count > 1 else outer[:1]
    if sides == ("right",):
        bearings = -bearings
    ranges = rng.uniform(*RANGES, count)
    return np.stack([ranges * np.cos(bearings), ranges * np.sin(bearings)], axis=1)


def _draw_places(offsets: Array, rng: np.random.Generator) -> tuple[FloorPlan, Array, Array]:
    """A room, the robot's pose (3,) and everybody's place (P, 2) in it, all in free view."""
    while True:
        floor = draw_plan(rng, "", DENSITY)
        grid = make_grid(floor.footprints, floor.size, CLEARANCE)
        free = grid.points()
        for _ in range(TRIES):
            robot = np.array([*free[int(rng.integers(len(free)))], rng.uniform(-math.pi, math.pi)])
            places = transform_points(robot, offsets)
            if all(_is_in_view(robot[:2], place, grid, floor) for place in places):
                return floor, robot, places


def _is_in_view(robot: Array, place: Array, grid: Grid, floor: FloorPlan) -> bool:
    return bool(grid.is_free_at(place)) and floor.footprints.is_clear(robot, place, CLEARANCE)


def _facing(place: Array, yaw: float) -> Array:
    """(2, 2) path of somebody who stands at its start and looks along it."""
    return np.stack([place, place + 0.6 * np.array([math.cos(yaw), math.sin(yaw)])])


def _questions(
    kind: str, outfits: list[Outfit], sides: tuple[str, ...], unseen_words: bool, rng: np.random.Generator
) -> tuple[Question, ...]:
    if kind == "same":
        return tuple(Question(side, f"follow the {outfits[0].sex} on the {side}") for side in sides)
    questions = []
    for side in sides:
        index = len(outfits) - 1 if side == "right" else 0
        others = tuple(outfit for i, outfit in enumerate(outfits) if i != index)
        questions.append(Question(side, describe(outfits[index], others, rng, unseen=unseen_words)))
    return tuple(questions)
