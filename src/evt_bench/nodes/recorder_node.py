"""Records topics into a rosbag2 folder as they come, raw; see ``evt_bench.bag`` for the bag itself.

Topics are looked for all the time, so nodes may start later or restart; each is asked for with the quality of service
its publishers offer. Image and cloud sizes need the Fast DDS profile in config/ on both sides (docs/scoring.md).
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.clock import Clock, ClockType  # pyright: ignore[reportPrivateImportUsage] - Humble has it only here
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from evt_bench.bag.definitions import DefinitionError, DefinitionStore
from evt_bench.bag.images import COMPRESSED, RAW, compress
from evt_bench.bag.qos import QosOffer
from evt_bench.bag.roles import ROLES
from evt_bench.bag.sink import MEGABYTE, BagItem, BagSink, SinkLimits
from evt_bench.bag.writer import BagWriteError, BagWriter
from track_common.config import ConfigError, setting
from track_common.ros import diagnostics
from track_common.ros.camera_topic import compressed_topic
from track_common.ros.operator_topics import quiet_reader
from track_common.ros.parameters import declare
from track_common.ros.run import run_node

IMAGE, JPEG = "image_raw", "image_raw/compressed"
# Why the robot stands, what the controller does, how a lost target is looked for
SAID = ("stop_reason", "control_status", "recovery/stage", "recovery/cmd_vel")
EXTRA = (
    "init_box",
    "trajectory/candidates",
    "target_state",
    "obstacles",
    *SAID,
    "tf",
    "tf_static",
    "/clock",  # absolute for every node of ROS, whatever its namespace
)  # recorded, though no score looks at them
DEFAULT_TOPICS = (*ROLES, *EXTRA)  # docs/architecture.md without image_annotated, which can be drawn again
DISCOVERY_PERIOD = 0.25  # s between two looks at who publishes
DEEP = 500  # messages a subscription may hold while the node is busy


@dataclass(frozen=True)
class RecorderConfig:
    """Settings of the recorder; all are fixed at start, a bag is of one piece."""

    output: str = setting("", "folder of the bag, made new; empty: trackvla_<date>_<time> here", runtime=False)
    topics: str = setting("", "names, separated by blanks; empty: all of docs/architecture.md", runtime=False)
    images: str = setting(
        "jpeg",
        "jpeg: image_raw/compressed as published, else image_raw as JPEG; raw: image_raw as it is; none",
        choices=("jpeg", "raw", "none"),
        runtime=False,
    )
    compression: str = setting("zstd", "of the bag's chunks", choices=("none", "lz4", "zstd"), runtime=False)
    queue_mb: int = setting(256, "memory for messages waiting for the disk", unit="MB", low=16, runtime=False)
    min_free_mb: int = setting(500, "space left on the disk at which recording ends", unit="MB", low=0, runtime=False)


@dataclass
class _Recorded:
    """One topic being recorded."""

    subscription: Subscription
    qos: QoSProfile
    publishers: int
    last_sequence: int | None = None
    lost: int = 0
    received: int = 0


class RecorderNode(Node):
    """Subscribes raw and hands every message to a ``BagSink``."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self._config = declare(self, RecorderConfig())
        self._topics = _wanted(self._config)
        self._definitions = DefinitionStore()
        self._recorded: dict[str, _Recorded] = {}
        self._refused: set[str] = set()
        self._diagnostics = diagnostics.Diagnostics(self)
        folder = Path(self._config.output or time.strftime("trackvla_%Y%m%d_%H%M%S"))
        self._sink = self._open(folder)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # looks for topics though simulated time may stand still
        self.create_timer(DISCOVERY_PERIOD, self._discover, clock=steady)
        self.create_timer(1.0, self._report, clock=steady)
        self.get_logger().info(f"recording into {folder}")

    def on_shutdown(self) -> None:
        """Finish the bag."""
        for entry in self._recorded.values():
            self.destroy_subscription(entry.subscription)
        self._sink.close()
        counts, lost = self._sink.counts, sum(entry.lost for entry in self._recorded.values())
        self.get_logger().info(
            f"{self._sink.folder}: {counts.written} messages, {counts.bytes / MEGABYTE:.1f} MB; "
            f"lost on the way {lost}, dropped {counts.dropped}, refused {counts.refused}"
        )

    def _open(self, folder: Path) -> BagSink:
        limits = SinkLimits(self._config.queue_mb * MEGABYTE, self._config.min_free_mb * MEGABYTE)
        try:
            return BagSink(BagWriter(folder, self._config.compression), limits, self._on_trouble)
        except BagWriteError as error:
            raise ConfigError(f"output '{folder}': {error}; name a folder that does not exist yet") from error

    def _on_trouble(self, sentence: str) -> None:
        self.get_logger().error(sentence)

    def _discover(self) -> None:
        for name in self._topics:
            topic = self._resolve(name)
            publishers = self.get_publishers_info_by_topic(topic)
            if self._is_covered(name):
                self._forget(topic)
            elif publishers and topic not in self._refused:
                self._follow(name, topic, publishers)

    def _is_covered(self, name: str) -> bool:
        """image_raw need not be recorded where the camera sends JPEG itself."""
        return self._config.images == "jpeg" and name == IMAGE and self._resolve(JPEG) in self._recorded

    def _resolve(self, name: str) -> str:
        """Full topic name; JPEG lies beside the raw image wherever that is remapped to, as image_transport has it."""
        return compressed_topic(self, IMAGE) if name == JPEG else self.resolve_topic_name(name)

    def _forget(self, topic: str) -> None:
        entry = self._recorded.pop(topic, None)
        if entry is not None:
            self.destroy_subscription(entry.subscription)

    def _follow(self, name: str, topic: str, publishers: Sequence[TopicEndpointInfo]) -> None:
        """Record a topic, or ask again where its publishers have changed to offering less."""
        qos, known = requested_qos(publishers), self._recorded.get(topic)
        if known is not None:
            known.publishers = len(publishers)
            if known.qos == qos:
                return
            self._forget(topic)
        kind = publishers[0].topic_type
        try:
            entry = self._subscribe(name, topic, kind, qos, publishers)
        except (DefinitionError, ModuleNotFoundError, AttributeError) as error:
            self._refused.add(topic)
            self.get_logger().error(f"{topic} is not recorded: {error}")
            return
        self._recorded[topic] = entry

    def _subscribe(
        self, name: str, topic: str, kind: str, qos: QoSProfile, publishers: Sequence[TopicEndpointInfo]
    ) -> _Recorded:
        convert: Callable[[bytes], bytes] | None = None
        written = topic
        if name == IMAGE and kind == RAW and self._config.images == "jpeg":
            written, convert = f"{topic}/compressed", partial(compress, store=self._definitions.typestore)
        definition = self._definitions.get(kind if convert is None else COMPRESSED)
        self._sink.add_topic(written, definition, [offer_of(p.qos_profile) for p in publishers])
        take = partial(self._on_message, topic, written, convert)
        subscription = self.create_subscription(
            message_class(kind), topic, _with_info(take), qos, raw=True, event_callbacks=quiet_reader()
        )  # publishers that offer less are met by a new reader with other QoS
        return _Recorded(subscription, qos, len(publishers))

    def _on_message(
        self, topic: str, written: str, convert: Callable[[bytes], bytes] | None, data: bytes, info: dict[str, Any]
    ) -> None:
        received, sent = info["received_timestamp"] or time.time_ns(), info["source_timestamp"]
        self._count(topic, info)
        self._sink.put(BagItem(written, data, received, sent or received, convert))

    def _count(self, topic: str, info: dict[str, Any]) -> None:
        """A jump in the only publisher's sequence numbers is a message that DDS lost."""
        entry = self._recorded.get(topic)
        if entry is None:
            return
        entry.received += 1
        sequence = info.get("publication_sequence_number")
        if sequence is not None and entry.last_sequence is not None and entry.publishers == 1:
            entry.lost += max(0, sequence - entry.last_sequence - 1)
        entry.last_sequence = sequence

    def _report(self) -> None:
        counts = self._sink.counts
        figures = {"messages": counts.written, "megabytes": counts.bytes // MEGABYTE, "dropped": counts.dropped}
        lost = {topic: entry.lost for topic, entry in self._recorded.items() if entry.lost}
        for key, value in {**figures, "topics": len(self._recorded), "lost": lost or 0}.items():
            self._diagnostics.set(key, value)
        if self._sink.failure:
            self._diagnostics.level(diagnostics.ERROR, self._sink.failure)
        elif lost or counts.dropped:
            self._diagnostics.level(diagnostics.WARN, "messages are missing from the bag")


def requested_qos(publishers: Sequence[TopicEndpointInfo]) -> QoSProfile:
    """The most every publisher gives: reliable or latched only where all of them are; deep, to lose nothing."""
    is_reliable = all(p.qos_profile.reliability == ReliabilityPolicy.RELIABLE for p in publishers)
    is_latched = all(p.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in publishers)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=DEEP,
        reliability=ReliabilityPolicy.RELIABLE if is_reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if is_latched else DurabilityPolicy.VOLATILE,
    )


