"""Message stamps, a node's clock, and seconds."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from rclpy.node import Node

NANO = 1_000_000_000


def seconds_from_stamp(stamp: Time) -> float:
    """Seconds of a message stamp."""
    return stamp.sec + stamp.nanosec / NANO


def stamp_from_seconds(seconds: float) -> Time:
    """Message stamp of seconds (>= 0), rounded to the nanosecond."""
    total = round(float(seconds) * NANO)
    return Time(sec=int(total // NANO), nanosec=int(total % NANO))


def now_of(node: Node) -> float:
    """Seconds of a node's clock: simulated ones with ``use_sim_time``."""
    return node.get_clock().now().nanoseconds / NANO
