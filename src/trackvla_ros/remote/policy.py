"""``policy:=remote``: asks the server of ``trackvla serve`` instead of a network of its own; loads no torch."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np

from track_common.config import validate
from track_common.interfaces import Observation
from track_common.types import Box, Camera, Frame, Trajectory
from trackvla_ros.remote.config import RemotePolicyConfig
from trackvla_ros.remote.images import encode_jpeg
from trackvla_ros.remote.link import Link
from trackvla_ros.remote.messages import Begin, Look


class RemotePolicy:
    """One session of a server; a broken connection comes back by itself and begins the episode anew."""

    def __init__(self, config: RemotePolicyConfig) -> None:
        """Begin to connect, without waiting for it.

        Raises:
            ConfigError, OSError: address, token or certificate cannot be used.
        """
        validate(config)
        self._config = config
        self._link = Link(config)
        self._begin = Begin(0, "")
        self._number = 0
        self._timings: dict[str, float] = {}
        weakref.finalize(self, self._link.close)

    def reset(self, instruction: str) -> None:
        """A new episode; the server hears of it with the next frame."""
        self._begin = Begin(self._begin.episode + 1, instruction)

    def infer(self, observation: Observation) -> Trajectory:
        """The server's trajectory for this frame, with the frame's own stamp.

        Raises:
            NoAnswerError: none within the deadline, which counts from this call.
            RefusedError: the server or its policy refused, or its answer was unsound.
        """
        start = time.monotonic()
        observation = narrowed(observation, self._config.max_width)
        jpeg = encode_jpeg(observation.frame.rgb, self._config.jpeg_quality)
        encoded = time.monotonic()
        self._number += 1
        look = Look(self._number, self._begin.episode, jpeg, observation)
        answer = self._link.ask(self._begin, look, start + self._config.deadline)
        stages = vars(answer.seconds)
        link = time.monotonic() - encoded - sum(stages.values())
        self._timings = {"encode": encoded - start, "link": link, **{f"server_{k}": v for k, v in stages.items()}}
        return replace(answer.trajectory, stamp=observation.frame.stamp)

    def timings(self) -> Mapping[str, float]:
        """Seconds of the last answer's stages: encode, link (both ways), server_wait, server_decode, server_infer."""
        return self._timings


def narrowed(observation: Observation, max_width: int) -> Observation:
    """The same with an image at most ``max_width`` pixels wide (0: any); camera and boxes go with it."""
    frame, sighting = observation.frame, observation.sighting
    height, width = frame.rgb.shape[:2]
    if not 0 < max_width < width:
        return observation
    size = max_width, max(round(height * max_width / width), 1)
    x, y = size[0] / width, size[1] / height
    rgb = cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    camera = None if frame.camera is None else _scaled_camera(frame.camera, size, x, y)
    if sighting is not None:
        box = None if sighting.box is None else _scaled_box(sighting.box, x, y)
        sighting = replace(sighting, box=box, others=tuple(_scaled_box(other, x, y) for other in sighting.others))
    return replace(observation, frame=Frame(rgb, frame.stamp, camera), sighting=sighting)


def _scaled_camera(camera: Camera, size: tuple[int, int], x: float, y: float) -> Camera:
    return Camera(*size, x * camera.fx, y * camera.fy, x * camera.cx, y * camera.cy, camera.T_base_camera)


def _scaled_box(box: Box, x: float, y: float) -> Box:
    return replace(box, xyxy=box.xyxy * (x, y, x, y))
