"""What `colcon build` installs is what `ros2 run`, `launch` and `pkg` look for, by today's setuptools and Humble's."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from track_common.ros.environment import ros_environment
from trackvla_cli.executables import MODULES

ROOT = Path(__file__).parents[1]
NAME = "trackvla_ros"
EXECUTABLES = list(MODULES)
SOURCES = ["package.xml", "setup.py", "setup.cfg", "pyproject.toml", "resource", "launch", "config", "src"]
OLD_SETUPTOOLS = ROOT / ".venv" / "humble"  # made by `make setup`


@dataclass(frozen=True)
class Installed:
    """A colcon install space of our package and the sources it was built from."""

    source: Path
    prefix: Path

    @property
    def site(self) -> Path:
        return next(self.prefix.glob("lib/python*/site-packages"))

    @property
    def share(self) -> Path:
        return self.prefix / "share" / NAME

    @property
    def environment(self) -> dict[str, str]:
        """As after sourcing its setup file."""
        base = ros_environment()
        path = os.pathsep.join([str(self.prefix), base["AMENT_PREFIX_PATH"]])
        return {**base, "AMENT_PREFIX_PATH": path, "PYTHONPATH": str(self.site)}


@pytest.fixture(scope="module", params=["current", "humble"])
def installed(request, tmp_path_factory) -> Installed:
    """Our package, built by colcon from a copy of the sources."""
    environment = {**ros_environment(), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if request.param == "humble":
        if sys.version_info >= (3, 12):
            pytest.skip("setuptools 59 does not run on Python 3.12; Humble has 3.10")
        environment["PYTHONPATH"] = str(OLD_SETUPTOOLS)
    workspace = tmp_path_factory.mktemp(request.param)
    package = workspace / "src" / NAME
    package.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, package / name)
    done = subprocess.run(
        ["colcon", "build"], cwd=workspace, env=environment, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Installed(package, workspace / "install" / NAME)


def test_name_and_version_are_known(installed):
    (found,) = importlib.metadata.distributions(name=NAME, path=[str(installed.site)])
    assert (found.metadata["Name"].replace("-", "_"), found.version) == (NAME, "0.1.0")


def test_ros2_run_finds_every_node(installed):
    folder = installed.prefix / "lib" / NAME
    assert sorted(path.name for path in folder.iterdir()) == EXECUTABLES
    assert all(os.access(path, os.X_OK) for path in folder.iterdir())


def test_ros2_launch_and_pkg_find_the_shared_files(installed):
    assert (installed.prefix / "share" / "ament_index" / "resource_index" / "packages" / NAME).is_file()
    assert (installed.share / "package.xml").read_text() == (installed.source / "package.xml").read_text()
    for folder in ("launch", "config"):
        there = {path.relative_to(installed.share) for path in (installed.share / folder).rglob("*") if path.is_file()}
        assert there == {p.relative_to(installed.source) for p in (installed.source / folder).rglob("*") if p.is_file()}


def test_every_module_and_data_file_is_installed(installed):
    kinds = {".py", ".onnx", ".npz", ".txt", ".md", ".json", ".safetensors", ".png"}
    root = installed.source / "src"
    wanted = {
        path.relative_to(root) for path in root.rglob("*") if path.suffix in kinds and ".egg-info" not in str(path)
    }
    there = {path.relative_to(installed.site) for path in installed.site.rglob("*") if path.is_file()}
    assert wanted - there == set()
    assert any(path.suffix == ".onnx" for path in wanted)
    assert any("assets" in path.parts for path in wanted)


@pytest.mark.ros
@pytest.mark.parametrize("installed", ["current"], indirect=True)
@pytest.mark.parametrize("name", [name for name in EXECUTABLES if name.endswith("_node")])
def test_an_installed_node_starts(installed, name):
    """Arguments no node can use: it must get as far as refusing them, in one line."""
    command = [str(installed.prefix / "lib" / NAME / name), "--ros-args", "--nonsense"]
    done = subprocess.run(command, env=installed.environment, capture_output=True, text=True, timeout=60, cwd="/")
    assert done.returncode == 2, done.stderr
    assert "error: these ROS arguments cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_installed_code_finds_its_installed_launch_files(installed):
    code = "import track_common.share as s; print(s.__file__); print(s.share_directory())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=installed.environment, capture_output=True, text=True, check=True, cwd="/"
    )
    module, share = done.stdout.split()
    assert (Path(module).parents[1], Path(share)) == (installed.site, installed.share)
