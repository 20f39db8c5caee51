"""What colcon and pip build; the metadata is here, not in pyproject.toml, so that Humble's setuptools 59 reads it."""

import os
import sys

from setuptools import find_packages, setup

NAME = "trackvla_ros"
VENV_PYTHON = os.path.join(os.path.dirname(os.path.realpath(__file__)), ".venv", "bin", "python")
IS_COLCON = not {"install", "develop"}.isdisjoint(sys.argv)  # pip builds a wheel, and puts `trackvla` into bin itself
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
    maintainer="Seed 7f7e4828 maintainers",
    maintainer_email="maintainers@users.noreply.b-seed-7f7e4828.example",
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
        *([("bin", ["resource/bin/trackvla"])] if IS_COLCON else []),
    ],
    # Nodes need the packages that `make setup` put into .venv, whichever Python runs colcon.
    options={"build_scripts": {"executable": VENV_PYTHON}} if os.path.exists(VENV_PYTHON) else {},
    entry_points={
        "console_scripts": [f"{name} = trackvla_cli.executables:{name}" for name in EXECUTABLES],
    },
    zip_safe=False,
)
