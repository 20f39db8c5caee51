"""Parts that pip cannot bring (compiler, headers, EGL): found, installed with apt where we may, else named."""

from __future__ import annotations

import ctypes.util
import glob
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Something the system has or lacks; without a required one the set-up stops."""

    what: str
    packages: tuple[str, ...]
    is_present: Callable[[], bool]
    required: bool = True


class MissingPartError(RuntimeError):
    """A required part is missing and we may not install it; the message holds the command."""


def parts_for(python: str, is_apt: bool) -> list[Part]:
    """What a set-up with the interpreter ``python`` needs, beside an apt ROS (``is_apt``) or with PyPI's."""
    version = ask(python, "import sys; print('%d.%d' % sys.version_info[:2])")
    parts = [Part("Python's venv module", (f"python{version}-venv",), lambda: _can(python, "import ensurepip, venv"))]
    parts.append(Part("C and C++ compiler", ("g++",), lambda: bool(shutil.which("cc") and shutil.which("c++"))))
    parts.append(Part("Python's C headers", (f"python{version}-dev",), lambda: _has_headers(python)))
    if is_apt:
        parts += [Part(what, (what,), lambda tool=what: bool(shutil.which(tool))) for what in ("cmake", "make")]
    egl = Part("EGL, which draws the simulator's camera", ("libegl1", "libgl1-mesa-dri"), has_egl, required=False)
    return [*parts, egl]


def provide(parts: list[Part], say: Callable[[str], None]) -> None:
    """Install what is missing, as root; otherwise say which command would.

    Raises:
        MissingPartError: a required part is still missing.
    """
    missing = [part for part in parts if not part.is_present()]
    if not missing:
        return
    packages = [name for part in missing for name in part.packages]
    command = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing with apt: {' '.join(packages)}")
        _apt(command)
        missing = [part for part in missing if not part.is_present()]
    if missing:
        advice = f"missing: {', '.join(part.what for part in missing)}; type: sudo apt-get update && sudo {command}"
        if any(part.required for part in missing):
            raise MissingPartError(advice)
        say(advice)


def has_egl() -> bool:
    """True where libEGL and a driver behind it (Mesa's or NVIDIA's) are installed."""
    drivers = (
        "/usr/lib/*/dri/*_dri.so",
        "/usr/lib/*/libgallium*.so",
        "/usr/lib/*/libEGL_nvidia.so*",
        "/usr/lib64/dri/*_dri.so",
    )
    return ctypes.util.find_library("EGL") is not None and any(glob.glob(pattern) for pattern in drivers)


def _apt(command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in ("apt-get update", command):
        done = subprocess.run(step.split(), env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise MissingPartError(f"'{step}' failed: {reason}")


def _has_headers(python: str) -> bool:
    folder = ask(python, "import sysconfig; print(sysconfig.get_path('include'))")
    return os.path.exists(os.path.join(folder, "Python.h"))


def _can(python: str, code: str) -> bool:
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


def ask(python: str, code: str) -> str:
    """What ``code`` prints under the interpreter ``python``."""
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
