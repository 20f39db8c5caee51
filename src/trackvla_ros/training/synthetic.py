"""Drawn samples for trials: two people as coloured bars before a plain world, one of them described by its colour.

Not training data: it shows that a model learns who is meant and where to go, in minutes on a CPU.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from track_common.types import Array
from trackvla_ros.training.samples import Episode, Question

COLOURS = {"red": (200, 40, 40), "blue": (50, 70, 200), "green": (40, 160, 60), "yellow": (220, 200, 50)}
PERIOD = 0.1  # s between frames and between waypoints
STAND_OFF = 1.5  # m the expert keeps
SPEED = 1.5  # m/s, the paper's fastest walker
PERSON = (0.5, 1.7)  # m, width and height of a bar
CAMERA_HEIGHT = 0.7  # m; EVT-Bench's jaw camera


def draw_episodes(
    count: int, frames: int, side: int, waypoints: int, seed: int, alone_share: float = 0.5
) -> list[Episode]:
    """Episodes whose sentence names a person by colour: alone, or one of two on either side of the view."""
    rng = np.random.default_rng(seed)
    return [_episode(rng, frames, side, waypoints, bool(rng.random() < alone_share)) for _ in range(count)]


def draw_questions(count: int, side: int, seed: int) -> list[Question]:
    """One picture each: what colour is the person on the left or right."""
    rng = np.random.default_rng(seed)
    questions = []
    for _ in range(count):
        colours = rng.permutation(list(COLOURS))[:2]
        people = _people(rng)
        side_asked = int(rng.integers(2))
        left_first = people[0, 1] > people[1, 1]
        asked = colours[0] if (side_asked == 0) == left_first else colours[1]
        image = draw(people, [COLOURS[c] for c in colours], side)
        questions.append(Question(image[None], f"colour on the {('left', 'right')[side_asked]}?", str(asked)))
    return questions


def expert(target: Array, waypoints: int) -> Array:
    """(H, 3) straight to ``STAND_OFF`` before the target (x, y), turning towards it within half a second."""
    distance, bearing = math.hypot(*target), math.atan2(target[1], target[0])
    times = PERIOD * np.arange(1, waypoints + 1)
    gone = np.clip(SPEED * times, 0.0, max(0.0, distance - STAND_OFF))
    yaw = bearing * np.minimum(1.0, times / 0.5)
    return np.stack([gone * math.cos(bearing), gone * math.sin(bearing), yaw], axis=1)


def draw(people: Array, colours: list[tuple[int, int, int]], side: int) -> NDArray[np.uint8]:
    """RGB (S, S, 3) seen with 90 degrees across; people (n, 2) x, y in the base frame, farthest first."""
    image = np.full((side, side, 3), 170, np.uint8)
    image[side // 2 :] = 110
    focal = side / 2.0
    for index in np.argsort(-people[:, 0]):
        x, y = people[index]
        half = focal * PERSON[0] / 2 / x
        u = side / 2 - focal * y / x
        top, bottom = side / 2 - focal * (PERSON[1] - CAMERA_HEIGHT) / x, side / 2 + focal * CAMERA_HEIGHT / x
        rows = slice(max(0, round(top)), max(0, round(bottom)))
        image[rows, max(0, round(u - half)) : max(0, round(u + half))] = colours[index]
    return image


def _episode(rng: np.random.Generator, frames: int, side: int, waypoints: int, is_alone: bool) -> Episode:
    colours = [str(c) for c in rng.permutation(list(COLOURS))[:2]]
    people, step = _people(rng), rng.uniform(-0.02, 0.02, (2, 2))
    target = int(rng.integers(2))
    images, trajectories = [], []
    for _ in range(frames):
        shown = slice(target, target + 1) if is_alone else slice(None)
        images.append(draw(people[shown], [COLOURS[c] for c in colours[shown]], side))
        trajectories.append(expert(people[target], waypoints))
        people = people + step
    return Episode(np.stack(images), np.stack(trajectories), f"follow {colours[target]}")


def _people(rng: np.random.Generator) -> Array:
    """Two people (2, 2), one on each side of the view, in random order."""
    distance = rng.uniform(2.0, 4.0, 2)
    bearing = rng.uniform(0.15, 0.6, 2) * np.array([1.0, -1.0]) * rng.choice([-1.0, 1.0])
    return np.stack([distance * np.cos(bearing), distance * np.sin(bearing)], axis=1)
