"""A planner's trajectory as a node takes it in: path and target's state, joined by their stamp in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nav_msgs.msg import Path
from rclpy.node import Node
from std_msgs.msg import Header
from vision_msgs.msg import Detection3D

from track_common.ros import qos
from track_common.ros.bounded import MAX_DETECTIONS_BYTES, MAX_PATH_BYTES, subscribe_bounded
from track_common.ros.conversions import trajectory_from_path
from track_common.ros.images import MessageError
from track_common.ros.targets import target_from_message
from track_common.stamp_join import StampJoin
from track_common.types import TargetReport, TargetStatus, Trajectory


class TrajectoryIntake:
    """Subscribes to ``trajectory`` and ``target_state``; hands over whole trajectories.

    A path without poses is a stop and waits for nothing. A path of a planner that publishes no ``target_state`` at all
    is taken as it is: tracked, the target's position not known.
    """

    def __init__(
        self,
        node: Node,
        base_frame: str,
        take: Callable[[Trajectory], None],
        refuse: Callable[[MessageError], None],
        warn: Callable[[str], None],
    ) -> None:
        """Subscribe.

        Args:
            node: listens.
            base_frame: frame a path must be in.
            take: gets each trajectory.
            refuse: called for a path that cannot be used.
            warn: called for a target's state that cannot be used; its path then finds no partner.
        """
        self._node, self._base_frame = node, base_frame
        self._take, self._refuse, self._warn = take, refuse, warn
        self._join: StampJoin[Trajectory, TargetReport] = StampJoin()
        self._targets = subscribe_bounded(
            node, Detection3D, "target_state", self._on_target, qos.PAIRED, MAX_DETECTIONS_BYTES, self._leave_out
        )
        subscribe_bounded(node, Path, "trajectory", self._on_path, qos.PAIRED, MAX_PATH_BYTES, refuse)

    def _on_path(self, message: Path) -> None:
        try:
            trajectory = trajectory_from_path(message, self._base_frame)
        except MessageError as error:
            self._refuse(error)
            return
        if not len(trajectory.poses_base):
            target = self._join.pop_right(_key(message.header))
            self._hand_over((trajectory, target or TargetReport(trajectory.stamp, TargetStatus.STOPPED)))
        elif not self._node.count_publishers(self._targets.topic_name):
            self._take(trajectory)
        else:
            self._hand_over(self._join.push_left(_key(message.header), trajectory))

    def _on_target(self, message: Detection3D) -> None:
        try:
            target = target_from_message(message)
        except MessageError as error:
            self._leave_out(error)
            return
        self._hand_over(self._join.push_right(_key(message.header), target))

    def _leave_out(self, error: MessageError) -> None:
        self._warn(f"target_state left out: {error}")

    def _hand_over(self, pair: tuple[Trajectory, TargetReport] | None) -> None:
        if pair is not None:
            trajectory, target = pair
            position = target.position_base
            self._take(replace(trajectory, status=target.status, reason=target.reason, target_base=position))


def _key(header: Header) -> tuple[int, int]:
    return header.stamp.sec, header.stamp.nanosec
