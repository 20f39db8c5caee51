"""Starts the processes of a launch, shows what they print, says which one died, and ends them all.

One thread, one loop over pipes and signals. Ctrl-C, SIGTERM and SIGHUP end every process group by the ladder of
guardian.py; the death of the launcher itself is the guardian's case. A node that refuses its parameters ends the
launch: a start succeeds or fails as a whole. A node that dies later leaves the others running: the robot is stopped by
the watchdogs of the nodes and of the base, not by this.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from trackvla_cli.launch.child import Child
from trackvla_cli.launch.guardian import LADDER, Guardian, signal_group
from trackvla_cli.launch.parameters import write
from trackvla_cli.launch.resolver import Process
from trackvla_cli.launch.screen import Output, Screen

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def command_line(process: Process, folder: Path) -> list[str]:
    """The words to start, in the official launch's order; parameter values are written as files into ``folder``."""
    command = list(process.command)
    if process.ros is None:
        return command
    command.append("--ros-args")
    if process.ros.name is not None:
        command += ["-r", f"__node:={process.ros.name}"]
    if process.ros.namespace is not None:
        command += ["-r", f"__ns:={process.ros.namespace}"]
    for number, source in enumerate(process.ros.parameters):
        path = source if isinstance(source, Path) else folder / f"{process.label}-{number}.yaml"
        if not isinstance(source, Path):
            write(path, process.ros.parameter_key, source)
        command += ["--params-file", str(path)]
    for left, right in process.ros.remaps:
        command += ["-r", f"{left}:={right}"]
    return command


class Supervisor:
    """Runs one launch from start to end; used once. ``was_interrupted``: a signal to the launcher ended it."""

    def __init__(self, processes: Sequence[Process], folder: Path, screen: Output | None = None) -> None:
        """Prepare a launch; logs and parameter files go into ``folder``, what is to be seen goes to ``screen``."""
        self._processes, self._folder = processes, folder
        self._screen = screen or Screen(sys.stdout.fileno())
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._rungs = iter(LADDER)
        self._deadline: float | None = None
        self._failed = False
        self.was_interrupted = False

    def run(self, on_tick: Callable[[], None] | None = None) -> int:
        """Start everything and wait for its end; the exit code is 1 where a process died by itself, else 0.

        Args:
            on_tick: called at least once a second until the launch begins to end.

        Raises:
            LaunchError: a command cannot be started; what was started before is ended first.
        """
        wakeup, wakeup_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before = {number: signal.signal(number, _wake_only) for number in (*ENDING, signal.SIGCHLD)}
        before_fd = signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        self._selector.register(wakeup, selectors.EVENT_READ)
        self._guardian = Guardian()
        try:
            self._start()
            self._loop(wakeup, on_tick)
        except BaseException:
            self.end("an error in the launcher")
            self._loop(wakeup, None)
            raise
        finally:
            self._guardian.close()
            signal.set_wakeup_fd(before_fd)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.close()
            os.close(wakeup)
            os.close(wakeup_end)
        return int(self._failed)

    def end(self, reason: str) -> None:
        """Begin to end every process; safe to call more than once."""
        if self._deadline is None:
            self._screen.say(f"ending {len(self._children)} processes: {reason}")
            self._next_rung()

    def _start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for process in self._processes:
            child = Child(process, command_line(process, self._folder), self._folder / f"{process.label}.log")
            self._guardian.add(child.pid)
            self._children.append(child)
            for pipe in (child.stdout, child.stderr):
                self._selector.register(pipe, selectors.EVENT_READ, (child, pipe))
            self._screen.say(f"{process.label} started, pid {child.pid}")

    def _loop(self, wakeup: int, on_tick: Callable[[], None] | None) -> None:
        while self._children:
            self._step(wakeup)
            if on_tick is not None and self._deadline is None:
                on_tick()

    def _step(self, wakeup: int) -> None:
        remaining = 1.0 if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        for key, _ in self._selector.select(min(1.0, remaining)):
            if key.fd == wakeup:
                self._on_signals(os.read(wakeup, 4096))
            else:
                self._show(*key.data)
        for child in [child for child in self._children if child.exit_code is not None]:
            self._on_end(child)
        if self._deadline is not None and self._children and time.monotonic() >= self._deadline:
            self._next_rung()

    def _on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number in ENDING:
                self.was_interrupted = True
                self.end(f"got {signal.Signals(number).name}")

    def _show(self, child: Child, pipe: IO[bytes], is_last: bool = False) -> None:
        lines, ended = child.lines(pipe, is_last)
        if child.process.output != "log" or pipe is child.stderr:
            for line in lines:
                self._screen.line(child.process.label, line)
        if ended:
            self._selector.unregister(pipe)

    def _on_end(self, child: Child) -> None:
        signal_group(child.pid, signal.SIGKILL)
        for pipe in [pipe for pipe in (child.stdout, child.stderr) if pipe in self._selector.get_map()]:
            self._show(child, pipe, is_last=True)
        self._children.remove(child)
        self._guardian.remove(child.pid)
        child.close()
        self._screen.say(child.describe_end())
        if self._deadline is None:
            self._failed = self._failed or child.exit_code != 0
            if child.process.ends_launch or child.has_refused:
                self.end(child.describe_end())

    def _next_rung(self) -> None:
        number, seconds = next(self._rungs, LADDER[-1])
        self._deadline = time.monotonic() + seconds
        for child in self._children:
            signal_group(child.pid, number)
        if number != LADDER[0][0] and self._children:
            names = ", ".join(child.process.label for child in self._children)
            self._screen.say(f"still running, sent {signal.Signals(number).name}: {names}")


def _wake_only(_number: int, _frame: FrameType | None) -> None:
    """The wake-up pipe carries the signal's number; nothing is done inside the handler."""
