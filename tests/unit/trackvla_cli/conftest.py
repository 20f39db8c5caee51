"""A small ROS installation on disk and a way to resolve launch files written inside a test."""

from pathlib import Path

import pytest

from trackvla_cli.launch.resolver import resolve


@pytest.fixture
def prefix(tmp_path) -> Path:
    """An ament prefix with the package `demo`, whose one executable is `talker`."""
    root = tmp_path / "prefix"
    for folder in ("lib/demo", "share/demo", "share/ament_index/resource_index/packages"):
        (root / folder).mkdir(parents=True)
    (root / "share/ament_index/resource_index/packages/demo").touch()
    (root / "lib/demo/talker").write_text("#!/bin/sh\n")
    (root / "lib/demo/talker").chmod(0o755)
    return root


@pytest.fixture
def launch_file(tmp_path):
    """Writes the inside of a <launch> into a file and gives its path."""

    def write(inside: str, name: str = "a.launch.xml") -> Path:
        path = tmp_path / name
        path.write_text(f"<launch>\n{inside}\n</launch>\n")
        return path

    return write


@pytest.fixture
def processes(prefix, launch_file):
    """The processes of a launch file given as text."""

    def run(inside: str, **arguments: str):
        return resolve(launch_file(inside), arguments, {"AMENT_PREFIX_PATH": str(prefix), "HOME": "/root"})

    return run
