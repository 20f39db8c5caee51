"""The environment a ROS process needs, for whoever starts one (launch runner, tests, demo); imports no ROS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from track_common.share import share_directory

FAST_DDS_PROFILE = "fastdds_local.xml"  # a 32 MB shared-memory segment: the default 512 kB loses raw images
UDP_PROFILE, LOCAL_UDP_PROFILE = "fastdds_udp.xml", "fastdds_udp_local.xml"  # Fast DDS without shared memory
PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
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
        environment.setdefault(PROFILE_VARIABLE, str(profile))
    environment.setdefault("OMP_NUM_THREADS", "1")  # one thread a process, or the nodes fight over the cores
    environment.setdefault("PYTHONUNBUFFERED", "1")
    return environment


def leave_shared_memory() -> bool:
    """For a process that must be able to stop the robot, before its first participant: Fast DDS by UDP alone.

    Who writes into the shared memory of a process that was frozen or killed while it held a lock there waits: as long
    as the other is frozen, or a second. What the user chose is kept: another middleware, a profile or transports that
    are not ours, and other computers named in ROS_STATIC_PEERS, which the range SYSTEM_DEFAULT would leave out.

    Returns:
        Whether the environment of this process now says so.
    """
    chosen = Path(os.environ.get(PROFILE_VARIABLE, FAST_DDS_PROFILE)).name
    is_fast_dds = os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps").startswith("rmw_fastrtps")
    if not is_fast_dds or chosen != FAST_DDS_PROFILE or "FASTDDS_BUILTIN_TRANSPORTS" in os.environ:
        return False
    is_local = os.environ.get("ROS_LOCALHOST_ONLY") == "1"  # of Humble, and obeyed by the later ones
    is_local |= os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() == "LOCALHOST"
    profile = Path(share_directory()) / "config" / (LOCAL_UDP_PROFILE if is_local else UDP_PROFILE)
    if not profile.is_file() or (is_local and os.environ.get("ROS_STATIC_PEERS")):
        return False
    os.environ[PROFILE_VARIABLE] = str(profile)
    if is_local:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "SYSTEM_DEFAULT"
        os.environ.pop("ROS_LOCALHOST_ONLY", None)
    return True


def clear_shared_memory() -> None:
    """Remove what killed processes left in Fast DDS's shared memory, by its own tool; what living ones use stays.

    Each leaves 35 MB, and sometimes a locked file: who later writes through it waits a second at a time.
    """
    tool = shutil.which("fastdds", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if tool is not None:
        subprocess.run([tool, "shm", "clean"], stdout=subprocess.DEVNULL, check=False, timeout=60)
