"""Settings of a search: the training it belongs to, the evolution, what a path is judged by, where it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from track_common.config import ConfigError, override, setting
from vlt_ros.search.evolution import EvolutionConfig
from vlt_ros.training.config import TrainingPlan, merged, plan_from_dict


@dataclass(frozen=True)
class SearchConfig:
    """How paths are judged, and on what machines."""

    out: str = setting("runs/search", "folder: supernet/, history.json, result.json, and retrained/ for the winner")
    supernet: str = setting("", "trained supernet; empty = train one first (supernet/ in out)")
    calibration_batches: int = setting(50, "training batches for the normalisation statistics of a path", low=1)
    frames: int = setting(11, "frames of each validation video, the given first one included", low=2)
    max_macs: float = setting(0.0, "limit of a frame's multiply-adds; 0 = none, as the authors", unit="G", low=0.0)
    processes: int = setting(1, "paths judged at a time", low=1)
    cluster: str = setting("", "'ray' = on the Ray cluster at hand; empty = on this machine", choices=("", "ray"))
    baseline: int = setting(0, "random paths judged for comparison", low=0)
    retrain_epochs: int = setting(0, "epochs the winner is trained after the search; 0 = not", low=0)


@dataclass(frozen=True)
class SearchPlan:
    """A whole search."""

    config: SearchConfig
    evolution: EvolutionConfig
    training: TrainingPlan

    @property
    def supernet(self) -> Path:
        """The supernet's weight file."""
        return Path(self.config.supernet or Path(self.config.out) / "supernet" / "model.safetensors")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``search_plan_from_dict`` takes them."""
        evolution, training = dataclasses.asdict(self.evolution), self.training.to_dict()
        return {**dataclasses.asdict(self.config), "evolution": evolution, "training": training}


def read_search_plan(file: Path, changes: Mapping[str, Any] | None = None) -> SearchPlan:
    """Plan of a YAML file: settings of ``SearchConfig``, and the parts evolution and training.

    Raises:
        ConfigError: naming what is unknown, out of range or missing.
    """
    if not file.is_file():
        raise ConfigError(f"no search configuration {file}; those of this project are in config/train")
    return search_plan_from_dict(merged(yaml.safe_load(file.read_text()) or {}, changes or {}))


def search_plan_from_dict(values: Mapping[str, Any]) -> SearchPlan:
    """Plan from plain values."""
    own = {name: value for name, value in values.items() if name not in ("evolution", "training")}
    config = override(SearchConfig(), own)
    training = {**values.get("training", {}), "path": "random", "out": str(Path(config.out) / "supernet")}
    plan = plan_from_dict(training)
    if not plan.config.validation_videos:
        raise ConfigError(
            "training.validation_videos is 0; a search needs videos to judge paths on, the authors' are 20"
        )
    return SearchPlan(config, override(EvolutionConfig(), values.get("evolution", {})), plan)
