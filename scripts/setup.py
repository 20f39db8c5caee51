#!/usr/bin/env python3
"""Make .venv hold all the project needs; run by every make target, nothing to do costs a fraction of a second.

Standard library only. Each step leaves a stamp in .venv with a hash of what it was made from, so that a changed pin, a
changed message definition or an interrupted run redoes just that step. With an apt ROS sourced its Python and packages
are used and the message packages it lacks are built with colcon into install/; otherwise ROS 2 comes from PyPI and its
message packages go into .venv.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import overlay
import system_parts

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "setup-stamps"
LOG = VENV / "setup.log"
PYTHONS = ("3.13", "3.12", "3.11", "3.10")  # those the ROS wheels and all pins are made for
X86_64 = ("x86_64", "AMD64")
SIZES = {"base": "350 MB", "ros": "450 MB", "apt-ros": "150 MB", "dev": "300 MB", "models": "1-5 GB", "docs": "60 MB"}
NETWORK = re.compile(
    r"NewConnectionError|name resolution|ConnectTimeout|timed out|Network is unreachable|ProxyError|SSLError"
)


class SetupError(RuntimeError):
    """The set-up cannot go on; the message says why and what to type."""


@dataclass(frozen=True)
class Plan:
    """How this machine is set up: the interpreter, where ROS comes from ("pypi" or an apt distribution), which pins."""

    python: str
    ros: str
    groups: tuple[str, ...]

    @property
    def is_apt(self) -> bool:
        """True with an apt ROS sourced."""
        return self.ros != "pypi"


def main() -> int:
    """Run the steps that are out of date."""
    parser = argparse.ArgumentParser(description="Set the project up in .venv.")
    parser.add_argument(
        "--with", dest="extras", action="append", default=[], choices=("dev", "models", "docs"), help="further pins"
    )
    parser.add_argument("--colcon", action="store_true", help="then build the project with colcon into install/")
    arguments = parser.parse_args()
    start = time.monotonic()
    try:
        with (ROOT / "Makefile").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits, then finds all done
            has_colcon = not arguments.colcon or os.environ.get("ROS_DISTRO")  # among the pins beside an apt ROS
            plan = make_plan(arguments.extras if has_colcon else [*arguments.extras, "dev"])
            did_work = run(plan)
            if arguments.colcon:
                build_project(plan)
    except (SetupError, system_parts.MissingPartError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    if did_work:
        say(f"ready in {time.monotonic() - start:.0f} s")
    return 0


def make_plan(extras: list[str]) -> Plan:
    """Which interpreter and which ROS this machine shall use.

    Raises:
        SetupError: neither the PyPI wheels nor an apt ROS fit this machine.
    """
    distro = os.environ.get("ROS_DISTRO", "")
    if distro:
        return Plan(_apt_python(distro), distro, ("base", "apt-ros", *extras))
    remedy = "install ROS 2 with apt and source it (source /opt/ros/<distro>/setup.bash), then run this again"
    machine = platform.machine()
    if sys.platform != "linux" or machine not in X86_64:
        raise SetupError(
            f"ROS 2 from PyPI exists for Linux on x86-64 only, this is {sys.platform} on {machine}; {remedy}"
        )
    return Plan(_find_python(remedy), "pypi", ("base", "ros", *extras))


def run(plan: Plan) -> bool:
    """Bring .venv up to date; True where something was done."""
    did_work = _make_venv(plan)
    did_work |= _install_pins(plan)
    if "dev" in plan.groups:
        did_work |= _install_apart("humble", "--upgrade", "--target", str(VENV / "humble"))  # a setuptools as Humble's
        if platform.machine() in X86_64:  # cyclonedds has no wheel for arm64
            did_work |= _install_apart("sdk2", "--no-deps")  # what the SDK asks for would replace our OpenCV
    did_work |= _build_overlay(plan) if plan.is_apt else _build_interfaces()
    did_work |= _install_project()
    if "models" in plan.groups:
        did_work |= _write_graphs()
    return did_work


def build_project(plan: Plan) -> None:
    """`colcon build` of this project; its nodes' first line names .venv's Python."""
    say("this project, with colcon into install/")
    prefixes = {} if plan.is_apt else {"AMENT_PREFIX_PATH": str(VENV)}
    _call(overlay.project_command(str(VENV / "bin" / "python")), "colcon build failed", environment=prefixes)
    say("type: source install/setup.bash")


def say(text: str) -> None:
    """One line of progress."""
    print(f"setup: {text}", flush=True)


def _find_python(remedy: str) -> str:
    """This interpreter or the newest fitting one on PATH."""
    own = getattr(sys, "_base_executable", sys.executable)
    if f"{sys.version_info[0]}.{sys.version_info[1]}" in PYTHONS:
        return own
    for version in PYTHONS:
        found = shutil.which(f"python{version}")
        if found:
            return found
    raise SetupError(
        f"Python {platform.python_version()} has no ROS wheels (they need {PYTHONS[-1]}-{PYTHONS[0]}); {remedy}"
    )


def _apt_python(distro: str) -> str:
    for python in (getattr(sys, "_base_executable", sys.executable), "/usr/bin/python3"):
        if _can_import_rclpy(python):
            return python
    raise SetupError(
        f"ROS_DISTRO is {distro} but no Python here imports rclpy; source /opt/ros/{distro}/setup.bash again"
    )


def _can_import_rclpy(python: str) -> bool:
    return subprocess.run([python, "-c", "import rclpy"], capture_output=True).returncode == 0


def _make_venv(plan: Plan) -> bool:
    stamp = STAMPS / "venv"
    if stamp.exists() and stamp.read_text() == plan.ros and _runs(VENV / "bin" / "python"):
        return False
    ros = f"{plan.ros} from apt" if plan.is_apt else "Jazzy from PyPI"
    say(f"Python {_version(plan.python)}, ROS 2 {ros}, into .venv")
    system_parts.provide(system_parts.parts_for(plan.python, is_apt=plan.is_apt), say)
    if VENV.exists():
        say("removing the unfinished or outdated .venv")
        shutil.rmtree(VENV)
    site = ["--system-site-packages"] if plan.is_apt else []
    _call([plan.python, "-m", "venv", *site, str(VENV)], "could not make .venv")
    STAMPS.mkdir()
    stamp.write_text(plan.ros)
    return True


def _install_pins(plan: Plan) -> bool:
    folder = ROOT / "requirements"
    constraints = folder / "constraints.txt"
    stale = {group: _hash([folder / f"{group}.txt", constraints]) for group in plan.groups}
    stale = {group: digest for group, digest in stale.items() if not _is_fresh(group, digest)}
    if not stale:
        return False
    say(
        "Python packages: "
        + ", ".join(f"{group} ({SIZES[group]} on disk)" for group in stale)
        + "; one to five minutes"
    )
    command = [*_pip_install(), "-c", str(constraints)]
    for group in plan.groups:  # all of them, so that pip keeps them compatible
        command += ["-r", str(folder / f"{group}.txt")]
    _call(
        command, "pip failed", show=re.compile(r"^\s*(?:Downloading|Using cached) (\S+\.(?:whl|tar\.gz)).*?(\(.*\))?$")
    )
    for group, digest in stale.items():
        (STAMPS / group).write_text(digest)
    return True


def _install_apart(name: str, *options: str) -> bool:
    """Pins that cannot stand beside the others: requirements/NAME.txt, with further options of pip."""
    pins = ROOT / "requirements" / f"{name}.txt"
    digest = _hash([pins])
    if _is_fresh(name, digest):
        return False
    _call([*_pip_install(), *options, "-r", str(pins)], "pip failed")
    (STAMPS / name).write_text(digest)
    return True


def _build_interfaces() -> bool:
    script = ROOT / "scripts" / "build_interfaces.py"
    packages = sorted(path.parent for path in (ROOT / "interfaces").glob("*/package.xml"))
    sources = sorted(path for path in (ROOT / "interfaces").rglob("*") if path.is_file())
    digest = _hash([script, ROOT / "requirements" / "ros.txt", *sources])
    if _is_fresh("interfaces", digest):
        return False
    say(f"message packages: {', '.join(path.name for path in packages)}; about a minute")
    command = [str(VENV / "bin" / "python"), str(script), "--prefix", str(VENV), *map(str, packages)]
    _call(command, "could not build the message packages", show=re.compile(r"(.*)"))
    (STAMPS / "interfaces").write_text(digest)
    return True


def _build_overlay(plan: Plan) -> bool:
    """What the sourced ROS lacks; Python's generators run by the interpreter that apt installed them for."""
    packages = overlay.lacking(os.environ.get("AMENT_PREFIX_PATH", ""))
    digest = plan.ros + _hash([ROOT / "scripts" / "overlay.py", *overlay.sources(packages)])
    is_built = all((overlay.INSTALL / name).is_dir() for name in packages)
    if not packages or (is_built and _is_fresh("overlay", digest)):
        return False
    say(f"message packages with colcon into install/: {', '.join(packages)}; about two minutes")
    if not _is_fresh("overlay-ros", plan.ros):
        overlay.clear(packages)
    command = overlay.messages_command(str(VENV / "bin" / "python"), plan.python, packages)
    _call(command, "could not build the message packages", show=re.compile(r"((?:Starting|Finished|Failed) .*)"))
    (STAMPS / "overlay-ros").write_text(plan.ros)
    (STAMPS / "overlay").write_text(digest)
    return True


