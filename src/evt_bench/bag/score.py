"""Scores a bag from the bag alone: ``score_bag(path) -> Score``. What the bag does not say is None, never a guess."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evt_bench.bag import clearance, following, latency, perception
from evt_bench.bag.evt import EpisodeScore, episode_score
from evt_bench.bag.paths import read_paths
from evt_bench.bag.recording import Recording, read_recording


@dataclass(frozen=True)
class Score:
    """Everything a bag says about one run; lengths in m, times in s, speeds in m/s unless the name says otherwise.

    Attributes:
        bag: path as given.
        duration: between first and last message, by the computer's clock.
        covered: by the robot's stamps, which are simulated time in simulation; None without a pose of the robot.
        warnings: what is wrong with the bag.
        episode: the EVT-Bench rules; None without ground truth.
        distance: to the target.
        motion: of the robot.
        losses: of the target by the tracker.
        overlap: of the tracker's box with the true one.
        minimum_clearance: between footprint and furniture or walls, by the simulator.
        contacts: how often that clearance fell to zero.
        minimum_lidar_gap: between footprint and the nearest LiDAR return other than the target.
        latency: of each stage from camera to command.
        rates: of every topic.
    """

    bag: str
    duration: float
    covered: float | None
    warnings: tuple[str, ...]
    episode: EpisodeScore | None
    distance: following.Distance | None
    motion: following.Motion | None
    losses: perception.Losses | None
    overlap: perception.Overlap | None
    minimum_clearance: float | None
    contacts: int | None
    minimum_lidar_gap: float | None
    latency: Mapping[str, latency.Latency | None]
    rates: Mapping[str, latency.TopicRate]


def score_bag(path: Path | str, topics: Mapping[str, str] | None = None, robot: str | None = None) -> Score:
    """Score one run.

    Args:
        path: of the bag, or of a run's folder with the bag in ``bag``.
        topics: topics that are called differently in this bag, {"odom": "/utlidar/robot_odom"}.
        robot: namespace of the robot to score; None where the bag holds one robot.

    Raises:
        BagReadError: there is no bag, ``topics`` names what is not in it, or it holds several robots.
    """
    return score_recording(read_recording(path, topics, robot))


def score_recording(recording: Recording) -> Score:
    """The same for a bag already read."""
    paths = read_paths(recording)
    return Score(
        bag=str(recording.path),
        duration=recording.survey.duration,
        covered=float(paths.robot[-1, 0] - paths.robot[0, 0]) if paths is not None else None,
        warnings=recording.warnings,
        episode=episode_score(recording, paths) if paths is not None else None,
        distance=following.distance_statistics(paths) if paths is not None else None,
        motion=following.motion(paths, recording) if paths is not None else None,
        losses=perception.losses(recording),
        overlap=perception.overlap(recording),
        minimum_clearance=clearance.minimum_clearance(recording),
        contacts=clearance.contact_count(recording),
        minimum_lidar_gap=clearance.minimum_lidar_gap(recording, paths) if paths is not None else None,
        latency=latency.summarise(latency.stage_delays(recording)),
        rates=latency.topic_rates(recording),
    )


def as_json(score: Score) -> dict[str, Any]:
    """The score as plain values; sr, tr, tr_macro and cr stand at the top as in ``trackvla bench``; unknown = null."""
    episode = score.episode
    top = {name: getattr(episode, name) if episode is not None else None for name in ("sr", "tr", "tr_macro", "cr")}
    return _plain({**top, **dataclasses.asdict(score)})


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity; both become null."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
