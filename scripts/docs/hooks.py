"""MkDocs' hooks: reference pages and the changelog become pages of the site; no file of docs/ is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import reference  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def on_files(files: Any, config: Any) -> Any:
    """Add what is made from the code."""
    from mkdocs.structure.files import File

    for name, text in reference.pages(reference.observed_graph()).items():
        files.append(File.generated(config, f"reference/{name}", content=text))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "changelog.md", content=changelog.replace("](docs/", "](")))
    return files
