"""Servers of policies for tests: a policy whose answer shows all that it was given, and processes that serve it.

As a program: ``remote_server.py SESSIONS DELAY [NAME=VALUE of ServerConfig]...`` prints its address and serves.
"""

import asyncio
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import yaml

from track_common.config import override
from track_common.types import TargetStatus, Trajectory
from trackvla_ros.remote.config import ServerConfig
from trackvla_ros.remote.server import PolicyServer

HISTORY = 3


class ShowingPolicy:
    """Every part of the observation, the sentence and the frames before it change the answer."""

    def __init__(self, delay=0.0):
        self._delay, self._past, self._sentence = delay, [], 0.0
        self._was_spoilt = False

    def reset(self, instruction):
        if instruction == "refuse":
            raise ValueError("no such person")
        self._past, self._sentence = [], float(len(instruction))
        self._instruction = instruction

    def infer(self, observation):
        time.sleep(self._delay)
        frame, sighting, odometry = observation.frame, observation.sighting, observation.odometry
        self._past = [*self._past, frame.rgb.reshape(-1, 3).mean(0) / 255.0][-HISTORY:]
        shown = np.concatenate([*self._past, [self._sentence, frame.rgb.shape[1]]])
        if frame.camera is not None:
            shown = np.concatenate([shown, frame.camera.T_base_camera.ravel(), [frame.camera.fx]])
        if sighting is not None and sighting.box is not None:
            shown = np.concatenate([shown, sighting.box.xyxy, [sighting.box.score, len(sighting.others)]])
        if odometry is not None:
            shown = np.concatenate([shown, odometry.pose, [odometry.vx]])
        if self._instruction == "nan" and not self._was_spoilt:
            self._was_spoilt, shown = True, shown * np.nan
        poses = np.outer(np.arange(1, 11), [np.sin(shown).sum(), np.cos(shown).mean(), len(self._past)]) / 10.0
        times = 0.1 * np.arange(1, 11)
        every = np.stack([poses, -poses])
        return Trajectory(frame.stamp, poses, times, TargetStatus.COASTING, poses[0], every, np.array([1.0, 0.5]))


@contextmanager
def serving(sessions=1, delay=0.0, **settings):
    """A process that serves ``sessions`` showing policies; yields it and its address."""
    words = [str(sessions), str(delay), *(f"{name}={value}" for name, value in settings.items())]
    with running([sys.executable, __file__, *words]) as process:
        yield process, process.stdout.readline().strip()


@contextmanager
def running(command, **more):
    """A process, killed at the end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def say(address):
    sys.stdout.write(address + "\n")
    sys.stdout.flush()


def main():
    sessions, delay, *settings = sys.argv[1:]
    words = dict(word.split("=") for word in settings)
    values = {name: yaml.safe_load(word) for name, word in words.items()}
    config = override(ServerConfig(), {"port": 0, **values})
    policies = [ShowingPolicy(float(delay)) for _ in range(int(sessions))]
    asyncio.run(PolicyServer("showing", policies, config).run(say))


if __name__ == "__main__":
    main()
