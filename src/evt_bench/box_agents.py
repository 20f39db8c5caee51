"""Reference agents that steer by a box alone: EVT-Bench's own rule on true boxes, and image-based visual servoing.

Neither knows LiDAR, furniture or other people; both answer a box with a velocity at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evt_bench.protocol import MAX_SHARE, MIN_PIXELS, REFERENCE_PIXELS
from evt_bench.trackers import TruthTracker
from evt_bench.world.plant import PlantConfig
from evt_bench.world.world import World
from track_common.types import STOP, Array, Box, Frame, Sighting, VelocityCommand

EVT_SPEED, EVT_TURN = 3.75, 1.57  # m/s and rad/s of a full action (reference/trackvla.md §2.1)
EVT_AREA, EVT_SCALE, EVT_DEAD_ZONE = 30_000.0, 10_000.0, 0.5  # px, px of a full action, share of it (§2.7)
EVT_TURN_GAIN = 2.0
STEP = 0.1  # s from one box to the next
SERVO_HEIGHT = 0.72  # share of the image's height that a person 1.9 m away fills
SERVO_GAINS = (1.8, 1.6)  # m/s per share of the height, rad/s per half width of the image
SERVO_LIMITS = (1.6, 0.8, 1.6)  # m/s forwards and backwards, rad/s
COAST_STEPS = 12  # without a box the filter's prediction is followed this long


class EvtRule:
    """EVT-Bench's baseline on the true box: turn to its middle, go ahead or back by its area; zero where not facing."""

    def start(self, world: World, instruction: str) -> None:
        """Nothing is kept between boxes."""
        self._world, self._tracker, self._sent = world, TruthTracker(world, min_pixels=1), STOP

    def look(self) -> Sighting | None:
        """The true box, and the command that it makes."""
        view, camera = self._world.target_view(with_share=False), self._world.camera
        sighting = self._tracker.update(self._world.blank())
        scale = REFERENCE_PIXELS / (camera.width * camera.height)
        is_facing = MIN_PIXELS < view.pixels * scale < MAX_SHARE * REFERENCE_PIXELS
        if sighting.box is None or not is_facing:
            self._sent = STOP
            return sighting
        x0, y0, x1, y1 = sighting.box.xyxy
        forward = (EVT_AREA - (x1 - x0) * (y1 - y0) * scale) / EVT_SCALE
        forward = 0.0 if abs(forward) < EVT_DEAD_ZONE else float(np.clip(forward, -1.0, 1.0))
        turn = float(np.clip(EVT_TURN_GAIN * (0.5 - 0.5 * (x0 + x1) / camera.width), -1.0, 1.0))
        self._sent = _compensated(forward * EVT_SPEED, turn * EVT_TURN, self._world.config.plant)
        return sighting

    def command(self) -> VelocityCommand:
        """The same until the next box."""
        return self._sent


@dataclass
class VisualServo:
    """Image-based visual servoing on the box of the ``grounded`` tracker, smoothed by a Kalman filter.

    State: horizontal middle and height of the box as shares of the image, and their rates of change.
    """

    tracker: str = "grounded"

    def start(self, world: World, instruction: str) -> None:
        """A new tracker and an empty filter."""
        from vlt_ros.registry import make_tracker

        self._tracker: Any = make_tracker(self.tracker)
        self._world, self._instruction, self._sent = world, instruction, STOP
        self._filter: BoxFilter | None = None

    def look(self) -> Sighting | None:
        """One frame through the tracker, its box through the filter."""
        sighting = self._detect(self._world.render())
        if self._filter is not None:
            self._filter.predict()
        if sighting.box is not None:
            measured = _shares(sighting.box, self._world.camera.width, self._world.camera.height)
            self._filter = self._filter or BoxFilter(measured)
            self._filter.correct(measured)
        self._sent = self._steer()
        return sighting

    def command(self) -> VelocityCommand:
        """The same until the next frame."""
        return self._sent

    def _detect(self, frame: Frame) -> Sighting:
        if self._instruction is None:
            return self._tracker.update(frame)
        instruction, self._instruction = self._instruction, None
        return self._tracker.init(frame, instruction)

    def _steer(self) -> VelocityCommand:
        if self._filter is None or self._filter.unseen > COAST_STEPS:
            return STOP
        middle, height = self._filter.shares
        forwards, backwards, turn = SERVO_LIMITS
        vx = float(np.clip(SERVO_GAINS[0] * (SERVO_HEIGHT - height) / SERVO_HEIGHT, -backwards, forwards))
        wz = float(np.clip(SERVO_GAINS[1] * (1.0 - 2.0 * middle), -turn, turn))
        return _compensated(vx, wz, self._world.config.plant)


class BoxFilter:
    """Kalman filter of constant rate over two shares of the image: the box's middle and its height."""

    RATE_NOISE, BOX_NOISE = 1.5, 0.02  # 1/s^2 and share, standard deviations

    def __init__(self, measured: Array) -> None:
        self._state = np.concatenate([measured, np.zeros(2)])
        self._covariance = np.diag([0.02, 0.02, 0.5, 0.5]) ** 2
        self.unseen = 0  # steps since the last box

    @property
    def shares(self) -> tuple[float, float]:
        """Middle and height, shares of the image's width and height."""
        return float(self._state[0]), float(self._state[1])

    def predict(self) -> None:
        """One step later."""
        motion = np.eye(4)
        motion[0, 2] = motion[1, 3] = STEP
        push = np.array([0.5 * STEP**2, STEP]) * self.RATE_NOISE
        noise = np.kron(np.outer(push, push), np.eye(2))
        self._state = motion @ self._state
        self._covariance = motion @ self._covariance @ motion.T + noise
        self.unseen += 1

    def correct(self, measured: Array) -> None:
        """Take a box in: its middle and height (2,)."""
        innovation = self._covariance[:2, :2] + np.eye(2) * self.BOX_NOISE**2
        gain = self._covariance[:, :2] @ np.linalg.inv(innovation)
        self._state = self._state + gain @ (measured - self._state[:2])
        self._covariance = self._covariance - gain @ self._covariance[:2]
        self.unseen = 0


def _shares(box: Box, width: int, height: int) -> Array:
    x0, y0, x1, y1 = box.xyxy
    return np.array([0.5 * (x0 + x1) / width, (y1 - y0) / height])


def _compensated(vx: float, wz: float, plant: PlantConfig) -> VelocityCommand:
    """The command that a base with these gains turns into ``vx`` m/s and ``wz`` rad/s."""
    return VelocityCommand(vx=vx / plant.gain_vx, wz=wz / plant.gain_wz)
