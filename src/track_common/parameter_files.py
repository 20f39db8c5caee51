"""ROS 2 parameter files as a node judges them at its start: nothing in them may be lost without a word.

rcl ignores a block whose node name fits no node and a name that no node declares, and the official launch starts a node
without a file that it does not find. Each of these leaves defaults where somebody wrote a limit.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from track_common.config import ConfigError, suggest

VARIABLE = "TRACKVLA_PARAMETER_FILES"  # our launch files name there, with colons between, what must exist
NODES = ("bridge", "controller", "planner", "recorder", "recovery", "robot_state", "simulator", "tracker", "video")
PARAMETERS = "ros__parameters"
OF_RCLPY = re.compile(r"use_sim_time|start_type_description_service|enable_logger_service|qos_overrides\..*")
NEAR = 0.85  # similarity (0..1, difflib) at which a name in a block for every node is this node's, misspelt
SUFFIX = ".yaml"


@dataclass(frozen=True)
class Block:
    """Parameter names for the nodes whose full name fits ``pattern`` (``*`` one name, ``**`` any number of them)."""

    source: str
    pattern: str
    names: tuple[str, ...]

    @property
    def is_for_all(self) -> bool:
        """Whether the pattern leaves the node's own name open."""
        return self.pattern.endswith("*")

    @property
    def node(self) -> str:
        """The node's name at the pattern's end."""
        return self.pattern.rsplit("/", 1)[-1]

    def fits(self, full_name: str) -> bool:
        """Whether a node of this full name (``/robot1/tracker``) gets the block."""
        parts = [re.escape(part) for part in self.pattern.strip("/").split("/")]
        pattern = "".join({r"\*\*": r"(/\w+)*", r"\*": r"/\w+"}.get(part, f"/{part}") for part in parts)
        return re.fullmatch(pattern, full_name) is not None


def given_blocks(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Block, ...]:
    """What a command line's ROS arguments say of parameters, judged as far as that goes without the node.

    Args:
        arguments: words of the command line, ``--params-file`` and ``-p`` among them.
        environment: ``VARIABLE`` in it names files that a launch file means to be there.

    Raises:
        ConfigError: a file that is missing or none of parameters, or a block for a node that is not ours.
    """
    for path in filter(None, environment.get(VARIABLE, "").split(os.pathsep)):
        require_file(Path(path))
    own_name = next((word.partition(":=")[2] for word in arguments if word.startswith("__node:=")), "")
    blocks: list[Block] = []
    for option, value in zip(arguments, arguments[1:], strict=False):
        if option == "--params-file":
            blocks += read_blocks(Path(value))
        elif option in ("-p", "--param"):
            blocks.append(Block(f"{option} {value}", "/**", (value.partition(":=")[0].rpartition(":")[2],)))
    for block in blocks:
        known = {*NODES, own_name} - {""}
        if not block.is_for_all and block.node not in known:
            raise ConfigError(f"{block.source}: no node '{block.node}'; {suggest(block.node, known)}")
    return tuple(blocks)


def require_file(path: Path) -> None:
    """Raises ConfigError where a parameter file is missing; names the nearest of its folder."""
    if path.is_file():
        return
    siblings = [sibling.stem for sibling in path.parent.glob(f"*{SUFFIX}")]
    hint = f"; {suggest(path.stem, siblings)}" if siblings else ""
    raise ConfigError(f"parameter file {path} does not exist{hint}")


def read_blocks(path: Path) -> list[Block]:
    """The blocks of one file. Raises ConfigError where it is missing, no YAML, or has something outside of a block."""
    require_file(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"parameter file {path} cannot be read: {' '.join(str(error).split())}") from error
    return list(_blocks(str(path), "", {} if content is None else content))


def check_names(blocks: Iterable[Block], full_name: str, known: Collection[str]) -> None:
    """Judge the blocks for one node.

    A block for every node may hold what only another node has, so there a name is refused only where it is nearly one
    of this node's.

    Args:
        blocks: all that were given.
        full_name: the node's, with its namespace.
        known: names of the parameters that the node has declared.

    Raises:
        ConfigError: a name the node does not have, or blocks with the node's name that are all for other namespaces.
    """
    blocks, own = tuple(blocks), full_name.rsplit("/", 1)[-1]
    for block in (block for block in blocks if block.fits(full_name)):
        for name in block.names:
            if name not in known and not OF_RCLPY.fullmatch(name) and not (block.is_for_all and not _near(name, known)):
                raise ConfigError(f"{block.source}: node {full_name} has no parameter '{name}'; {_hint(name, known)}")
    sources = {block.source for block in blocks if block.node == own}
    for source in sources - {block.source for block in blocks if block.fits(full_name)}:
        patterns = ", ".join(block.pattern for block in blocks if block.source == source and block.node == own)
        raise ConfigError(f"{source}: its block {patterns} does not fit the node {full_name}; write /**/{own}")


def _blocks(source: str, pattern: str, content: Any) -> Iterator[Block]:
    if not isinstance(content, Mapping):
        raise ConfigError(f"parameter file {source}: '{pattern or content}' holds no {PARAMETERS}")
    for key, value in content.items():
        if key == PARAMETERS:
            yield Block(source, pattern or "/**", tuple(_names(value)))
        else:
            yield from _blocks(source, f"{pattern}/{str(key).strip('/')}", value)


def _names(content: Any, prefix: str = "") -> Iterator[str]:
    for key, value in content.items() if isinstance(content, Mapping) else ():
        if isinstance(value, Mapping):
            yield from _names(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _near(name: str, known: Collection[str]) -> list[str]:
    return difflib.get_close_matches(name, known, n=1, cutoff=NEAR)


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"it has {', '.join(sorted(known))}"
