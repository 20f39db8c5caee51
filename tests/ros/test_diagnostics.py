"""What a node says about itself: figures in numbers that a person and a script can read."""

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


def test_a_stage_is_timed(ros_context):
    node = Node("worker", context=ros_context)
    diagnostics = Diagnostics(node)
    with diagnostics.stage("sleep"):
        pass
    assert 0.0 <= float(diagnostics._latencies()["sleep_p50_ms"]) < 1000.0
    node.destroy_node()
