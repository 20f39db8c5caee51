"""Parameters of the tracker node; each tracker's own are in ``vlt_ros.registry``."""

from __future__ import annotations

from dataclasses import dataclass

from track_common.config import setting
from track_common.frame_ids import base_frame_setting
from track_common.ros.camera_topic import TRANSPORTS
from vlt_ros.registry import TRACKERS


@dataclass(frozen=True)
class TrackerNodeConfig:
    """Parameters of the node itself; each tracker's own carry its name as prefix, e.g. ``grounded.min_evidence``."""

    tracker: str = setting("grounded", "which tracker; may be swapped while the target is in view", choices=TRACKERS)
    instruction: str = setting("", "who to track, in words; the topic of the same name does the same")
    prepare: str = setting(
        "",
        "a tracker made ready at start, so that a swap to it waits for nothing",
        choices=("", *TRACKERS),
        runtime=False,
    )
    image_transport: str = setting(
        "auto", "how images come; auto: raw, or compressed where only those are sent", choices=TRANSPORTS, runtime=False
    )
    camera_rate: float = setting(
        0.0,
        "images a second to expect; fewer than half are warned of; 0 = the highest rate of camera_info",
        unit="Hz",
        low=0.0,
        high=500.0,
        runtime=False,
    )
    base_frame: str = base_frame_setting()
    max_image_age: float = setting(
        0.0, "images whose stamp is older than this are not tracked; 0 = all are", unit="s", low=0.0, high=60.0
    )
