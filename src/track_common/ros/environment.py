"""The environment a ROS process needs, for whoever starts one (launch runner, tests, demo); imports no ROS."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from track_common.share import share_directory

FAST_DDS_PROFILE = "fastdds_local.xml"  # a 32 MB shared-memory segment: the default 512 kB loses raw images
FOREIGN = ("_ROS_WHEELS_BOOTSTRAP_COMPLETE",)  # set by the wheels of another venv; inherited, it breaks `import rclpy`


def has_apt_ros() -> bool:
    """True where an apt (or source-built) ROS 2 is sourced."""
    return bool(os.environ.get("ROS_DISTRO")) and bool(os.environ.get("AMENT_PREFIX_PATH"))


def ros_environment() -> dict[str, str]:
    """Copy of this process's environment with what a ROS child process needs added; what the user set is kept."""
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    if not has_apt_ros():
        environment.setdefault("AMENT_PREFIX_PATH", sys.prefix)
        environment.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    profile = Path(share_directory()) / "config" / FAST_DDS_PROFILE
    if profile.is_file():
        environment.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(profile))
    environment.setdefault("OMP_NUM_THREADS", "1")  # one thread a process, or the nodes fight over the cores
    environment.setdefault("PYTHONUNBUFFERED", "1")
    return environment