def _install_project() -> bool:
    digest = _hash([ROOT / "setup.py", ROOT / "setup.cfg", ROOT / "pyproject.toml"])
    if _is_fresh("project", digest):
        return False
    say("this project, editable")
    _call([*_pip_install(), "--no-deps", "--no-build-isolation", "-e", str(ROOT)], "could not install the project")
    (STAMPS / "project").write_text(digest)
    return True


def _write_graphs() -> bool:
    """What vlt_nano's first use would wait for: its weights as graphs of OpenVINO, in the user's cache."""
    weights = ROOT / "src" / "vlt_ros" / "weights" / "vlt_nano.safetensors"
    digest = _hash([weights, ROOT / "src" / "vlt_ros" / "model" / "exported.py", ROOT / "requirements" / "models.txt"])
    if _is_fresh("graphs", digest):
        return False
    say("the small tracker's graphs for OpenVINO")
    make = "from vlt_ros.registry import make_tracker; make_tracker('vlt_nano', {})"
    _call([str(VENV / "bin" / "python"), "-c", make], "could not write vlt_nano's graphs")
    (STAMPS / "graphs").write_text(digest)
    return True


def _pip_install() -> list[str]:
    return [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]


def _call(
    command: list[str],
    failure: str,
    show: re.Pattern[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command, its output into the log, the lines that match ``show`` on the screen too.

    Raises:
        SetupError: it failed; the message holds its reason.
    """
    LOG.parent.mkdir(exist_ok=True)
    lines: list[str] = []
    with (
        LOG.open("a") as log,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        log.write(" ".join(command) + "\n")
        for line in process.stdout or ():
            log.write(line)
            lines.append(line.rstrip())
            match = show.match(line.rstrip()) if show else None
            if match:
                print("   ", *(part for part in match.groups() if part), flush=True)
    if process.returncode != 0:
        raise SetupError(f"{failure}: {_reason(lines)} (everything: {LOG.relative_to(ROOT)})")


def _reason(lines: list[str]) -> str:
    if any(NETWORK.search(line) for line in lines):
        return "the package index cannot be reached; check the network and run the same command again"
    errors = [line for line in lines if line.startswith("ERROR") or "error:" in line]
    return (errors or lines or ["no output"])[-1].strip()


def _is_fresh(name: str, digest: str) -> bool:
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == digest


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _runs(python: Path) -> bool:
    return python.exists() and subprocess.run([str(python), "-c", ""], capture_output=True).returncode == 0


def _version(python: str) -> str:
    return system_parts.ask(python, "import platform; print(platform.python_version())")


if __name__ == "__main__":
    sys.exit(main())
