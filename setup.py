"""What colcon and pip build; the metadata is here, not in pyproject.toml, so that Humble's setuptools 59 reads it."""

import os

from setuptools import find_packages, setup

NAME = "trackvla_ros"
EXECUTABLES = [
    "bridge_node",
    "controller_node",
    "planner_node",
    "recorder_node",
    "recovery_node",
    "robot_state_node",
    "sim_node",
    "tracker_node",
    "trackvla",
    "video_node",
]


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
        "console_scripts": [f"{name} = trackvla_cli.executables:{name}" for name in EXECUTABLES],
    },
    zip_safe=False,
)
