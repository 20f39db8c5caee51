"""VLT_SCAR and VLT_TT behind the tracker interface: first box and sentence in, one sighting a frame out.

Several targets may share one network: a tracker holds its target's state only. When the target is lost, the whole image
is searched window by window with the same features and the same sentence until it is found again.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from track_common.boxes import is_usable
from track_common.config import ConfigError, setting
from track_common.instruction import ParsedInstruction, as_instruction
from track_common.interfaces import TargetError
from track_common.types import Array, Box, Frame, Sighting
from vlt_ros.language.looks import LookSentence
from vlt_ros.language.sentence import FixedSentence, LanguageError, SentenceEncoder
from vlt_ros.language.words import WordSentence
from vlt_ros.model.engine import ENGINES, Source, load_engine
from vlt_ros.model.paths import NetworkPath
from vlt_ros.siamese.follower import RULES, Follower, Rules, Target
from vlt_ros.siamese.settings import SCAR_SETTINGS, Inference, settings_row
from vlt_ros.siamese.state import Image, Step
from vlt_ros.siamese.windows import window_centres

NANO_WEIGHTS = Path(__file__).parents[1] / "weights" / "vlt_nano.safetensors"
LANGUAGES = ("none", "zero", "looks", "words", "bert", "gpt2", "vector")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VltTrackerConfig:
    """Settings of a VLT tracker."""

    checkpoint: str = setting("", "weight file: .safetensors, or the authors' .model or .pth")
    path: str = setting("", "choices as four JSON lists; empty = the checkpoint's, else the published ones")
    benchmark: str = setting("LaSOT", "row of the authors' inference settings", choices=tuple(SCAR_SETTINGS))
    language: str = setting("none", "sentence encoder; none = template token, zero = 0-tensor", choices=LANGUAGES)
    language_path: str = setting("", "folder of bert or gpt2, or .npy file of vector")
    penalty_k: float = setting(-1.0, "punishes changes of size and shape; below 0 = the benchmark's", low=-1.0)
    lr: float = setting(-1.0, "share of a new size in the update; below 0 = the benchmark's", low=-1.0, high=1.0)
    window_influence: float = setting(
        -1.0, "weight of the window about the old place; below 0 = the benchmark's", low=-1.0, high=1.0
    )
    colour_share: float = setting(
        -1.0,
        "how much the first frame's colours decide, VLT_SCAR only; below 0 = the benchmark's, 0",
        low=-1.0,
        high=1.0,
    )
    engine: str = setting("auto", "how the network runs (docs/vlt.md, Speed)", choices=ENGINES)
    device: str = setting("cpu", "torch device of the eager engine", runtime=False)
    threads: int = setting(1, "threads of the network", low=1, high=64, runtime=False)
    lost_below: float = setting(0.15, "confidence below which the target is unseen; 0 = never lost", low=0.0, high=1.0)
    lost_after: int = setting(5, "unseen frames in a row until the target is lost", unit="frames", low=1)
    found_above: float = setting(0.5, "confidence at which a lost target is found again", low=0.0, high=1.0)
    windows: int = setting(2, "windows of the whole image searched per frame while lost; 0 = none", low=0, high=64)


@dataclass(frozen=True)
class NanoTrackerConfig(VltTrackerConfig):
    """Settings of vlt_nano: VLT_SCAR's classes with the small weights that come with this package."""

    checkpoint: str = setting(str(NANO_WEIGHTS), "weight file: .safetensors; the default is the one shipped here")
    language: str = setting("looks", "sentence encoder; the shipped weights know looks", choices=LANGUAGES)
    penalty_k: float = setting(0.5, "punishes changes of size and shape", low=-1.0)
    lr: float = setting(0.15, "share of a new size in the update", low=-1.0, high=1.0)
    window_influence: float = setting(0.5, "weight of the window about the old place", low=-1.0, high=1.0)
    colour_share: float = setting(0.7, "how much the first frame's colours decide", low=-1.0, high=1.0)
    lost_below: float = setting(0.1, "confidence below which the target is unseen; 0 = never lost", low=0.0, high=1.0)


