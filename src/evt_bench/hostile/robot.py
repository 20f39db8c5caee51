"""A sound robot in a process of its own: it asks a server for trajectories and notes how long each answer took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np

from track_common.interfaces import NoAnswerError, Observation
from track_common.types import Camera, Frame
from trackvla_ros.remote.config import RemotePolicyConfig
from trackvla_ros.remote.link import RefusedError
from trackvla_ros.remote.policy import RemotePolicy

ANSWER = 60.0  # s for the robot's process to say what it noted; a loaded machine starts Python in 10


@dataclass(frozen=True)
class Notes:
    """Seconds of each answer, the reasons where none came, and exceptions that a planner would not expect."""

    seconds: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Robot:
    """The other end of the robot's process."""

    def __init__(self, pipe: Connection, pid: int) -> None:
        self._pipe, self.pid = pipe, pid

    def take(self) -> Notes:
        """What was noted since the last call.

        Raises:
            TimeoutError: the process does not answer.
        """
        self._pipe.send("take")
        if not self._pipe.poll(ANSWER):
            raise TimeoutError(f"the robot's process says nothing for {ANSWER:.0f} s")
        return self._pipe.recv()


@contextmanager
def robot(url: str, rate: float, deadline: float) -> Iterator[Robot]:
    """A robot that asks ``url`` ``rate`` times a second (Hz) and waits ``deadline`` s for each answer."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_ask, args=(url, rate, deadline, theirs), daemon=True)
    process.start()
    try:
        yield Robot(ours, process.pid or 0)
    finally:
        process.kill()
        process.join()


def resident_mb(pid: int) -> float:
    """Memory of a process, 2^20 bytes."""
    return _status(pid, "VmRSS") / 1024


def threads(pid: int) -> int:
    """Threads of a process."""
    return _status(pid, "Threads")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _ask(url: str, rate: float, deadline: float, pipe: Connection) -> None:
    policy = RemotePolicy(RemotePolicyConfig(url=url, deadline=deadline, reconnect=0.05))
    policy.reset("follow the woman in red")
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    rgb = np.asarray(cv2.GaussianBlur(noise, (0, 0), 6), np.uint8)
    camera, notes, due = Camera.from_hfov(640, 480, 1.5), Notes(), time.monotonic()
    while True:
        start = time.monotonic()
        try:
            policy.infer(Observation(Frame(rgb, time.time(), camera)))
            notes.seconds.append(time.monotonic() - start)
        except (NoAnswerError, RefusedError) as error:
            notes.unanswered.append(str(error)[:100])
        except Exception as error:  # noqa: BLE001 - counted: a planner's worker would report it as a failed policy
            notes.failures.append(f"{type(error).__name__}: {error}"[:100])
        if pipe.poll(0.0):
            pipe.recv()
            pipe.send(notes)
            notes = Notes()
        due = max(due + 1.0 / rate, time.monotonic())
        time.sleep(max(due - time.monotonic(), 0.0))
