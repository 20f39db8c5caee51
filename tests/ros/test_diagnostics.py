"""What a node says about itself: figures in numbers that a person and a script can read."""

import sys
import threading
from types import SimpleNamespace

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from track_common.ros.diagnostics import WARN, Diagnostics

pytestmark = pytest.mark.ros


def test_rates_latencies_values_and_state_are_published_each_second(ros_context, peer):
    node = Node("worker", context=ros_context)
    diagnostics = Diagnostics(node, "go2")
    peer.add(node)
    messages = peer.collect(DiagnosticArray, "diagnostics")
    for milliseconds in range(1, 101):
        diagnostics.record("detect", milliseconds * 1e-3)
        diagnostics.count("frames")
    diagnostics.set("policy", "box_servo")
    diagnostics.level(WARN, "no cloud")
    peer.wait_until(lambda: bool(messages) and messages[-1].status[0].level == WARN, "the figures")
    (status,) = messages[-1].status
    values = {pair.key: pair.value for pair in status.values}
    assert (status.name, status.hardware_id, status.message) == ("/worker", "go2", "no cloud")
    assert (values["policy"], values["frames_total"]) == ("box_servo", "100")
    assert float(values["detect_p50_ms"]) == pytest.approx(50.5)
    assert float(values["detect_p99_ms"]) == pytest.approx(99.0, abs=0.1)
    assert float(values["frames_hz"]) > 0.0
    node.destroy_node()


def figures_of(diagnostics):
    """The values of the next message."""
    sent = []
    diagnostics._publisher = SimpleNamespace(publish=sent.append)
    diagnostics.publish()
    return {pair.key: pair.value for pair in sent[0].status[0].values}


def test_a_stage_is_timed(ros_context):
    node = Node("worker", context=ros_context)
    diagnostics = Diagnostics(node)
    with diagnostics.stage("sleep"):
        pass
    assert 0.0 <= float(figures_of(diagnostics)["sleep_p50_ms"]) < 1000.0
    node.destroy_node()


def test_threads_add_stages_counts_and_values_while_the_figures_are_published(ros_context):
    """Python changes threads as often as it can; without a lock the first publications raise RuntimeError."""
    node = Node("worker", context=ros_context)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            diagnostics, started = Diagnostics(node), threading.Event()

            def work(diagnostics=diagnostics, started=started):
                for i in range(300):
                    diagnostics.record(f"stage_{i}", 0.1)
                    diagnostics.count(f"count_{i}")
                    diagnostics.set(f"value_{i}", i)
                    started.set()

            thread = threading.Thread(target=work)
            thread.start()
            started.wait(15.0)
            while thread.is_alive():
                figures_of(diagnostics)
            thread.join()
            assert figures_of(diagnostics)["count_299_total"] == "1"
    finally:
        sys.setswitchinterval(interval)
        node.destroy_node()
