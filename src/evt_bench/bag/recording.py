"""What a bag says, topic by topic, as the project's values on two clocks: header stamps and sending times.

Stamps are the sensor's clock (simulated time in simulation); sending times are the computer's, for latencies. Images
and clouds are not kept: they give their stamps here, and are read again one by one by whoever looks into them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evt_bench.bag import decoding
from evt_bench.bag.clock import Stretch, find_stretch, on_one_clock
from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.reader import BagReader, Survey
from evt_bench.bag.roles import IMAGE_TYPES, IMAGES, ROLES, TYPES, resolve_names
from evt_bench.bag.storage import BagMessage
from track_common.raw_images import DEPTH
from track_common.types import Array

STAMP = {0: struct.Struct(">4xiI"), 1: struct.Struct("<4xiI")}  # by CDR byte order: a std_msgs/Header's sec, nanosec
DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "instruction": lambda message: message.data,
    "target_box": decoding.sighting,
    "trajectory": decoding.trajectory,
    "trajectory/candidates": decoding.candidates,
    "target_point": decoding.point,
    "target_status": lambda message: message.data,
    "odom": decoding.odometry,
    "tf_static": decoding.transforms,
    "camera_info": lambda message: message,
    "cmd_vel": decoding.command,
    "diagnostics": lambda message: message,
    "ground_truth/robot": decoding.odometry,
    "ground_truth/people": decoding.people,
    "ground_truth/target_box": decoding.truth,
    "ground_truth/clearance": lambda message: float(message.data),
}
NO_CAMERA = (*DEPTH, "compressedDepth")  # in an Image's encoding or a CompressedImage's format
HOPELESS = 100  # messages of a topic, none of which can be decoded: the others are not tried
MAX_REASON = 120  # characters of an error in a warning
CLOCKED = ("ground_truth/robot", "odom", *IMAGES, "target_box")  # topics that tie stamps to sending times, best first


@dataclass(frozen=True, eq=False)
class Sample:
    """One message: when it was sent (s, the computer's clock), its stamp (s, the sensor's clock) and what it says."""

    sent: float
    stamp: float
    value: Any


@dataclass(frozen=True, eq=False)
class Recording:
    """A bag read into memory.

    Attributes:
        path: the bag.
        survey: what it holds.
        names: topic in the bag by relative name of docs/architecture.md; those it lacks are absent.
        tracks: samples by relative name, in the order of sending; empty for those it lacks.
        sent: (N,) sending time of every message by topic, s.
        warnings: what is wrong with the bag.
        stretch: the part the tracks are from; None = all of the bag.
    """

    path: Path
    survey: Survey
    names: Mapping[str, str]
    tracks: Mapping[str, list[Sample]]
    sent: Mapping[str, Array]
    warnings: tuple[str, ...]
    stretch: Stretch | None = None

    def stamps(self, name: str) -> Array:
        """(N,) stamps of a track."""
        return np.array([sample.stamp for sample in self.tracks[name]])

    @property
    def image_name(self) -> str | None:
        """The relative name images were recorded under, or None."""
        return next((name for name in IMAGES if self.tracks[name]), None)

    @property
    def has_ground_truth(self) -> bool:
        """True where robot and people are known from the simulator."""
        return bool(self.tracks["ground_truth/robot"] and self.tracks["ground_truth/people"])

    def decoded(self, name: str) -> Iterator[Sample]:
        """Messages of one topic read again from the bag, as the reader decodes them (for images and clouds)."""
        if name not in self.names:
            return
        reader = BagReader(self.path)
        for message in reader.messages([self.names[name]]):
            try:
                value = reader.decode(message)
                sample = Sample(message.publish_time * 1e-9, decoding.seconds(value.header.stamp), value)
            except (BagReadError, AttributeError):
                continue
            if self.stretch is None or self.stretch.covers(sample):
                yield sample


def read_recording(path: Path | str, topics: Mapping[str, str] | None = None, robot: str | None = None) -> Recording:
    """Read a bag.

    Args:
        path: of the bag, or of a run's folder with the bag in ``bag``.
        topics: topics that are called differently there, as ``{"image_raw": "/front/image"}``.
        robot: namespace of the robot to look at; None where the bag holds one robot.

    Raises:
        BagReadError: no bag there, nothing in it, a name in ``topics`` that is not known or not in the bag, or several
            robots and no ``robot``.
    """
    reader = BagReader(path)
    if not reader.survey.topics:
        raise BagReadError("; ".join([f"{reader.path} holds no message that can be read", *reader.survey.warnings]))
    names, notes = resolve_names(reader.survey, topics or {}, robot, depth_topics(reader))
    tracks, sent, spoilt = _read_tracks(reader, names)
    clock = next((tracks[role] for role in CLOCKED if len(tracks[role]) > 1), [])
    stretch, said = find_stretch(clock)
    kept, odd = on_one_clock(_with_stamps(tracks), stretch)
    warnings = (*reader.survey.warnings, *notes, *spoilt, *([said] if said else []), *odd)
    return Recording(reader.path, reader.survey, names, kept, sent, warnings, stretch)  # pyright: ignore[reportArgumentType]


def depth_topics(reader: BagReader) -> set[str]:
    """Topics that hold depth images (16UC1 as the drivers send it, 32FC1, compressedDepth), by their first message."""
    waiting = {topic for topic, summary in reader.survey.topics.items() if summary.type_name in IMAGE_TYPES}
    found: set[str] = set()
    for message in reader.messages(set(waiting)):
        if not waiting:
            break
        if message.topic in waiting:
            waiting.remove(message.topic)
            with suppress(BagReadError):
                image = reader.decode(message)
                name = getattr(image, "encoding", None) or getattr(image, "format", "")
                found |= {message.topic} if any(word in name for word in NO_CAMERA) else set()
    return found


@dataclass
class _Spoilt:
    """Messages of one topic that could not be decoded, and why the first one could not."""

    count: int = 0
    total: int = 0
    reason: str = ""

    @property
    def is_hopeless(self) -> bool:
        """True where none of the first ``HOPELESS`` messages could be decoded."""
        return self.count == self.total >= HOPELESS

    def note(self, topic: str) -> str:
        """What to say about the topic."""
        if self.count == self.total:
            return f"{topic} is left out: none of its messages can be decoded ({self.reason})"
        return f"{self.count} of {self.total} messages on {topic} could not be decoded ({self.reason})"


def _read_tracks(
    reader: BagReader, names: Mapping[str, str]
) -> tuple[dict[str, list[Sample]], dict[str, Array], list[str]]:
    """Samples by role in file order, sorted sending times by topic, and notes on what could not be decoded."""
    roles = {topic: role for role, topic in names.items()}
    tracks: dict[str, list[Sample]] = {role: [] for role in ROLES}
    sent: dict[str, list[float]] = {}
    spoilt = {topic: _Spoilt() for topic in roles}
    for message in reader.messages():
        sent.setdefault(message.topic, []).append(message.publish_time * 1e-9)
        role = roles.get(message.topic)
        if role is None or spoilt[message.topic].is_hopeless:
            continue
        state = spoilt[message.topic]
        state.total += 1
        try:
            tracks[role].append(_sample(role, message, reader))
        except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, struct.error) as error:
            state.count, state.reason = state.count + 1, state.reason or _brief(error)
    times = {topic: np.sort(np.array(values)) for topic, values in sent.items()}
    return tracks, times, [state.note(topic) for topic, state in spoilt.items() if state.count]


def _brief(error: Exception) -> str:
    text = " ".join((str(error.__cause__ or error) or type(error).__name__).split())
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…"


def _sample(role: str, message: BagMessage, reader: BagReader) -> Sample:
    sent = message.publish_time * 1e-9
    if message.type_name not in TYPES[role]:
        raise BagReadError(f"its type is {message.type_name}")
    if role not in DECODERS:
        sec, nanosec = STAMP[message.data[1] & 1].unpack_from(message.data)
        return Sample(sent, sec + nanosec * 1e-9, None)
    decoded = reader.decode(message)
    stamp = decoding.stamp_of(decoded)
    return Sample(sent, np.nan if stamp is None else stamp, DECODERS[role](decoded))


def _with_stamps(tracks: dict[str, list[Sample]]) -> dict[str, list[Sample]]:
    """Samples in the order of sending; those of messages without a header get the stamp of their sending time."""
    ordered = {role: sorted(samples, key=lambda s: s.sent) for role, samples in tracks.items()}
    clock = next((ordered[role] for role in CLOCKED if len(ordered[role]) > 1), [])
    sent, stamps = np.array([s.sent for s in clock]), np.array([s.stamp for s in clock])
    for role, samples in ordered.items():
        if samples and np.isnan(samples[0].stamp):
            times = np.array([s.sent for s in samples])
            mapped = _to_stamps(times, sent, stamps) if clock else times
            ordered[role] = [Sample(s.sent, float(t), s.value) for s, t in zip(samples, mapped, strict=True)]
    return ordered


def _to_stamps(times: Array, sent: Array, stamps: Array) -> Array:
    """Sending times on the sensor's clock: interpolated, and moved by the end's offset outside."""
    before, after = np.minimum(times - sent[0], 0.0), np.maximum(times - sent[-1], 0.0)
    return np.interp(times, sent, stamps) + before + after
