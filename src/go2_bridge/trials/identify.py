"""Gain, time constant, dead time and deadband of each axis from recorded steps, on the plant the controller replays.

Compared are displacements along the body's own axes, not velocities: a GO2's velocity has no documented frame, its pose
has. Model: ``control/plant.py``, v' = (K u(t - L) - v) / tau, rolled forward from rest over the recorded commands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from go2_bridge.control.plant import CommandHistory, Plant, roll_forward
from go2_bridge.trials.characterise import AXES, StepRecord
from go2_bridge.trials.trial import TrialError
from track_common.types import STOP, Array, Odometry

START = (0.9, 0.25, 0.10)  # K, tau (s), L (s) where the search begins: about a GO2
LOW, HIGH = (0.05, 0.02, 0.0), (3.0, 2.0, 1.0)  # and where it may go
DIFFERENCE = 1e-3  # relative step of the numerical derivative: below the effect of one sample of odometry
STILL = 0.3  # a step that reaches less than this share of the best speed-per-command lies in the deadband
TAIL = 0.5  # s at the end of a step over which its speed is taken
POOR_FIT = 0.08  # residual over travel from which the model does not describe the robot
MIN_SAMPLES = 20  # poses in a step: fewer cannot tell 0.15 s from 0.3 s


@dataclass(frozen=True)
class AxisFit:
    """One axis as a plant.

    Attributes:
        axis: "vx", "vy" or "wz".
        gain: reached per commanded speed. time_constant, dead_time: s.
        deadband: below this (m/s, rad/s) nothing moved; 0 where the smallest amplitude did.
        smallest: the smallest amplitude tried, up to which a deadband cannot be seen.
        residual: root mean square of measured minus modelled displacement (m, rad); ``travel``: the largest one.
    """

    axis: str
    gain: float
    time_constant: float
    dead_time: float
    deadband: float
    smallest: float
    residual: float
    travel: float

    @property
    def is_poor(self) -> bool:
        """True where a first-order plant does not describe what was measured."""
        return self.residual > POOR_FIT * self.travel


def identify(records: Sequence[StepRecord], odometry: Sequence[Odometry]) -> list[AxisFit]:
    """One fit for each axis that has steps.

    Raises:
        TrialError: too little odometry, or an axis on which nothing moved.
    """
    times, path = body_path(odometry)
    return [
        _fit_axis(axis, [record for record in records if record.step.axis == axis], times, path[:, axis])
        for axis in sorted({record.step.axis for record in records})
    ]


def body_path(odometry: Sequence[Odometry]) -> tuple[Array, Array]:
    """Stamps (N,) and displacement along the body's x and y (m) and of its yaw (rad), (N, 3), since the first pose."""
    poses = np.array([(o.stamp, o.x, o.y, o.yaw) for o in odometry], float).reshape(-1, 4)
    yaw = np.unwrap(poses[:, 3])
    delta = np.diff(np.column_stack([poses[:, 1:3], yaw]), axis=0)
    middle = 0.5 * (yaw[1:] + yaw[:-1])
    c, s = np.cos(middle), np.sin(middle)
    body = np.column_stack([c * delta[:, 0] + s * delta[:, 1], c * delta[:, 1] - s * delta[:, 0], delta[:, 2]])
    return poses[:, 0], np.vstack([np.zeros((1, 3)), np.cumsum(body, axis=0)])


def _fit_axis(axis: int, records: list[StepRecord], times: Array, travelled: Array) -> AxisFit:
    for record in records:
        samples = int(np.sum((times >= record.begin) & (times <= record.rest_end)))
        if samples < MIN_SAMPLES:
            raise TrialError(
                f"{samples} odometry messages in a step of {AXES[axis]}; wanted {MIN_SAMPLES}: "
                "is its stamp on the same clock (use_sim_time)?"
            )
    moving, deadband = _split_deadband(axis, records, times, travelled)
    times, travelled = _between(records[0].begin, records[-1].rest_end, times, travelled)
    windows = [(times >= record.begin) & (times <= record.rest_end) for record in moving]
    measured = [_centred(travelled[window]) for window in windows]

    def misfit(parameters: Array) -> Array:
        modelled = _response(axis, moving, times, parameters)
        pairs = zip(windows, measured, strict=True)
        return np.concatenate([_centred(modelled[window]) - path for window, path in pairs])

    fit = least_squares(misfit, np.array(START), bounds=(LOW, HIGH), diff_step=DIFFERENCE)
    gain, time_constant, dead_time = (float(v) for v in fit.x)
    residual = float(np.sqrt(np.mean(fit.fun**2)))
    travel = max(float(np.ptp(path)) for path in measured)
    smallest = min(abs(record.step.amplitude) for record in records)
    return AxisFit(AXES[axis], gain, time_constant, dead_time, deadband, smallest, residual, travel)


def _response(axis: int, records: list[StepRecord], times: Array, parameters: Array) -> Array:
    """Displacement (N,) the plant makes of the steps at ``times``; it rests before the first of them."""
    gain, time_constant, dead_time = (float(v) for v in parameters)
    plant, history = Plant(dead_time, time_constant, (gain, gain, gain)), CommandHistory(math.inf)
    for record in records:
        history.push(record.begin, record.step.command)
        history.push(record.end, STOP)
    state, path = Odometry(float(times[0]), 0.0, 0.0, 0.0), []
    for time in times:
        state = roll_forward(state, history, plant, float(time))
        path.append((state.x, state.y, state.yaw)[axis])
    return np.unwrap(path) if axis == 2 else np.array(path)


def _between(begin: float, end: float, times: Array, travelled: Array) -> tuple[Array, Array]:
    during = (times >= begin) & (times <= end)
    return times[during], travelled[during]


def _centred(path: Array) -> Array:
    """Less its mean: where a step begins is no part of the comparison, nor is the noise of its first pose."""
    return path - np.mean(path)


def _split_deadband(
    axis: int, records: list[StepRecord], times: Array, travelled: Array
) -> tuple[list[StepRecord], float]:
    """The steps that moved the robot, and the middle between the largest that did not and the smallest that did."""
    reached = [_gain(record, times, travelled) for record in records]
    best = max(reached)
    if best < LOW[0]:
        tried = ", ".join(f"{record.step.amplitude:g}" for record in records)
        raise TrialError(f"{AXES[axis]}: the robot moved at none of {tried}; is it standing (balance_stand) and armed?")
    sizes = [abs(record.step.amplitude) for record in records]
    still = [size for size, gain in zip(sizes, reached, strict=True) if gain < STILL * best]
    if not still:
        return records, 0.0
    moving = [record for record in records if abs(record.step.amplitude) > max(still)]
    if not moving:
        raise TrialError(f"{AXES[axis]}: the robot obeyed smaller amplitudes but not {max(still):g}; run it again")
    return moving, 0.5 * (max(still) + min(abs(record.step.amplitude) for record in moving))


def _gain(record: StepRecord, times: Array, travelled: Array) -> float:
    """Speed at the end of a step per commanded speed."""
    since, until = np.interp((record.end - TAIL, record.end), times, travelled)
    return float((until - since) / TAIL / record.step.amplitude)
