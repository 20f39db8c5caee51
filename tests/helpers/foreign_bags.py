"""Bags as other recorders and robots write them, from the messages of an episode's bag (helpers.episode_bag)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from evt_bench.bag.reader import BagReader
from evt_bench.bag.storage import BagMessage

Change = Callable[[BagMessage], BagMessage]
FOREIGN_TYPES = {
    "foxglove_msgs/msg/CompressedVideo": "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\n"
    "string format",
    "livox_ros_driver2/msg/CustomPoint": "uint32 offset_time\nfloat32 x\nfloat32 y\nfloat32 z\nuint8 tag",
    "livox_ros_driver2/msg/CustomMsg": "std_msgs/Header header\nuint32 point_num\n"
    "livox_ros_driver2/CustomPoint[] points",
}


def messages_of(bag: Path) -> list[BagMessage]:
    """All messages of a bag."""
    return list(BagReader(bag).messages())


def typestore(bag: Path) -> Typestore:
    """Jazzy's types, those of the bag, and ``FOREIGN_TYPES``."""
    store = get_typestore(Stores.ROS2_JAZZY)
    reader: Any = BagReader(bag)
    for message in {m.type_name: m for m in reader.messages()}.values():
        reader.decode(message)
    learned = reader._storage._types._store.fielddefs
    store.register({name: fields for name, fields in learned.items() if name not in store.fielddefs})
    for name, text in FOREIGN_TYPES.items():
        store.register(get_types_from_msg(text, name))
    return store


def write_bag(
    folder: Path,
    messages: Iterable[BagMessage],
    store: Typestore,
    plugin: StoragePlugin = StoragePlugin.MCAP,
    compression: CompressionMode | None = None,
) -> Path:
    """Write messages by the rosbags library, as rosbag2 would; returns the folder."""
    writer = Writer(folder, version=9, storage_plugin=plugin)
    if compression is not None:
        writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        topics: dict[str, Any] = {}
        for message in messages:
            if message.topic not in topics:
                topics[message.topic] = writer.add_connection(message.topic, message.type_name, typestore=store)
            writer.write(topics[message.topic], message.log_time, message.data)
    return folder


def with_type(store: Typestore, type_name: str, **values: Any) -> Change:
    """Changes a message into one of another type with these values; its header is kept where the type has one."""

    def change(message: BagMessage) -> BagMessage:
        old: Any = store.deserialize_cdr(message.data, message.type_name)
        own = {"header": old.header} if type_name.startswith("livox") else {"timestamp": old.header.stamp}
        made = store.types[type_name](**own, **values)
        return replace(message, type_name=type_name, data=bytes(store.serialize_cdr(made, type_name)))

    return change


def video_type(store: Typestore) -> Change:
    """H.264 in Foxglove's type."""
    data = np.arange(200, dtype=np.uint8)
    return with_type(store, "foxglove_msgs/msg/CompressedVideo", frame_id="cam", data=data, format="h264")


def livox_type(store: Typestore) -> Change:
    """A Livox driver's own cloud of no points."""
    return with_type(store, "livox_ros_driver2/msg/CustomMsg", point_num=0, points=[])


def stamps_fall_back(after: int, seconds: int) -> Change:
    """Changes the header stamp of what was logged later than ``after`` ns by ``-seconds``."""

    def change(message: BagMessage) -> BagMessage:
        if message.log_time <= after:
            return message
        sec = int.from_bytes(message.data[4:8], "little", signed=True) - seconds
        return replace(message, data=message.data[:4] + sec.to_bytes(4, "little", signed=True) + message.data[8:])

    return change


def changed(messages: Iterable[BagMessage], changes: dict[str, Change]) -> list[BagMessage]:
    """Messages, those of a topic in ``changes`` changed."""
    return [changes[m.topic](m) if m.topic in changes else m for m in messages]


def write_ros1(file: Path, count: int = 20) -> Path:
    """A ROS 1 bag of ``count`` odometry messages at 10 Hz, 1 m/s along x."""
    store = get_typestore(Stores.ROS1_NOETIC)
    t = store.types
    zero = dict.fromkeys("xyz", 0.0)
    turn = t["geometry_msgs/msg/Quaternion"](x=0.0, y=0.0, z=0.0, w=1.0)
    speed = t["geometry_msgs/msg/Twist"](
        linear=t["geometry_msgs/msg/Vector3"](**zero), angular=t["geometry_msgs/msg/Vector3"](**zero)
    )
    with Ros1Writer(file) as writer:
        topic = writer.add_connection("/odom", "nav_msgs/msg/Odometry", typestore=store)
        for i in range(count):
            stamp = t["builtin_interfaces/msg/Time"](sec=1000 + i // 10, nanosec=i % 10 * 100_000_000)
            header = t["std_msgs/msg/Header"](seq=i, stamp=stamp, frame_id="odom")
            place = t["geometry_msgs/msg/Point"](**{**zero, "x": 0.1 * i})
            pose = t["geometry_msgs/msg/Pose"](position=place, orientation=turn)
            made = t["nav_msgs/msg/Odometry"](
                header=header,
                child_frame_id="base_link",
                pose=t["geometry_msgs/msg/PoseWithCovariance"](pose=pose, covariance=np.zeros(36)),
                twist=t["geometry_msgs/msg/TwistWithCovariance"](twist=speed, covariance=np.zeros(36)),
            )
            writer.write(topic, (1000 * 10 + i) * 100_000_000, store.serialize_ros1(made, "nav_msgs/msg/Odometry"))
    return file
