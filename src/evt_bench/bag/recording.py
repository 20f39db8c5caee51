"""What a bag says, topic by topic, as the project's values on two clocks: header stamps and sending times.

Stamps are the sensor's clock (simulated time in simulation); sending times are the computer's, for latencies. Images
and clouds are not kept: they give their stamps here, and are read again one by one by whoever looks into them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evt_bench.bag import decoding
from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.reader import BagMessage, BagReader, Survey
from track_common.types import Array

STAMP = {0: struct.Struct(">4xiI"), 1: struct.Struct("<4xiI")}  # by CDR byte order: a std_msgs/Header's sec, nanosec
IMAGES = ("image_raw/compressed", "image_raw")
DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "instruction": lambda message: message.data,
    "target_box": decoding.sighting,
    "trajectory": decoding.trajectory,
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
ROLES = (*IMAGES, "points", *DECODERS)  # relative names of docs/architecture.md
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
    """

    path: Path
    survey: Survey
    names: Mapping[str, str]
    tracks: Mapping[str, list[Sample]]
    sent: Mapping[str, Array]
    warnings: tuple[str, ...]

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
            except BagReadError:
                continue
            yield Sample(message.publish_time * 1e-9, decoding.seconds(value.header.stamp), value)


def read_recording(path: Path | str, topics: Mapping[str, str] | None = None) -> Recording:
    """Read a bag; ``topics`` names topics that are called differently there, as ``{"image_raw": "/front/image"}``.

    Raises:
        BagReadError: no bag there, or a name in ``topics`` that is not known or not in the bag.
    """
    reader = BagReader(path)
    names, notes = resolve_names(reader.survey, topics or {})
    roles = {topic: role for role, topic in names.items()}
    tracks: dict[str, list[Sample]] = {role: [] for role in ROLES}
    sent: dict[str, list[float]] = {}
    undecodable: dict[str, int] = {}
    for message in reader.messages():
        sent.setdefault(message.topic, []).append(message.publish_time * 1e-9)
        role = roles.get(message.topic)
        if role is None:
            continue
        try:
            tracks[role].append(_sample(role, message, reader))
        except (ValueError, IndexError, AttributeError, struct.error):
            undecodable[message.topic] = undecodable.get(message.topic, 0) + 1
    notes += [f"{count} messages on {topic} could not be decoded" for topic, count in undecodable.items()]
    times = {topic: np.sort(np.array(values)) for topic, values in sent.items()}
    warnings = (*reader.survey.warnings, *notes)
    return Recording(Path(path), reader.survey, names, _with_stamps(tracks), times, warnings)


def resolve_names(survey: Survey, given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Topic for each role: as given, else ``/role``, else the only topic that ends so; and what was ambiguous.

    Raises:
        BagReadError: a role or topic in ``given`` that does not exist.
    """
    for role, topic in given.items():
        if role not in ROLES or topic not in survey.topics:
            wanted = f"a topic of the bag: {', '.join(sorted(survey.topics))}" if role in ROLES else ", ".join(ROLES)
            raise BagReadError(f"topic {role}={topic}: {topic if role in ROLES else role} unknown; wanted {wanted}")
    names, notes = dict(given), []
    for role in (r for r in ROLES if r not in given):
        found = [f"/{role}"] if f"/{role}" in survey.topics else _topics_ending_in(role, survey)
        if len(found) == 1:
            names[role] = found[0]
        elif found:
            notes.append(f"{role} could be any of {', '.join(found)}; say which: {role}={found[0]}")
    return names, notes


def _topics_ending_in(role: str, survey: Survey) -> list[str]:
    """Topics in a namespace; one that ends in a longer role's name (ground_truth/target_box) is not target_box."""
    longer = [f"/{other}" for other in ROLES if other.endswith(f"/{role}")]
    return sorted(t for t in survey.topics if t.endswith(f"/{role}") and not any(t.endswith(o) for o in longer))


def _sample(role: str, message: BagMessage, reader: BagReader) -> Sample:
    sent = message.publish_time * 1e-9
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
