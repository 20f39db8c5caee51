"""``policy:=tvi``: MiniCPM-RobotTrack (the default) or OmTrackVLA behind the planner's Policy interface.

Weights and towers are folders the user downloaded; nothing is fetched here.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from track_common.config import ConfigError, lookup, validate
from track_common.interfaces import Observation
from track_common.types import TargetStatus, Trajectory
from trackvla_ros.answers import NO_INSTRUCTION, NOT_FINITE, standstill
from trackvla_ros.history import FrameHistory
from trackvla_ros.model.execution import check_execution
from trackvla_ros.model.tokens import InstructionError
from trackvla_ros.model.weights import DTYPES
from trackvla_ros.open_vla.config import TviPolicyConfig
from trackvla_ros.open_vla.metric import TICK, metric_poses
from trackvla_ros.open_vla.model.loading import load_tvi
from trackvla_ros.open_vla.model.towers import DualTower, fit_square
from trackvla_ros.open_vla.model.tvi import TviModel
from trackvla_ros.open_vla.model.window import padded_window

_log = logging.getLogger(__name__)


class TviPolicy:
    """The evaluator's rule: the current frame joins the history first, the window is filled up with the earliest."""

    def __init__(self, config: TviPolicyConfig, model: TviModel | None = None, towers: DualTower | None = None) -> None:
        """Load what is not handed in.

        Raises:
            ConfigError, CheckpointError: naming what is missing, before the planner goes active.
        """
        validate(config)
        _need_folders(config)
        self._config = config
        folder = Path(config.checkpoint).expanduser()
        llm_path = Path(config.llm_path).expanduser() if config.llm_path else None
        device, dtype = check_execution(config.device), lookup("dtype", config.dtype, DTYPES)
        self._towers = towers or DualTower.from_folders(
            Path(config.dino_path).expanduser(), Path(config.siglip_path).expanduser()
        )
        self._model = (model or load_tvi(folder, llm_path, dtype, config.ignore_pickled)).to(device)
        self._towers.to(device)
        self._tokenizer = _load_tokenizer(llm_path or folder)
        self._history: FrameHistory[Tensor] = FrameHistory(self._model.architecture.history, TICK)
        self._ids: Tensor | None = None
        self._is_idle = True

    def reset(self, instruction: str) -> None:
        """Forget the past and take the sentence; an empty one stands still, or becomes the model's own if so set.

        Raises:
            InstructionError: more words than the model reads.
        """
        architecture = self._model.architecture
        text = instruction.strip()
        if not text and self._config.default_instruction:
            text = architecture.variant.default_instruction
        ids = self._tokenizer(text)["input_ids"]
        if len(ids) > architecture.max_text_tokens:
            raise InstructionError(f"instruction of {len(ids)} tokens; wanted at most {architecture.max_text_tokens}")
        self._ids = torch.tensor(ids, device=self._config.device)
        self._is_idle = not text
        self._history.clear()

    @torch.inference_mode()
    def infer(self, observation: Observation) -> Trajectory:
        """Metric trajectory in base_link at the image stamp, one pose every 0.1 s.

        Raises:
            RuntimeError: ``reset`` was never called.
        """
        if self._ids is None:
            raise RuntimeError("no instruction yet; call reset with one first")
        stamp = observation.frame.stamp
        times = TICK * np.arange(1, self._config.horizon + 1)
        if self._is_idle:
            return standstill(stamp, times, TargetStatus.IDLE, NO_INSTRUCTION)
        self._history.check(stamp)
        pooled = self._towers(fit_square(observation.frame.rgb, self._config.image_fit))
        self._history.push(stamp, pooled.coarse)
        window = padded_window([past.item for past in self._history.frames], self._model.architecture.history)
        waypoints = self._model(self._ids, window, pooled.fine).double().cpu().numpy()
        standing = self._standing(observation, waypoints)
        if standing is not None:
            return standstill(stamp, times, *standing)
        return Trajectory(stamp, metric_poses(waypoints, self._config)[1:], times)

    def _standing(self, observation: Observation, waypoints: NDArray[np.floating]) -> tuple[TargetStatus, str] | None:
        """Status and reason where the waypoints are not to be followed, else None."""
        is_unseen = observation.sighting is not None and observation.sighting.box is None
        is_filling = len(self._history.frames) < self._model.architecture.history
        if not np.all(np.isfinite(waypoints)):
            _log.error("the network's answer to the image of %.3f s is not finite", observation.frame.stamp)
            self._history.clear()
            return TargetStatus.STOPPED, NOT_FINITE
        if self._config.require_sighting and (observation.sighting is None or is_unseen):
            return TargetStatus.LOST, "the tracker does not see the target"
        if self._config.wait_for_history and is_filling:
            return TargetStatus.STOPPED, "the history of images is not full yet"
        return None


def _need_folders(config: TviPolicyConfig) -> None:
    for name in ("checkpoint", "dino_path", "siglip_path"):
        if not getattr(config, name):
            raise ConfigError(
                f"{name} is empty; set it to the folder you downloaded (docs/trackvla.md says from where)"
            )


def _load_tokenizer(folder: Path):  # noqa: ANN202 (transformers has no narrower type for its loader's result)
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
