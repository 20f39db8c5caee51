"""Action words -> poses: forward, left, right, stop in the metres, radians and seconds of the config."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from track_common.types import Array
from trackvla_ros.uni_navid.config import UniNavidPolicyConfig


@dataclass(frozen=True)
class Motion:
    """One action word: distance forward (m) and turn (rad, left positive)."""

    forward: float
    turn: float


def follow_words(words: Sequence[str], config: UniNavidPolicyConfig) -> tuple[Array, Array]:
    """Poses (n, 3) at the end of each action and the times (n,) they are reached; nothing after "stop".

    Left is counter-clockwise (positive yaw); the public offline script draws it the other way round.
    """
    motions = {
        "forward": Motion(config.forward_step, 0.0),
        "left": Motion(0.0, config.turn_step),
        "right": Motion(0.0, -config.turn_step),
    }
    x = y = yaw = time = 0.0
    poses: list[tuple[float, float, float]] = []
    times: list[float] = []
    for word in words:
        if word == "stop":
            break
        motion = motions[word]
        yaw += motion.turn
        x, y = x + motion.forward * math.cos(yaw), y + motion.forward * math.sin(yaw)
        time += motion.forward / config.speed + abs(motion.turn) / config.turn_rate
        poses.append((x, y, yaw))
        times.append(time)
    return np.array(poses).reshape(-1, 3), np.array(times)