def offer_of(qos: QoSProfile) -> QosOffer:
    """A publisher's quality of service as the bag stores it; DDS does not tell history and depth of others."""
    return QosOffer(
        reliability=qos.reliability.name.lower(),
        durability=qos.durability.name.lower(),
        history=qos.history.name.lower(),
        depth=int(qos.depth),
        liveliness=qos.liveliness.name.lower(),
        deadline=_duration(qos.deadline.nanoseconds),
        lifespan=_duration(qos.lifespan.nanoseconds),
        liveliness_lease_duration=_duration(qos.liveliness_lease_duration.nanoseconds),
    )


def message_class(kind: str) -> Any:
    """The Python class of ``package/msg/Type``.

    Raises:
        ModuleNotFoundError, AttributeError: the package is not installed, or has no such type.
    """
    package, _, name = kind.partition("/msg/")
    return getattr(importlib.import_module(f"{package}.msg"), name)


def _wanted(config: RecorderConfig) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(config.topics.split())) or DEFAULT_TOPICS
    without = {"jpeg": (), "raw": (JPEG,), "none": (IMAGE, JPEG)}[config.images]
    return tuple(name for name in names if name not in without)


def _with_info(take: Callable[[bytes, dict[str, Any]], None]) -> Any:
    """rclpy counts a callback's parameters to decide whether it wants the message info; a partial hides them."""

    def callback(data: bytes, info: dict[str, Any]) -> None:
        take(data, info)

    return callback


def _duration(nanoseconds: int) -> tuple[int, int]:
    return divmod(nanoseconds, 1_000_000_000)


def main() -> None:
    """Entry point ``recorder_node``."""
    run_node(RecorderNode)


if __name__ == "__main__":
    main()
