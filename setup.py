"""What colcon and pip build; the metadata is here, not in pyproject.toml, so that Humble's setuptools 59 reads it."""

import os

from setuptools import find_packages, setup

NAME = "trackvla_ros"
NODES = {
    "sim_node": "evt_bench.nodes.sim_node:main",
    "recorder_node": "evt_bench.nodes.recorder_node:main",
    "video_node": "vlt_ros.nodes.video_node:main",
    "tracker_node": "vlt_ros.nodes.tracker_node:main",
    "planner_node": "trackvla_ros.nodes.planner_node:main",
    "controller_node": "go2_bridge.nodes.controller_node:main",
    "recovery_node": "go2_bridge.nodes.recovery_node:main",
    "bridge_node": "go2_bridge.nodes.bridge_node:main",
    "robot_state_node": "go2_bridge.nodes.robot_state_node:main",
}


def shared(folder: str) -> list:
    """Entries of data_files for a folder and those in it."""
    walk = [(place, [os.path.join(place, name) for name in names]) for place, _, names in os.walk(folder)]
    return [(f"share/{NAME}/{place}", sorted(files)) for place, files in walk if files]


setup(
    name=NAME,
    version="0.1.0",
    description="A robot follows what a sentence describes: VLT and TrackVLA on ROS 2",
    license="Apache-2.0",
    maintainer="trackvla_ros maintainers",
    maintainer_email="trackvla-ros@example.com",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"": ["assets/*", "assets/*/*", "weights/*", "py.typed"]},
    python_requires=">=3.10",
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *shared("launch"),
        *shared("config"),
    ],
    entry_points={
        "console_scripts": [
            "trackvla = trackvla_cli.main:main",
            *(f"{name} = {target}" for name, target in NODES.items()),
        ],
    },
    zip_safe=False,
)
