"""Where a ROS package's share folder and executables are: ament index first, then this Python, then the source tree."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from track_common.config import suggest
from track_common.share import PACKAGE, share_directory
from trackvla_cli.launch.element import LaunchError

INDEX = Path("share/ament_index/resource_index/packages")


class Packages:
    """Look-ups over one AMENT_PREFIX_PATH, with fallbacks for an installation made by pip."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        listed = [Path(prefix) for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
        self._prefixes = [*listed, Path(sys.prefix)]

    def share(self, package: str) -> str:
        """Share folder; our own package's is the source tree in an editable installation.

        Raises:
            LaunchError: the package is nowhere; says where was looked.
        """
        if package == PACKAGE:
            return str(share_directory())
        for prefix in self._prefixes:
            if (prefix / INDEX / package).exists():
                return str(prefix / "share" / package)
        raise self._not_found(package)

    def executable(self, package: str, name: str) -> str:
        """Path of what `ros2 run package name` would start.

        Raises:
            LaunchError: no such package or executable; names the executables there are.
        """
        folders = [prefix / "lib" / package for prefix in self._prefixes]
        if package == PACKAGE:
            folders.append(Path(sys.prefix) / "bin")
        for folder in folders:
            if os.access(folder / name, os.X_OK) and (folder / name).is_file():
                return str(folder / name)
        known = self._executables(package)
        if not known and package != PACKAGE:
            raise self._not_found(package)
        raise LaunchError(f"executable '{name}' of package '{package}' not found; {suggest(name, known)}")

    def _executables(self, package: str) -> set[str]:
        if package == PACKAGE:
            from importlib.metadata import entry_points

            return {point.name for point in entry_points(group="console_scripts") if point.name.endswith("_node")}
        found = (folder for prefix in self._prefixes for folder in (prefix / "lib" / package).glob("*"))
        return {path.name for path in found if os.access(path, os.X_OK)}

    def _not_found(self, package: str) -> LaunchError:
        where = os.pathsep.join(str(prefix) for prefix in self._prefixes)
        hint = f"install it (apt install ros-$ROS_DISTRO-{package.replace('_', '-')}) or source its workspace"
        return LaunchError(f"ROS package '{package}' not found in {where}; {hint}")
