"""Message definitions for a bag: the text and hash a reader needs to decode a type without having it installed.

Types every ROS 2 ships come with ``rosbags``; the others (vision_msgs, a robot's own) are read from the .msg files that
each interface package installs under ``share/<package>/msg``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore


class DefinitionError(ValueError):
    """A message type whose definition is nowhere to be found; the message says where it was looked for."""


@dataclass(frozen=True)
class Definition:
    """One message type: its name (package/msg/Type), ros2msg text with all dependencies, and RIHS01 hash (REP 2016)."""

    name: str
    text: str
    type_hash: str


class DefinitionStore:
    """Looks definitions up and keeps them."""

    def __init__(self, share_folders: Sequence[Path] | None = None) -> None:
        """``share_folders`` hold ``<package>/msg/<Type>.msg``; default: those of the installed ROS packages."""
        self._folders = installed_share_folders() if share_folders is None else tuple(share_folders)
        self._store = distribution_typestore()
        self._known: dict[str, Definition] = {}

    @property
    def typestore(self) -> Typestore:
        """Everything looked up so far, to serialize and deserialize with."""
        return self._store

    def get(self, type_name: str) -> Definition:
        """Definition of ``package/msg/Type``.

        Raises:
            DefinitionError: it, or a type it is made of, has no definition here.
        """
        if type_name not in self._known:
            self._register(type_name)
            text, _ = self._store.generate_msgdef(type_name, ros_version=2)
            self._known[type_name] = Definition(type_name, text, self._store.hash_rihs01(type_name))
        return self._known[type_name]

    def _register(self, type_name: str) -> None:
        if type_name in self._store.fielddefs:
            return
        parsed = get_types_from_msg(self._find(type_name).read_text(encoding="utf-8"), type_name)
        for _, fields in parsed.values():
            for _, description in fields:
                for dependency in _named_types(description):
                    self._register(dependency)
        self._store.register(parsed)

    def _find(self, type_name: str) -> Path:
        package, _, name = type_name.partition("/msg/")
        for folder in self._folders:
            path = folder / package / "msg" / f"{name}.msg"
            if path.is_file():
                return path
        looked = ", ".join(map(str, self._folders)) or "no folder at all"
        raise DefinitionError(
            f"no definition of {type_name} in {looked}; install the package {package} or source its ROS"
        )


def installed_share_folders() -> tuple[Path, ...]:
    """The share folders of the sourced ROS (AMENT_PREFIX_PATH), then of the running Python (ROS from PyPI)."""
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    return tuple(dict.fromkeys(Path(prefix, "share") for prefix in [*prefixes, sys.prefix]))


def distribution_typestore() -> Typestore:
    """The standard types of the sourced ROS distribution; of Jazzy where none is sourced or it is unknown."""
    name = f"ROS2_{os.environ.get('ROS_DISTRO', '').upper()}"
    return get_typestore(Stores[name] if name in Stores.__members__ else Stores.ROS2_JAZZY)


def _named_types(description: Any) -> list[str]:
    """Names of the message types in one field description of rosbags: (node, content), nested for arrays."""
    node, content = description
    if node.name == "NAME":
        return [content]
    if node.name in ("ARRAY", "SEQUENCE"):
        return _named_types(content[0])
    return []
