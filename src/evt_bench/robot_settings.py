"""Which settings of the controller go with a simulated base, as config/robots gives them to the ROS node."""

from __future__ import annotations

from typing import Any

from evt_bench.world.world import World

LIMITS: dict[str, dict[str, Any]] = {  # of commands: the base answers with a gain under 1, see PlantConfig
    "gliding": {},
    "legs": {},
    "walking": {
        "max_linear_vel": 1.25,
        "max_reverse_vel": 0.6,
        "max_lateral_vel": 0.55,
        "max_angular_vel": 1.5,
        "limit_shape": "ellipse",
    },
}
"""Base -> settings that differ from the defaults. The gait of ``walking`` takes 1.0 m/s, 0.5 m/s and 1.5 rad/s
of true speed, each alone; asked for full speed ahead and sideways at once it fell."""


def controller_settings(world: World) -> dict[str, Any]:
    """Height of base_link and the limits that go with the base of a world, by the names of ``ControllerConfig``."""
    return {"base_height": world.base_height, **LIMITS[world.config.base.kind]}
