"""What a node says about itself once a second: rates, latency by stage, and why it is not doing its work."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from track_common.ros import qos
from track_common.ros.topic_check import unheard_publishers

OK, WARN, ERROR, STALE = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE
KEEP = 500  # samples a stage: several seconds at the rates we run
PERIOD = 1.0  # s, the usual rate of diagnostics
TOPIC_CHECK_PERIOD = 5.0  # s between two looks at who publishes what the node listens to


class Diagnostics:
    """Collects figures of all threads and publishes them on ``diagnostics``; cheap enough for every message."""

    def __init__(self, node: Node, hardware_id: str = "") -> None:
        self._node, self._hardware_id = node, hardware_id
        self._lock = threading.Lock()  # of everything below: workers add stages while the timer reads them
        self._level, self._message = OK, "running"
        self._stages: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEEP))
        self._counts: dict[str, int] = defaultdict(int)
        self._reported: dict[str, int] = {}
        self._values: dict[str, str] = {}
        self._alarms: dict[str, str] = {}
        self._since = time.monotonic()
        self._publisher = node.create_publisher(DiagnosticArray, "diagnostics", qos.RELIABLE)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(PERIOD, self.publish, clock=steady)
        node.create_timer(TOPIC_CHECK_PERIOD, self.check_topics, clock=steady)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block by the wall clock."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.record(name, time.perf_counter() - start)

    def record(self, name: str, seconds: float) -> None:
        """One sample of a latency, s."""
        with self._lock:
            self._stages[name].append(seconds)

    def count(self, name: str) -> None:
        """One more of these; published as total and rate."""
        with self._lock:
            self._counts[name] += 1

    def set(self, key: str, value: object) -> None:
        """A value shown as it is."""
        with self._lock:
            self._values[key] = str(value)

    def refuse(self, text: str) -> None:
        """Something that came in is not used: shown, and said on the console at most every two seconds."""
        self.set("refused", text)
        self._node.get_logger().warning(text, throttle_duration_sec=2.0)

    def level(self, level: bytes, message: str) -> None:
        """How the node is (OK, WARN, ERROR, STALE) and why."""
        with self._lock:
            self._level, self._message = level, message

    def alarm(self, name: str, text: str) -> None:
        """A warning that stays until it is called again with ""; said on the console when it begins."""
        with self._lock:
            if self._alarms.get(name, "") == text:
                return
            is_new = bool(text) and not self._alarms.get(name)
            self._alarms[name] = text
        if is_new:
            self._node.get_logger().warning(text)

    def check_topics(self) -> None:
        """Warn of publishers that the node cannot hear."""
        self.alarm("topics", "; ".join(unheard_publishers(self._node)))

    def publish(self) -> None:
        """Send the figures now."""
        with self._lock:
            alarms = [text for text in self._alarms.values() if text]
            level = max(self._level, WARN) if alarms else self._level
            message = "; ".join([self._message, *alarms])
            figures = {**self._values, **self._rates()}
            samples = {name: np.array(values) for name, values in self._stages.items()}
        figures |= _latencies(samples)  # percentiles take a while: not under the lock
        status = DiagnosticStatus(
            level=level, name=self._node.get_fully_qualified_name(), message=message, hardware_id=self._hardware_id
        )
        status.values = [KeyValue(key=k, value=v) for k, v in figures.items()]
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _rates(self) -> dict[str, str]:
        now = time.monotonic()
        elapsed, self._since = max(now - self._since, 1e-3), now
        figures = {}
        for name, total in self._counts.items():
            figures[f"{name}_total"] = str(total)
            figures[f"{name}_hz"] = f"{(total - self._reported.get(name, 0)) / elapsed:.1f}"
            self._reported[name] = total
        return figures


def _latencies(samples: dict[str, np.ndarray]) -> dict[str, str]:
    """Median, 99th percentile and maximum (ms) of each stage's samples (s)."""
    figures = {}
    for name, seconds in samples.items():
        values = np.percentile(1e3 * seconds, (50, 99, 100))
        figures |= {f"{name}_{k}_ms": f"{v:.1f}" for k, v in zip(("p50", "p99", "max"), values, strict=True)}
    return figures
