"""Beside an apt ROS: build the message packages it lacks, and on request this project, with colcon into ``install/``.

Standard library only. Unitree's messages are in no distribution; where unitree_ros2 is sourced, its packages are taken.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INTERFACES, INSTALL, BUILD = ROOT / "interfaces", ROOT / "install", ROOT / "build"
PACKAGES = ("unitree_api", "unitree_go", "vision_msgs")


def lacking(prefixes: str) -> list[str]:
    """Packages of ``PACKAGES`` that no prefix of an AMENT_PREFIX_PATH has, those of ``install/`` left out."""
    folders = [Path(word) for word in prefixes.split(os.pathsep) if word and not Path(word).is_relative_to(INSTALL)]
    marker = Path("share/ament_index/resource_index/packages")
    return [name for name in PACKAGES if not any((folder / marker / name).is_file() for folder in folders)]


def sources(packages: list[str]) -> list[Path]:
    """Every file the packages are built from, for a stamp."""
    return sorted(path for name in packages for path in (INTERFACES / name).rglob("*") if path.is_file())


def messages_command(python: str, system_python: str, packages: list[str]) -> list[str]:
    """Command that builds message packages; ``system_python`` runs the generators, which apt installed for it."""
    paths = [str(INTERFACES / name) for name in packages]
    options = ["-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={system_python}"]
    return [*_colcon(python), "--paths", *paths, "--cmake-args", *options]


def project_command(python: str) -> list[str]:
    """Command that builds this project, its nodes to be run by ``python``."""
    return [*_colcon(python), "--paths", "."]


def clear(packages: list[str]) -> None:
    """Remove what another ROS distribution's build of the packages left."""
    for name in packages:
        shutil.rmtree(BUILD / name, ignore_errors=True)
        shutil.rmtree(INSTALL / name, ignore_errors=True)


def _colcon(python: str) -> list[str]:
    return [python, "-m", "colcon", "build", "--event-handlers", "console_direct+"]