class VltTracker:
    """One target of a follower; see ``track_common.interfaces.Tracker``."""

    def __init__(self, follower: Follower, encoder: SentenceEncoder | None, config: VltTrackerConfig) -> None:
        self._follower, self._encoder, self._config = follower, encoder, config
        self._target: Target | None = None
        self._unseen = 0
        self._window = 0

    @property
    def is_lost(self) -> bool:
        """True from ``lost_after`` unseen frames until the target is found again."""
        return self._unseen >= self._config.lost_after

    def init(self, frame: Frame, instruction: ParsedInstruction | str, box_xyxy: Array | None = None) -> Sighting:
        """Take a target from its first box (4,); the sentence is encoded once, an empty one counts as none.

        Raises:
            TargetError: no box, or one with less than 2 px inside the image.
            ValueError: an image that is not (H, W, 3) uint8.
        """
        image = _image(frame)
        height, width = image.shape[:2]
        if box_xyxy is None:
            raise TargetError("VLT starts from a first box and got only a sentence; give a box or use tracker grounded")
        if not is_usable(box_xyxy, width, height):
            raise TargetError(f"first box {np.asarray(box_xyxy)} has less than 2 px inside the image {width}x{height}")
        self._target = self._follower.start(
            image, np.asarray(box_xyxy, float), self._sentence(as_instruction(instruction))
        )
        self._unseen = self._window = 0
        return Sighting(frame.stamp, Box(np.asarray(box_xyxy, float), 1.0, "target"))

    def update(self, frame: Frame) -> Sighting:
        """The target in the next frame; no box while it is lost or before ``init``.

        Raises:
            ValueError: an image that is not (H, W, 3) uint8.
        """
        image = _image(frame)
        if self._target is None:
            return Sighting(frame.stamp, None)
        was_lost = self.is_lost
        done = self._search(image, self._target) if was_lost else self._follower.step(image, self._target)
        is_seen = done.confidence >= (self._config.found_above if was_lost else self._config.lost_below)
        self._unseen = 0 if is_seen else self._unseen + 1
        if self.is_lost:
            if not was_lost:
                log.info("target lost at %.3f s", frame.stamp)
            return Sighting(frame.stamp, None)
        if was_lost:
            log.info("target found at %.3f s", frame.stamp)
        self._target = self._target.at(done.state)
        return Sighting(frame.stamp, Box(done.state.box_xyxy, done.confidence, "target"))

    def _sentence(self, instruction: ParsedInstruction) -> Array | None:
        is_wanted = bool(instruction.text.strip()) or isinstance(self._encoder, FixedSentence | LookSentence)
        if self._encoder is None or not is_wanted:
            return None
        try:
            return self._encoder.encode(instruction.text)
        except LanguageError as error:  # the box says whom, words or not
            log.warning("%s: tracking without language", error)
            return None

    def _search(self, image: Image, target: Target) -> Step:
        """Best answer of the old place and the next few windows of the image; no window favours its middle."""
        size = (image.shape[1], image.shape[0])
        centres = window_centres(size, float(self._follower.rules.search_side(target.state)))
        chosen = [centres[(self._window + i) % len(centres)] for i in range(min(self._config.windows, len(centres)))]
        self._window = (self._window + len(chosen)) % len(centres)
        flat = dataclasses.replace(self._follower.inference, window_influence=0.0)
        places = [target.state, *(dataclasses.replace(target.state, centre=centre) for centre in chosen)]
        steps = [self._follower.step(image, target.at(place), flat) for place in places]
        return max(steps, key=lambda step: step.confidence)


def make_scar(config: VltTrackerConfig) -> VltTracker:
    """VLT_SCAR from a checkpoint, vlt_nano without one; ConfigError where weights or language model cannot be had."""
    if not config.checkpoint:
        nano = NanoTrackerConfig()
        log.warning("no checkpoint given: the small weights of vlt_nano run in the place of VLT_SCAR's")
        language = nano.language if config.language == "none" else config.language
        config = dataclasses.replace(config, checkpoint=nano.checkpoint, language=language, path="")
    return _make("vlt_scar", config)


def make_tt(config: VltTrackerConfig) -> VltTracker:
    """VLT_TT from a checkpoint; ConfigError where that or the language model cannot be had."""
    return _make("vlt_tt", config)


def make_encoder(language: str, place: str = "") -> SentenceEncoder | None:
    """Sentence encoder by name; None for "none".

    Raises:
        LanguageError: it needs a file or folder that is not there.
    """
    if language == "none":
        return None
    if language == "zero":
        return FixedSentence.zeros()
    if language in ("looks", "words"):
        return LookSentence() if language == "looks" else WordSentence()
    if not place:
        raise LanguageError(f"language '{language}' needs a file; type language_path:=FOLDER (vector: a .npy file)")
    if language == "vector":
        return FixedSentence.from_file(Path(place))
    from vlt_ros.model.language import load_transformer

    return load_transformer(language, Path(place))


def _make(name: str, config: VltTrackerConfig) -> VltTracker:
    if not config.checkpoint:
        raise ConfigError(f"{name} has no weights; type checkpoint:=FILE (made by `trackvla vlt convert`)")
    encoder = make_encoder(config.language, config.language_path)
    rules = RULES[name]
    source = Source(Path(config.checkpoint), name, _path(config.path))
    engine = load_engine(config.engine, source, config.device, config.threads, encoder is not None)
    follower = Follower(engine, rules, _inference(rules, config))
    log.info("%s with language '%s', engine '%s'", name, config.language, config.engine)
    return VltTracker(follower, encoder, config)


def _inference(rules: Rules, config: VltTrackerConfig) -> Inference:
    """The benchmark's row with the settings that were given over it; ConfigError where VLT_TT is to see colours."""
    if config.colour_share > 0.0 and rules is not RULES["vlt_scar"]:
        raise ConfigError(f"colour_share is {config.colour_share}, but only VLT_SCAR's maps can be weighted by colours")
    row = settings_row(rules.settings, config.benchmark)
    given = {name: getattr(config, name) for name in vars(row)}
    return dataclasses.replace(row, **{name: value for name, value in given.items() if value >= 0.0})


def _path(text: str) -> NetworkPath | None:
    """Choices from four JSON lists; None where nothing is written."""
    if not text:
        return None
    try:
        return NetworkPath.from_lists(json.loads(text))
    except (json.JSONDecodeError, TypeError, ValueError) as error:
        raise ConfigError(f"path '{text}' is not four JSON lists of choices: {error}") from error


def _image(frame: Frame) -> Image:
    image = frame.rgb
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < 1:
        raise ValueError(f"image is {image.dtype} {image.shape}; wanted uint8 (H, W, 3) RGB")
    return image
