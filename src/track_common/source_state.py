"""Which state of the source made a file: written beside weights and results."""

from __future__ import annotations

import subprocess
from pathlib import Path


def source_state(folder: Path) -> str:
    """Commit checked out in ``folder``, with "+changes" where files differ from it; "unknown" outside a repository."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
        status = subprocess.run(["git", "status", "--short"], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.stdout.strip() + ("+changes" if status.stdout.strip() else "")
