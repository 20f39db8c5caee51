"""How well a network with one path tracks the first frames of some videos: the search's reward, and a run's result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from track_common.boxes import from_xyxy
from track_common.config import ConfigError
from track_common.types import Array
from vlt_ros.evaluation.metrics import curves
from vlt_ros.language.sentence import LENGTH, SentenceEncoder
from vlt_ros.model import zoo
from vlt_ros.model.network import eager
from vlt_ros.model.paths import NetworkPath
from vlt_ros.siamese.follower import RULES, Follower
from vlt_ros.siamese.settings import settings_row
from vlt_ros.training.videos import Video, usable_frames

FRAMES = 11  # of each video, the first one given (released search)


def mean_success(
    network: zoo.Network,
    path: NetworkPath,
    videos: Sequence[Video],
    encoder: SentenceEncoder | None,
    frames: int = FRAMES,
) -> float:
    """Mean over videos of the success AUC (21 overlap thresholds, 0..1) on the frames after the first.

    Raises:
        ConfigError: no video.
    """
    if not videos:
        raise ConfigError("no video to validate on; set validation_videos to 1 or more")
    name = next(a.name for a in zoo.ARCHITECTURES.values() if isinstance(network, a.network))
    rules = RULES[name]
    was_training = network.training
    follower = Follower(eager(network, path, _device(network)), rules, settings_row(rules.settings, "LaSOT"))
    scores = [_success(follower, video, encoder, frames) for video in videos]
    network.train(was_training)
    return float(np.mean(scores))


def _success(follower: Follower, video: Video, encoder: SentenceEncoder | None, frames: int) -> float:
    first = int(usable_frames(video)[0])
    truth = video.boxes_xyxy[first : first + frames]
    sentence = encoder.encode(video.sentence) if encoder is not None and video.sentence else None
    target = follower.start(video.image(first), truth[0], _stand_in(sentence, encoder))
    boxes = []
    for index in range(first + 1, first + len(truth)):
        target = target.at(follower.step(video.image(index), target).state)
        boxes.append(target.state.box_xyxy)
    if not boxes:
        return 0.0
    wanted = from_xyxy(truth[1:], "xywh")
    return curves(from_xyxy(np.array(boxes), "xywh"), wanted, ~np.all(np.isfinite(wanted), axis=1)).scores[0]


def _stand_in(sentence: Array | None, encoder: SentenceEncoder | None) -> Array | None:
    """Networks trained with language get the zero vector for a video without a sentence."""
    return np.zeros(LENGTH, np.float32) if sentence is None and encoder is not None else sentence


def _device(network: zoo.Network) -> str:
    return str(next(network.parameters()).device)
