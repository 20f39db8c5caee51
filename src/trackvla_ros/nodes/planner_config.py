"""Parameters of the planner node; each policy's own are in ``trackvla_ros.registry``."""

from __future__ import annotations

from dataclasses import dataclass

from track_common.config import setting
from track_common.frame_ids import base_frame_setting
from track_common.ros.camera_topic import TRANSPORTS
from trackvla_ros.registry import POLICIES


@dataclass(frozen=True)
class PlannerConfig:
    """Settings of the node itself; each policy's own come after its name (``box_servo.standoff``)."""

    policy: str = setting("box_servo", "which policy plans", choices=tuple(POLICIES))
    instruction: str = setting("", "who to follow, in words; the topic of the same name does the same")
    base_frame: str = base_frame_setting()
    image_transport: str = setting(
        "auto",
        "how images come to policies that look at them; auto: raw, or compressed where only those are sent",
        choices=TRANSPORTS,
        runtime=False,
    )
    camera_rate: float = setting(
        0.0,
        "images a second to expect; fewer than half are warned of; 0 = the highest rate of camera_info",
        unit="Hz",
        low=0.0,
        high=500.0,
        runtime=False,
    )
