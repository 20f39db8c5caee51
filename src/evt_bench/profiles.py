"""Camera, people and robot of a benchmark run as one named choice: a GO2 indoors, or EVT-Bench's own.

EVT-Bench's numbers: reference/trackvla.md §2.1 (camera, base), §2.4 and §2.5 (speeds, people). Its rooms, bodies and
walking are Habitat's; ours stay our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evt_bench.episodes import EpisodeConfig
from evt_bench.world.config import CameraConfig
from evt_bench.world.plant import PlantConfig
from evt_bench.world.world import WorldConfig

NO_LAG = 0.01  # s, the least time constant that a plant takes


@dataclass(frozen=True)
class Profile:
    """Settings that go together.

    Attributes:
        world: camera, LiDAR and base.
        episodes: people and their speeds.
        controller: settings of ``go2_bridge``'s controller that differ from its defaults.
        delay: s from an image to its trajectory's arrival at the controller.
    """

    world: WorldConfig = field(default_factory=WorldConfig)
    episodes: EpisodeConfig = field(default_factory=EpisodeConfig)
    controller: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.1


# A kinematic base: a command takes effect at once. 0.375 m, 0.25 m and 9 degrees a step of 0.1 s are its limits; our
# controller's own limits, 3 m/s and 1 m/s sideways, lie below them.
EVT_PLANT = PlantConfig(
    dead_time=0.0, time_constant=NO_LAG, gain_vx=1.0, gain_vy=1.0, gain_wz=1.0, max_vx=3.75, min_vx=-3.75, max_vy=2.5,
    max_wz=1.57,
)  # fmt: skip
EVT_CONTROLLER = {
    "max_linear_vel": 3.0,
    "max_reverse_vel": 1.5,
    "max_lateral_vel": 1.0,
    "max_angular_vel": 1.57,
    "max_linear_accel": 10.0,
    "max_linear_decel": 10.0,
    "max_angular_accel": 30.0,
    "dead_time": 0.0,
    "time_constant": NO_LAG,
    "gain_vx": 1.0,
    "gain_vy": 1.0,
    "gain_wz": 1.0,
}
PROFILES: dict[str, Profile] = {
    "go2": Profile(),
    "evt": Profile(
        world=WorldConfig(camera=CameraConfig(x=0.24, z=0.72, pitch_deg=0.0), plant=EVT_PLANT),
        episodes=EpisodeConfig(
            min_speed=1.0,
            max_speed=1.5,
            distractor_min_speed=1.0,
            distractor_max_speed=1.5,
            max_distractors=7,
            max_moving=4,
        ),
        controller=EVT_CONTROLLER,
        delay=0.0,
    ),
}
