"""How long a picture takes to become a command, stage by stage, from sending times; and how regular each topic is.

A box and a trajectory carry the stamp of the image they were made from, so the three are paired by equal stamps; the
command is the first one sent after the trajectory. A policy that looks at images alone does not wait for the box: its
stage is camera to trajectory, in place of box to trajectory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evt_bench.bag.recording import Recording, Sample
from track_common.types import Array

STAGES = ("camera_to_box", "box_to_trajectory", "camera_to_trajectory", "trajectory_to_command", "camera_to_command")


@dataclass(frozen=True)
class Latency:
    """Percentiles over n frames that went through a stage."""

    n: int
    p50_ms: float
    p90_ms: float
    p99_ms: float


@dataclass(frozen=True)
class TopicRate:
    """How regular a topic is: messages, messages per second (None for fewer than two) and the longest pause, s."""

    n: int
    rate_hz: float | None
    longest_gap: float | None


def stage_delays(recording: Recording) -> dict[str, Array]:
    """(n,) seconds of every stage by name, one entry per frame that went through it; empty where a topic is missing."""
    images = _first_by_stamp(recording.tracks[recording.image_name] if recording.image_name else [])
    boxes = _first_by_stamp(recording.tracks["target_box"])
    trajectories = _first_by_stamp(recording.tracks["trajectory"])
    commands = _answers(trajectories, recording.tracks["cmd_vel"])
    after_box = _differences(boxes, trajectories)
    waits = not len(after_box) or float(np.median(after_box)) >= 0.0
    nothing = np.zeros(0)
    return {
        "camera_to_box": _differences(images, boxes),
        "box_to_trajectory": after_box if waits else nothing,
        "camera_to_trajectory": nothing if waits else _differences(images, trajectories),
        "trajectory_to_command": _differences(trajectories, commands),
        "camera_to_command": _differences(images, commands),
    }


def summarise(delays: Mapping[str, Array]) -> dict[str, Latency | None]:
    """Percentiles of each stage; None where no frame went through it."""
    return {stage: _percentiles(values) if len(values) else None for stage, values in delays.items()}


def topic_rates(recording: Recording) -> dict[str, TopicRate]:
    """Rate and longest pause of every topic of the bag, by sending time."""
    return {topic: _rate(times) for topic, times in sorted(recording.sent.items())}


def _first_by_stamp(samples: list[Sample]) -> dict[float, float]:
    """Sending time by stamp, of the first message with that stamp."""
    first: dict[float, float] = {}
    for sample in samples:
        first.setdefault(sample.stamp, sample.sent)
    return first


def _answers(trajectories: Mapping[float, float], commands: list[Sample]) -> dict[float, float]:
    """Sending time of the first command not sent before each trajectory, by the trajectory's stamp."""
    sent = np.array([sample.sent for sample in commands])
    places = {stamp: int(np.searchsorted(sent, time)) for stamp, time in trajectories.items()}
    return {stamp: float(sent[place]) for stamp, place in places.items() if place < len(sent)}


def _differences(start: Mapping[float, float], end: Mapping[float, float]) -> Array:
    return np.array([end[stamp] - start[stamp] for stamp in start if stamp in end])


def _percentiles(seconds: Array) -> Latency:
    p50, p90, p99 = np.percentile(seconds, (50, 90, 99)) * 1e3
    return Latency(len(seconds), float(p50), float(p90), float(p99))


def _rate(times: Array) -> TopicRate:
    if len(times) < 2:
        return TopicRate(len(times), None, None)
    span = float(times[-1] - times[0])
    return TopicRate(len(times), (len(times) - 1) / span if span > 0.0 else None, float(np.max(np.diff(times))))
