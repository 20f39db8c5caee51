"""Saved states of a run that may be killed at any moment: each is whole or not there, the newest whole one is used."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import torch

from track_common.training.pickled import PickledError, load_restricted

KEPT = 2  # newest states that stay on disk
_log = logging.getLogger(__name__)


def save_whole(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write the state of ``step`` under a passing name, force it to disk, rename it, drop all but ``KEPT``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"state-{step:09d}.pt"
    passing = folder / f".{path.name}.{os.getpid()}"
    with passing.open("wb") as file:
        torch.save({**state, "step": step}, file)
        file.flush()
        os.fsync(file.fileno())
    passing.rename(path)
    for old in sorted(folder.glob("state-*.pt"))[:-KEPT]:
        old.unlink()
    return path


def load_newest(folder: Path) -> dict[str, Any] | None:
    """The newest state that can be read, None where there is none; a damaged one is said and passed over.

    Nothing but tensors and plain values is unpickled.
    """
    for path in sorted(folder.glob("state-*.pt"), reverse=True):
        try:
            return load_restricted(path)
        except (PickledError, OSError) as error:
            _log.warning("%s is damaged and passed over: %s", path, error)
    return None
