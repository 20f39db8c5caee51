"""Names and heights of coordinate frames (REP 105) that several nodes share; each node takes them by one name."""

from __future__ import annotations

from typing import Any

from track_common.config import setting

BASE_FRAME = "base_link"


def base_frame_setting() -> Any:
    """The setting ``base_frame``, alike in every node that has one: tracker, planner, controller, recovery, bridge,
    robot_state and simulator of one robot must be given the same."""
    return setting(BASE_FRAME, "frame_id of the robot's base, the same in every node of a robot", runtime=False)


def base_height_setting() -> Any:
    """The setting ``base_height``, alike in planner, target watch and controller of one robot."""
    return setting(0.0, "base_link above the floor (0.31 for a GO2's own frame)", unit="m", low=0.0, high=1.5)
