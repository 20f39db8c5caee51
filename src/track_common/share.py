"""Where launch files and configs are, installed or not: colcon or wheel first, then the source tree."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = "trackvla_ros"
SOURCE_ROOT = Path(__file__).resolve().parents[2]


def share_directory() -> Path:
    """``share/trackvla_ros`` of the ament prefixes or of this Python, else the source tree (an editable install).

    Raises:
        FileNotFoundError: none of them has a ``launch`` folder; the message names where was looked.
    """
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p] + [sys.prefix]
    places = [SOURCE_ROOT, *(Path(p) / "share" / PACKAGE for p in prefixes)]
    for place in places:
        if (place / "launch").is_dir() and (place / "package.xml").is_file():
            return place
    looked = ", ".join(str(p) for p in places)
    raise FileNotFoundError(f"no launch files of {PACKAGE} in {looked}; install with `make setup` or `colcon build`")
