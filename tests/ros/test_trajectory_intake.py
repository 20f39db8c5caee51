"""Path and target's state of one image are one trajectory, in whatever order they come over DDS."""

from itertools import permutations

import numpy as np
import pytest
from nav_msgs.msg import Path
from rclpy.node import Node
from std_msgs.msg import Header
from vision_msgs.msg import Detection3D

from track_common.ros import qos
from track_common.ros.conversions import path_from_trajectory, stamp_from_seconds
from track_common.ros.targets import message_from_target, target_from_message
from track_common.ros.trajectory_intake import TrajectoryIntake
from track_common.types import TargetReport, TargetStatus, Trajectory

pytestmark = pytest.mark.ros
TIMES = np.arange(1, 6) * 0.2
REPORTS = {
    10: TargetReport(10.0, TargetStatus.TRACKED, "", np.array([2.0, 0.5, 1.0])),
    11: TargetReport(11.0, TargetStatus.LOST, "out of sight for 9.0 s"),
}
ORDERS = list(permutations([("path", 10), ("report", 10), ("path", 11), ("report", 11)]))


class Planner:
    """Publishes paths and reports one by one to an intake."""

    def __init__(self, peer, context, has_reports=True):
        self.peer, self.taken, self.refused, self.warned = peer, [], [], []
        self.node = Node("listener", context=context)
        self.intake = TrajectoryIntake(
            self.node, "base_link", self.taken.append, self.refused.append, self.warned.append
        )
        peer.add(self.node)
        self._path = peer.publisher(Path, "trajectory", qos.LATEST)
        self._report = peer.publisher(Detection3D, "target_state", qos.LATEST) if has_reports else None
        self._heard = 0
        for topic in ("trajectory", "target_state")[: 2 if has_reports else 1]:
            peer.wait_until(lambda topic=topic: self.node.count_publishers(topic) == 1, f"the publisher of {topic}")

    def send(self, kind, second, poses=5, frame_id="base_link"):
        header = Header(stamp=stamp_from_seconds(float(second)), frame_id=frame_id)
        if kind == "report":
            self._report.publish(message_from_target(REPORTS[second], header))
        else:
            way = np.column_stack([TIMES, np.zeros((5, 2))])[:poses]
            trajectory = Trajectory(float(second), way, TIMES[:poses])
            self._path.publish(path_from_trajectory(trajectory, header, frame_id))
        self.peer.spin(0.02)


@pytest.fixture
def planner(peer, ros_context):
    made = []

    def make(**options):
        made.append(Planner(peer, ros_context, **options))
        return made[-1]

    yield make
    for one in made:
        one.node.destroy_node()


def test_every_order_of_two_images_gives_both_trajectories_with_their_own_target(planner):
    planner = planner()
    for order in ORDERS:
        planner.taken.clear()
        for kind, second in order:
            planner.send(kind, second)
        planner.peer.wait_until(lambda: len(planner.taken) == 2, f"both trajectories of {order}")
        for trajectory in planner.taken:
            report = REPORTS[round(trajectory.stamp)]
            assert (trajectory.status, trajectory.reason) == (report.status, report.reason)
            assert np.array_equal(trajectory.target_base, report.position_base) or report.position_base is None
    assert planner.refused == planner.warned == []


def test_a_path_without_poses_is_a_stop_and_waits_for_nothing(planner):
    planner = planner()
    planner.send("path", 10, poses=0)
    planner.peer.wait_until(lambda: bool(planner.taken), "the stop")
    assert planner.taken[0].status is TargetStatus.STOPPED


def test_a_path_whose_target_never_comes_is_not_handed_over(planner):
    planner = planner()
    planner.send("path", 10)
    planner.send("path", 11)
    planner.send("report", 11)
    planner.peer.wait_until(lambda: bool(planner.taken), "the second trajectory")
    assert [trajectory.stamp for trajectory in planner.taken] == [11.0]


def test_a_planner_without_reports_is_taken_at_its_word(planner):
    planner = planner(has_reports=False)
    planner.send("path", 10)
    planner.peer.wait_until(lambda: bool(planner.taken), "the trajectory")
    assert planner.taken[0].status is TargetStatus.TRACKED and planner.taken[0].target_base is None


def test_a_path_in_another_frame_is_refused_and_an_unknown_status_left_out(planner):
    planner = planner()
    planner.send("path", 10, frame_id="map")
    message = message_from_target(REPORTS[10], Header())
    message.results[0].hypothesis.class_id = "bored"
    planner._report.publish(message)
    planner.peer.wait_until(lambda: bool(planner.refused and planner.warned), "the refusals")
    assert "'map'; wanted base_link" in str(planner.refused[0])
    assert "'bored'; wanted one of tracked" in planner.warned[0]


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.status.value)
def test_a_report_survives_the_message(report):
    header = Header(stamp=stamp_from_seconds(report.stamp))
    back = target_from_message(message_from_target(report, header))
    assert (back.stamp, back.status, back.reason) == (report.stamp, report.status, report.reason)
    assert np.array_equal(back.position_base, report.position_base) if report.position_base is not None else True
    assert (back.position_base is None) == (report.position_base is None)
