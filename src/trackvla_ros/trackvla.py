"""``policy:=trackvla`` by its settings: the shipped graphs or exported ones without torch, a checkpoint with it."""

from __future__ import annotations

from pathlib import Path

from track_common.interfaces import Policy
from trackvla_ros.exported.graphs import NOTES
from trackvla_ros.policy_config import TrackVlaPolicyConfig


def open_policy(config: TrackVlaPolicyConfig) -> Policy:
    """The policy: no checkpoint is the shipped one; a folder of graphs needs no torch, one of weights does.

    Raises:
        ConfigError, CheckpointError, ExportedError, FileNotFoundError: naming what is wrong.
        ModuleNotFoundError: weights are asked for and torch is not installed.
    """
    is_shipped = not config.checkpoint and not config.random_weights
    if is_shipped or (Path(config.checkpoint).expanduser() / NOTES).is_file():
        from trackvla_ros.exported.policy import ExportedPolicy

        return ExportedPolicy(config)
    from trackvla_ros.policy import TrackVlaPolicy

    return TrackVlaPolicy(config)
