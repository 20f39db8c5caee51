"""Settings of the recovery, checked as a whole before any is used; and the places it may walk to, read from text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from track_common.config import ConfigError, setting

Place = tuple[float, float, float]  # x, y (m) and yaw (rad)


@dataclass(frozen=True)
class RecoveryConfig:
    """How a lost target is looked for; each stage has a time limit, 0 leaves the stage out."""

    wait_time: float = setting(
        0.5, "stand this long before anything is begun: trackers miss single frames", unit="s", low=0.0, high=5.0
    )
    policy_search_time: float = setting(
        3.0,
        "a policy that searched this long has been there and looked round: not done again",
        unit="s",
        low=0.0,
        high=60.0,
    )
    turn_timeout: float = setting(5.0, "at most this long to turn to the last bearing", unit="s", low=0.0, high=30.0)
    approach_timeout: float = setting(
        25.0, "at most this long to where the target was last seen", unit="s", low=0.0, high=300.0
    )
    sweep_timeout: float = setting(18.0, "at most this long to look round", unit="s", low=0.0, high=120.0)
    sweep_turns: float = setting(
        2.0,
        "turns where it was lost: one that passes behind the back comes into view; one at a waypoint",
        low=1.0,
        high=5.0,
    )
    waypoint_timeout: float = setting(45.0, "at most this long to each waypoint", unit="s", low=0.0, high=600.0)
    home_timeout: float = setting(120.0, "at most this long home", unit="s", low=0.0, high=1800.0)
    turn_rate: float = setting(1.2, "fastest turn to the last bearing", unit="rad/s", low=0.1, high=3.0)
    turn_gain: float = setting(1.5, "turn per radian off that bearing", unit="1/s", low=0.1, high=5.0)
    bearing_tolerance: float = setting(0.12, "this near the bearing is there", unit="rad", low=0.02, high=1.0)
    sweep_rate: float = setting(0.9, "turn while looking round; faster blurs images", unit="rad/s", low=0.1, high=3.0)
    standoff: float = setting(1.2, "how near to where the target was last seen", unit="m", low=0.5, high=5.0)
    waypoints: str = setting("", "where to look then, in this order: 'x y yaw; x y yaw', m and rad in map_frame")
    home: str = setting("", "where to wait at the end: 'x y yaw' in map_frame; empty: where it is then")
    map_frame: str = setting("map", "frame of waypoints and home")
    odom_frame: str = setting("odom", "frame of the odometry, in which the last seen place is kept")

    def check(self) -> None:
        """A sweep must have the time for its turns; places must be readable."""
        needed = 2.0 * math.pi * self.sweep_turns / self.sweep_rate
        if 0.0 < self.sweep_timeout < needed:
            raise ConfigError(
                f"sweep_timeout {self.sweep_timeout} s is too short for {self.sweep_turns} turns "
                f"at {self.sweep_rate} rad/s; give {needed:.1f} s or more, or 0 for no sweep"
            )
        places_of(self.waypoints)
        if len(places_of(self.home)) > 1:
            raise ConfigError(f"home '{self.home}' holds more than one place; use 'x y yaw'")


def places_of(text: str) -> tuple[Place, ...]:
    """Places written as 'x y yaw; x y yaw'; none for an empty text.

    Raises:
        ConfigError: naming the part that cannot be read.
    """
    places = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        try:
            x, y, yaw = (float(word) for word in part.replace(",", " ").split())
        except ValueError:
            raise ConfigError(
                f"place '{part}' cannot be read; use 'x y yaw' in m and rad, places apart by ';'"
            ) from None
        if not all(math.isfinite(value) for value in (x, y, yaw)):
            raise ConfigError(f"place '{part}' is not finite; use 'x y yaw' in m and rad")
        places.append((x, y, yaw))
    return tuple(places)
