"""A Python module that is not installed -> one line that says what to type. Standard library only."""

from __future__ import annotations

import os

UNITREE = ("unitree_api", "unitree_go")  # in no distribution; `make colcon` builds them
ROS_MODULES = (
    "rclpy",
    "ament_index_python",
    "std_srvs",
    "tf2_py",
    "tf2_ros",
    "cv_bridge",
    "message_filters",
    "sensor_msgs_py",
)
ROS_SUFFIXES = ("_msgs", "_interfaces")


def describe(error: ImportError) -> str:
    """One line: the module that could not be imported, the reason and the remedy."""
    module = (error.name or "").split(".")[0] or _named_in(str(error))
    reason = " ".join(str(error).split()) or "the import failed"
    return f"{reason}; {remedy_for(module)}"


def remedy_for(module: str) -> str:
    """What to type where ``module``, a top-level Python module, is missing; depends on the ROS that is sourced."""
    distribution = os.environ.get("ROS_DISTRO", "")
    if module in UNITREE and distribution:
        return "type `make colcon` in the clone, then `source install/setup.bash`, or source unitree_ros2"
    if distribution and is_of_ros(module):
        return f"type `sudo apt install ros-{distribution}-{module.replace('_', '-')}`"
    if not distribution and os.path.isdir("/opt/ros") and is_of_ros(module):
        return "type `source /opt/ros/<distribution>/setup.bash`, or `make setup` in the clone"
    if module in ("torch", "transformers", "diffusers", "openvino", "safetensors", "accelerate"):
        return "type `make setup-models` in the clone"
    return "type `make setup` in the clone" + (", then `make colcon`" if distribution else "")


def _named_in(text: str) -> str:
    """The first quoted name in an error's text, as in "No module named 'x.y'"; "" where there is none."""
    return text.partition("'")[2].partition("'")[0].split(".")[0]


def is_of_ros(module: str) -> bool:
    """True for rclpy and message packages: they come from ROS, not from pip."""
    return module in ROS_MODULES or module in UNITREE or module.endswith(ROS_SUFFIXES)
