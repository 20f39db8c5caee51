"""``policy:=trackvla``: the TrackVLA model behind the planner's Policy interface."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import torch

from track_common.config import ConfigError, lookup, validate
from track_common.interfaces import Observation
from track_common.types import Frame, TargetStatus, Trajectory
from trackvla_ros.answers import NO_INSTRUCTION, standstill, trajectory_of
from trackvla_ros.model.execution import check_execution, prepare
from trackvla_ros.model.image import ImagePreparer
from trackvla_ros.model.sizes import SIZES
from trackvla_ros.model.stream import Episode, TrackStream
from trackvla_ros.model.tokens import Tokenizer, build_tokenizer
from trackvla_ros.model.trackvla import TrackVla
from trackvla_ros.model.weights import DTYPES, build_random, cast, load_model
from trackvla_ros.policy_config import TrackVlaPolicyConfig

WARM_UP, WARM_UP_STEPS = "follow", 3  # a first frame, a first past one, and one more: compiled for any length then
_log = logging.getLogger(__name__)


class TrackVlaPolicy:
    """images + sentence -> trajectory; one episode at a time, restarted by ``reset``."""

    def __init__(self, config: TrackVlaPolicyConfig) -> None:
        """Load the weights (seconds to minutes).

        Raises:
            ConfigError, CheckpointError, AnchorError, FileNotFoundError: naming what is wrong.
        """
        validate(config)
        self._config = config
        self._model, self._tokenizer = _shared(config)
        self._stream = TrackStream(self._model, config.reuse_prefix and config.compile == "off")
        self._begin()
        self._warm_up()

    @property
    def network(self) -> TrackVla:
        """What answers; shared by all policies of one configuration that are alive at once."""
        return self._model

    def sibling(self) -> TrackVlaPolicy:
        """Another policy on the same network, with an episode of its own."""
        other = object.__new__(TrackVlaPolicy)
        other._config, other._model, other._tokenizer = self._config, self._model, self._tokenizer
        other._stream = self._stream
        other._begin()
        return other

    def reset(self, instruction: str) -> None:
        """Forget the past and take the sentence; an empty one means nobody is to be followed: it stands still.

        Raises:
            InstructionError: it is too long.
        """
        self._was_reset, self._episode = True, None
        if instruction.strip():
            self._episode = Episode(self._model, self._tokenizer, instruction, self._config.seed)
        self._frame_shape = None

    def infer(self, observation: Observation) -> Trajectory:
        """Best of the candidates, and all of them with their scores, in base_link at the image stamp.

        Raises:
            RuntimeError: ``reset`` was never called.
        """
        if not self._was_reset:
            raise RuntimeError("no instruction yet; call reset with one first")
        return infer_together([self], [observation])[0]

    def _warm_up(self) -> None:
        """A few steps on nothing: what loads or compiles late, or does not fit in memory, does so before it counts."""
        side = self._model.config.vision.image_size
        episode = Episode(self._model, self._tokenizer, WARM_UP)
        config = self._config
        try:
            for i in range(WARM_UP_STEPS):
                self._stream.step([episode], torch.zeros(1, 3, side, side), [i * episode.history.period])
        except (RuntimeError, ImportError) as error:
            how = f"device {config.device}, dtype {config.dtype}, compile {config.compile}"
            raise ConfigError(f"a trial step with {how} failed: {error}") from error

    def _image(self, frame: Frame) -> torch.Tensor:
        """The frame as the tower's input; the history is dropped where its size changed."""
        self._forget_other_size(frame.rgb.shape)
        return self._prepare(frame.rgb, frame.camera)

    def _begin(self) -> None:
        self._prepare = ImagePreparer(self._config, self._model.config.vision.image_size)
        self._episode: Episode | None = None
        self._was_reset = False
        self._frame_shape: tuple[int, ...] | None = None

    def _forget_other_size(self, shape: tuple[int, ...]) -> None:
        if self._frame_shape not in (None, shape) and self._episode is not None:
            _log.warning("frames changed from %s to %s; the history is dropped", self._frame_shape, shape)
            self._episode.history.clear()
        self._frame_shape = shape


def infer_together(policies: Sequence[TrackVlaPolicy], observations: Sequence[Observation]) -> list[Trajectory]:
    """One answer for each policy; all are siblings, and those with an instruction go through the network as one batch.

    Raises:
        RuntimeError: ``reset`` was never called on one of them.
    """
    if any(not policy._was_reset for policy in policies):
        raise RuntimeError("no instruction yet; call reset with one first")
    head = policies[0]._model.head
    period = head.waypoint_period
    times = period * np.arange(1, head.config.waypoints + 1)
    answers = [standstill(o.frame.stamp, times, TargetStatus.IDLE, NO_INSTRUCTION) for o in observations]
    told = [index for index, policy in enumerate(policies) if policy._episode is not None]
    if not told:
        return answers
    images = torch.stack([policies[i]._image(observations[i].frame) for i in told])
    episodes = [episode for i in told if (episode := policies[i]._episode) is not None]
    stamps = [observations[i].frame.stamp for i in told]
    found = policies[0]._stream.step(episodes, images, stamps)
    targets = [None] * len(told) if found.target is None else list(_numbers(found.target))
    trajectories, scores = _numbers(found.trajectories), _numbers(found.scores)
    for row, index in enumerate(told):
        answers[index] = trajectory_of(stamps[row], trajectories[row], scores[row], targets[row], period)
    return answers


def _numbers(values: torch.Tensor) -> np.ndarray:
    return values.double().cpu().numpy()


_open: WeakValueDictionary[TrackVlaPolicyConfig, TrackVla] = WeakValueDictionary()


def _shared(config: TrackVlaPolicyConfig) -> tuple[TrackVla, Tokenizer]:
    """The network of a living policy with the same configuration, else a new one."""
    model = _open.get(config)
    if model is not None:
        folder = None if config.random_weights else Path(config.checkpoint).expanduser()
        return model, build_tokenizer(model.config.language, folder)
    model, tokenizer = _load(config)
    _open[config] = model
    return model, tokenizer


def _load(config: TrackVlaPolicyConfig) -> tuple[TrackVla, Tokenizer]:
    if bool(config.checkpoint) == config.random_weights:
        raise ConfigError(
            f"checkpoint '{config.checkpoint}' with random_weights {config.random_weights}; set checkpoint to a folder "
            "(or random_weights to true for a test without one)"
        )
    device = check_execution(config.device, config.compile)
    dtype = DTYPES.get(config.dtype, torch.float32)
    if config.random_weights:
        model = cast(build_random(lookup("size", config.size, SIZES), seed=config.seed), dtype).eval()
        tokenizer = build_tokenizer(model.config.language, None)
        _log.warning("running random weights (size %s): trajectories mean nothing", config.size)
    else:
        model, tokenizer = load_model(Path(config.checkpoint).expanduser(), dtype)
    return prepare(model, device, config.dtype, config.compile), tokenizer
