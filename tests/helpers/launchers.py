"""The two launchers, ours and the official one, over one package: an ament prefix of links to this installation."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from track_common.share import PACKAGE, share_directory

BIN = Path(sys.executable).parent
ROS2 = shutil.which("ros2", path=os.pathsep.join([str(BIN), os.environ.get("PATH", "")]))
HAS_OFFICIAL = ROS2 is not None and find_spec("launch_ros") is not None
MARK = "TRACKVLA_TEST_LAUNCH"  # an environment variable that every process of one launch inherits
PATIENCE = 60.0  # s for a launch to end by itself; a node's imports take seconds on a loaded machine
SOURCE = """#!/usr/bin/env python3
import json, os, pathlib, signal, sys, time
folder = pathlib.Path(os.environ["RECORD_FOLDER"])
paths = [word for option, word in zip(sys.argv, sys.argv[1:]) if option == "--params-file"]
files = {path: pathlib.Path(path).read_text() for path in paths}
names = ("FASTRTPS_DEFAULT_PROFILES_FILE", "TRACKVLA_PARAMETER_FILES")
environment = {name: os.environ.get(name) for name in names}
said = json.dumps({"words": sys.argv[1:], "files": files, "environment": environment})
part = folder / f"{pathlib.Path(sys.argv[0]).name}-{os.getpid()}.part"
part.write_text(said)
part.rename(part.with_suffix(".json"))
signal.sigwait({signal.SIGINT, signal.SIGTERM})
"""
"""An executable that writes down how it was started, and waits for its end."""


def make_prefix(folder: Path, executables: Mapping[str, list[str]], *, are_real: bool) -> Path:
    """An ament prefix with our package and others.

    Args:
        folder: made new.
        executables: names by package; ours are those of this installation where ``are_real``.
        are_real: links to this installation's executables; else all of them write down how they were started.
    """
    index = folder / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    for package, names in executables.items():
        (index / package).touch()
        (folder / "lib" / package).mkdir(parents=True)
        for name in names:
            path = folder / "lib" / package / name
            if are_real and package == PACKAGE:
                path.symlink_to(BIN / name)
            else:
                path.write_text(SOURCE)
                path.chmod(0o755)
        if package != PACKAGE:
            (folder / "share" / package).mkdir()
    (folder / "share" / PACKAGE).symlink_to(share_directory())
    return folder


def command(launcher: str, file: str, *words: str) -> list[str]:
    """What a user types: ``launcher`` is ours or official, ``file`` a name as `sim` or a path."""
    path = file if "/" in file else f"{file}.launch.xml"
    if launcher == "ours":
        return [sys.executable, "-m", "trackvla_cli.main", "launch", path, *words]
    return [str(ROS2), "launch", *([path] if "/" in file else [PACKAGE, path]), *words]


class Launched:
    """One running launch and the processes that carry its mark."""

    def __init__(self, words: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._mark, self._log = uuid.uuid4().hex, log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                words,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**environment, MARK: self._mark},
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def left(self) -> list[str]:
        """Command lines of living processes of this launch other than the launcher."""
        needle = f"{MARK}={self._mark}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = needle in (folder / "environ").read_bytes()
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if is_ours and words and int(folder.name) != self.process.pid:
                found.append(words)
        return found

    def wait_for_its_end(self) -> int:
        """The exit code, once the launch has ended by itself."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the launch goes on after {PATIENCE} s; it said:\n{self.output}") from None

    def interrupt(self) -> None:
        """Ctrl-C, then patience."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill_what_is_left(self) -> None:
        """So that no process outlives a test that failed."""
        needle = f"{MARK}={self._mark}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if needle in (folder / "environ").read_bytes():
                    os.kill(int(folder.name), signal.SIGKILL)
            except OSError:
                continue


@contextmanager
def launched(words: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Launched]:
    """A launch that does not outlive the block."""
    launch = Launched(words, environment, log)
    try:
        yield launch
    finally:
        launch.interrupt()
        launch.kill_what_is_left()


def wait_until(condition, what: str, launch: Launched, seconds: float = PATIENCE) -> None:
    """Until ``condition()``; an AssertionError says what did not come and what the launch said."""
    end = time.monotonic() + seconds
    while not condition():
        assert launch.process.poll() is None, f"the launch ended before {what}; it said:\n{launch.output}"
        assert time.monotonic() < end, f"waited {seconds} s for {what}; the launch said:\n{launch.output}"
        time.sleep(0.05)
