"""An apt ROS 2 as a folder: hard links to PyPI's ROS packages, laid out and sourced as /opt/ros/DISTRIBUTION is.

``root/ros`` is the distribution (with ``setup.bash``); ``root/usr`` holds the Python packages that Ubuntu's own Python
has on such a machine. Nothing else of this environment is visible to a process that sources it.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = sysconfig.get_python_version()
SITE = f"lib/python{VERSION}/site-packages"
FROM_APT = ("vision_msgs", "tf2_msgs", "nav2_msgs")  # rosdep installs these; make setup has built them into .venv
PYTHON3 = (
    "numpy",
    "pyyaml",
    "lark-parser",
    "empy",
    "catkin-pkg",
    "pyparsing",
    "python-dateutil",
    "docutils",
    "six",
    "packaging",
)
BUILD_PINS = ROOT / "requirements" / "emulated.txt"
SETUP = """
export ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3
export AMENT_PREFIX_PATH={ros} CMAKE_PREFIX_PATH={ros}
export PYTHONPATH={site} PYTHONUSERBASE={usr}
export LD_LIBRARY_PATH={libraries}
export PATH={ros}/bin:$PATH
"""


def make(root: Path) -> Path:
    """Lay the emulation out under ``root``; returns the file to source."""
    ros, usr, environment = root / "ros", root / "usr", Path(sys.prefix)
    for distribution in importlib.metadata.distributions(path=[str(environment / SITE)]):
        name = distribution.metadata["Name"]
        if name.startswith("ros-") and name != "ros-wheels-bootstrapper":
            _link_distribution(distribution, environment, ros)
        elif name.lower().replace("_", "-") in PYTHON3:
            _link_distribution(distribution, environment, usr)
    for package in FROM_APT:
        _link_package(package, environment, ros)
    _install_build_tools(ros)
    _mend_paths(ros)
    libraries = [ros / "lib", *sorted(ros.glob(f"{SITE}/ros_*.libs"))]
    setup = ros / "setup.bash"
    setup.write_text(SETUP.format(ros=ros, site=ros / SITE, usr=usr, libraries=":".join(map(str, libraries))))
    return setup


def _link_distribution(distribution: importlib.metadata.Distribution, source: Path, target: Path) -> None:
    for file in distribution.files or ():
        path = Path(os.path.normpath(source / SITE / file))
        if path.is_file() and path.is_relative_to(source):
            _link(path, target / path.relative_to(source))


def _link_package(package: str, source: Path, target: Path) -> None:
    """A message package that scripts/build_interfaces.py has built."""
    for folder in (f"{SITE}/{package}", f"share/{package}", f"include/{package}"):
        for path in (source / folder).rglob("*"):
            if path.is_file():
                _link(path, target / path.relative_to(source))
    for path in [*source.glob(f"lib/lib{package}__*"), *source.glob(f"share/ament_index/resource_index/*/{package}")]:
        _link(path, target / path.relative_to(source))


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        os.link(source, target)


def _install_build_tools(ros: Path) -> None:
    """ament_cmake and the rest of rosidl, which every apt ROS has and this environment does not."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--prefix", str(ros), "-r", str(BUILD_PINS)]
    subprocess.run([*command, "--disable-pip-version-check"], check=True, timeout=300)


def _mend_paths(ros: Path) -> None:
    """The wheels' CMake files name the Python headers of the machine that built them."""
    include = sysconfig.get_path("include")
    for path in ros.glob("share/*/cmake/*.cmake"):
        text = path.read_text()
        if "/opt/python/" in text:
            path.unlink()  # a hard link: the original must stay as it is
            path.write_text(_without_build_paths(text, include))


def _without_build_paths(text: str, include: str) -> str:
    return re.sub(r"/opt/python/[^;\"\s]*", include, text)
