"""What is asked of a weight file before its tensors: whether it is the one meant, a name for what is made of it.

No torch here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

from track_common.config import ConfigError
from vlt_ros.model.paths import DEPTHS, NetworkPath

PART = 1 << 20  # bytes read at a time


class CheckpointError(ConfigError):
    """A file that cannot be loaded; the message says what is wrong with it and what was wanted."""


def header(file: Path) -> Mapping[str, str]:
    """What a .safetensors file says of itself; empty where it says nothing, or is of another kind.

    Raises:
        CheckpointError: missing, or no safetensors file in spite of its name.
    """
    if file.suffix != ".safetensors":
        return {}
    try:
        with safe_open(file, framework="numpy") as stored:
            return stored.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"cannot read {file}: {error}; is it complete and a safetensors file?") from error


def check_architecture(file: Path, found: str, wanted: str | None) -> None:
    """CheckpointError where a file's architecture is another than the wanted one (None: either is)."""
    if wanted is not None and found != wanted:
        raise CheckpointError(f"{file} is a {found} checkpoint; wanted {wanted}; type tracker:={found} or give another")


def check_header(file: Path, wanted: str, path: NetworkPath | None) -> None:
    """CheckpointError or PathError where a file's own words already say that it, or a path, does not fit."""
    said = header(file)
    check_architecture(file, said.get("architecture", wanted), wanted)
    if path is not None and said:
        depths = json.loads(said.get("config", "{}")).get("backbone", {}).get("depths", DEPTHS)
        for branch in (path.template, path.search):
            branch.check(depths)


def digest(file: Path, *words: str) -> str:
    """Name for what is made of a file under these conditions; CheckpointError where the file cannot be read."""
    made = hashlib.sha256("\n".join(words).encode())
    try:
        with file.open("rb") as stored:
            while part := stored.read(PART):
                made.update(part)
    except OSError as error:
        raise CheckpointError(f"cannot read {file}: {error}") from error
    return made.hexdigest()[:32]
