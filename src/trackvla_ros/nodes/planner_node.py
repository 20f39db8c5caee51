"""ROS node ``planner``: target_box (or image), points, odom -> trajectory. Converts, calls the policy, publishes."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from geometry_msgs.msg import PointStamped
from nav_msgs.msg import Path
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Float32, Header, String
from vision_msgs.msg import Detection2DArray, Detection3D
from visualization_msgs.msg import MarkerArray

from track_common.config import ConfigError, refusing
from track_common.instruction import ParsedInstruction, parse_instruction
from track_common.interfaces import Configurable, NoAnswerError, Observation, Policy
from track_common.pose_buffer import PoseBuffer
from track_common.ros import qos
from track_common.ros.bounded import MAX_DETECTIONS_BYTES, subscribe_bounded
from track_common.ros.camera_topic import CameraTopic
from track_common.ros.conversions import (
    MessageError,
    frame_from_image,
    markers_from_candidates,
    path_from_trajectory,
    seconds_from_stamp,
    sighting_from_detections,
)
from track_common.ros.diagnostics import ERROR, OK, WARN, Diagnostics
from track_common.ros.instruction import InstructionTopic
from track_common.ros.operator_topics import listen_to_operator
from track_common.ros.parameters import assign, declare
from track_common.ros.run import run_node, settle_memory
from track_common.ros.sensor_intake import SensorIntake
from track_common.ros.targets import message_from_target
from track_common.types import Camera, Cloud, Frame, Odometry, Sighting, TargetReport, TargetStatus, Trajectory
from trackvla_ros.nodes.inference_worker import InferenceWorker, Request
from trackvla_ros.nodes.planner_config import PlannerConfig
from trackvla_ros.registry import POLICIES
from trackvla_ros.target_watch import TargetWatchConfig
from trackvla_ros.watched_policy import WatchedPolicy

DISTANCE = "box_servo.standoff"
NO_PIXELS = np.zeros((0, 0, 3), np.uint8)  # for policies that look at boxes only


class PlannerNode(Node):
    """Runs one policy of ``trackvla_ros.registry``; ``ros2 param set planner policy NAME`` swaps it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("planner", **kwargs)
        self._camera: Camera | None = None
        self._cloud: Cloud | None = None
        self._sighting: Sighting | None = None
        self._odometry: Odometry | None = None
        self._poses = PoseBuffer()
        self._images: CameraTopic | None = None
        self._config = declare(self, PlannerConfig(), on_change=self._on_config)
        self._instruction = parse_instruction(self._config.instruction)
        self._params = self._declare_policies()
        self._watch = declare(self, TargetWatchConfig(), "target.", self._on_watch_config)
        self._diagnostics = Diagnostics(self)
        self._make_publishers()
        policy = self._policy(self._config.policy, self._params[self._config.policy])
        self._worker = InferenceWorker(policy, followed_text(self._instruction), self._publish, self._on_policy_error)
        self._make_subscriptions()

    def on_shutdown(self) -> None:
        """End the worker and leave the robot with the wish to stop."""
        self._worker.close()
        self._publish_stop(TargetStatus.STOPPED, "the planner ends")

    def _make_publishers(self) -> None:
        self._trajectory_publisher = self.create_publisher(Path, "trajectory", qos.LATEST)
        self._state_publisher = self.create_publisher(Detection3D, "target_state", qos.LATEST)
        self._candidates_publisher = self.create_publisher(MarkerArray, "trajectory/candidates", qos.LATEST)
        self._target_publisher = self.create_publisher(PointStamped, "target_point", qos.LATEST)
        self._status_publisher = self.create_publisher(String, "target_status", qos.LATEST)

    def _make_subscriptions(self) -> None:
        limit, refuse = MAX_DETECTIONS_BYTES, self._refuse_target_box
        subscribe_bounded(self, Detection2DArray, "target_box", self._on_target_box, qos.LATEST, limit, refuse)
        intake = SensorIntake(self, self._config.base_frame, self._warn)
        intake.listen_to_camera(self._on_camera)
        intake.listen_to_points(self._on_cloud)
        intake.listen_to_odometry(self._on_odometry)
        self._instruction_topic = InstructionTopic(self, self._follow)
        listen_to_operator(self, Float32, "set_distance", self._on_distance)
        self._subscribe_to_image()

    def _on_distance(self, message: Float32) -> None:
        """A view of box_servo's parameter for operators, whose tools publish numbers more easily than parameters."""
        try:
            assign(self, **{DISTANCE: round(message.data, 3)})
        except ConfigError as error:
            self._diagnostics.refuse(f"set_distance refused: {error}")

    def _subscribe_to_image(self) -> None:
        wanted = POLICIES[self._config.policy].needs_image
        if wanted and self._images is None:
            transport, rate = self._config.image_transport, self._config.camera_rate
            self._images = CameraTopic(self, self._diagnostics, self._on_image, transport, rate)
        elif not wanted and self._images is not None:
            self._images.close()
            self._images = None

    def _declare_policies(self) -> dict[str, Any]:
        """Settings of every policy by its name, overrides in them; the policies themselves are made when asked for."""
        return {
            name: declare(self, entry.default_config(), f"{name}.", partial(self._on_policy_config, name))
            for name, entry in POLICIES.items()
        }

    def _policy(self, name: str, config: Any) -> Policy:
        """Raises ConfigError, whatever it is that the policy cannot load: a refusal must not end a running node."""
        with refusing(f"policy '{name}' cannot be loaded"):
            policy = POLICIES[name].make(config)
        if POLICIES[name].needs_image:
            policy = WatchedPolicy(policy, self._watch)
        settle_memory()
        return policy

    def _on_config(self, config: PlannerConfig) -> None:
        before = self._config
        policy = None
        if config.policy != before.policy:
            policy = self._policy(config.policy, self._params[config.policy])
        self._config = config
        if config.instruction != before.instruction:
            self._follow(config.instruction)
            self._instruction_topic.tell(config.instruction)
        if policy is not None:
            self._worker.swap(policy, followed_text(self._instruction))
            self._subscribe_to_image()

    def _on_policy_config(self, name: str, config: Any) -> None:
        if name == self._config.policy:
            policy = self._worker.policy
            if isinstance(policy, Configurable):
                policy.configure(config)  # and the target is kept
            else:
                self._worker.swap(self._policy(name, config), followed_text(self._instruction))
        self._params[name] = config

    def _on_watch_config(self, config: TargetWatchConfig) -> None:
        """Taken over at once: a policy that runs keeps its target."""
        self._watch = config
        if isinstance(self._worker.policy, WatchedPolicy):
            self._worker.policy.watch.config = config

    def _follow(self, instruction: str) -> None:
        self._instruction = parse_instruction(instruction)
        self._sighting = None
        self._worker.reset(followed_text(self._instruction))
        if not self._instruction.is_understood:
            self._publish_stop(TargetStatus.IDLE, self._instruction.standstill_reason)  # not with the next image
        if reason := self._instruction.standstill_reason:
            self._warn(f"standing still: {reason}")

    def _on_camera(self, camera: Camera) -> None:
        self._camera = camera

    def _on_cloud(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def _on_odometry(self, odometry: Odometry) -> None:
        self._odometry = odometry
        self._poses.push(odometry)

    def _on_target_box(self, message: Detection2DArray) -> None:
        try:
            self._sighting = sighting_from_detections(message)
        except MessageError as error:
            self._refuse_target_box(error)
            return
        left_out = len(message.detections) - len(self._sighting.others) - (self._sighting.box is not None)
        if left_out:
            self._diagnostics.refuse(
                f"target_box: {left_out} of {len(message.detections)} boxes are no boxes: left out"
            )
        if self._images is None:
            frame = Frame(NO_PIXELS, self._sighting.stamp, self._camera)
            self._observe(message.header, lambda: frame)

    def _refuse_target_box(self, error: MessageError) -> None:
        self._warn(f"target_box refused: {error}")

    def _on_image(self, message: Image | CompressedImage) -> None:
        with self._diagnostics.stage("image_callback"):
            self._observe(message.header, partial(self._frame, message, self._camera))

    def _frame(self, message: Image | CompressedImage, camera: Camera | None) -> Frame:
        frame = frame_from_image(message, camera)
        if frame.camera is not camera and camera is not None:
            height, width = frame.rgb.shape[:2]
            sizes = f"{width}x{height}, camera_info says {camera.width}x{camera.height}"
            self._diagnostics.refuse(f"image is {sizes}: the camera is scaled to the image")
        return frame

    def _observe(self, header: Header, frame: Callable[[], Frame]) -> None:
        """Ask for a trajectory; ``frame`` is made by the worker, and only of images that get their turn."""
        if self._instruction.text.strip() and not self._instruction.is_understood:
            self._stand(header)  # whatever box or image comes: the sentence names nobody to follow
            return
        if self._camera is None:
            self._warn("no camera_info with its transform yet: standing still")
        odometry = self._odometry_at(seconds_from_stamp(header.stamp))
        if odometry is None and self._odometry is not None:
            self._warn("odometry does not cover the image stamp: no trajectory")
            return
        sighting, cloud = self._sighting, self._cloud
        if not self._worker.put(Request(lambda: Observation(frame(), sighting, cloud, odometry), header)):
            self._diagnostics.count("skipped")

    def _odometry_at(self, stamp: float) -> Odometry | None:
        """Odometry at the image stamp: its pose interpolated, the newest velocity."""
        pose, newest = self._poses.pose_at(stamp), self._odometry
        if pose is None or newest is None:
            return None
        x, y, yaw = (float(v) for v in pose)
        return Odometry(stamp, x, y, yaw, newest.vx, newest.vy, newest.wz)

    def _publish(self, trajectory: Trajectory, request: Request) -> None:
        """Called by the worker. Trajectory and target's state have one stamp, by which their readers join them."""
        base_frame = self._config.base_frame
        header = Header(stamp=request.header.stamp, frame_id=base_frame)
        self._publish_target(trajectory.target, header)
        self._trajectory_publisher.publish(path_from_trajectory(trajectory, header, base_frame))
        if len(trajectory.candidates_base):
            self._candidates_publisher.publish(markers_from_candidates(trajectory, header, base_frame))
        self._diagnostics.count("trajectories")
        self._diagnostics.record("infer", time.monotonic() - request.since)
        for stage, seconds in self._worker.timings().items():
            self._diagnostics.record(stage, seconds)
        self._diagnostics.record("image_to_trajectory", self.get_clock().now().nanoseconds * 1e-9 - trajectory.stamp)
        said = trajectory.status.value + (f": {trajectory.reason}" if trajectory.reason else "")
        self._diagnostics.set("target", said)
        self._diagnostics.level(OK, f"{self._config.policy}: {said}")

    def _stand(self, header: Header) -> None:
        """The answer to an image while a stop sentence, or one that is not understood, holds."""
        header = Header(stamp=header.stamp, frame_id=self._config.base_frame)
        reason = self._instruction.standstill_reason
        self._publish_target(TargetReport(seconds_from_stamp(header.stamp), TargetStatus.IDLE, reason), header)
        self._trajectory_publisher.publish(Path(header=header))
        self._diagnostics.set("target", TargetStatus.IDLE.value)
        self._diagnostics.level(WARN, reason)

    def _publish_target(self, target: TargetReport, header: Header) -> None:
        """For the other nodes as one message, and for people as status and point."""
        self._state_publisher.publish(message_from_target(target, header))
        self._status_publisher.publish(String(data=target.status.value))
        self._target_publisher.publish(_point(target, header))

    def _publish_stop(self, status: TargetStatus, reason: str) -> None:
        now = self.get_clock().now()
        header = Header(stamp=now.to_msg(), frame_id=self._config.base_frame)
        self._publish_target(TargetReport(now.nanoseconds * 1e-9, status, reason), header)
        self._trajectory_publisher.publish(Path(header=header))

    def _on_policy_error(self, error: Exception) -> None:
        if isinstance(error, MessageError):
            self._warn(f"image refused: {error}")
            return
        if isinstance(error, NoAnswerError):
            self._diagnostics.count("unanswered")
            self._warn(f"{self._config.policy}: {error}")
            return
        self._publish_stop(TargetStatus.STOPPED, f"the policy failed: {type(error).__name__}: {error}")
        self._diagnostics.level(ERROR, f"{self._config.policy}: {type(error).__name__}: {error}")
        self.get_logger().error(f"policy failed, stopping: {type(error).__name__}: {error}", throttle_duration_sec=2.0)

    def _warn(self, text: str) -> None:
        self._diagnostics.level(WARN, text)
        self.get_logger().warning(text, throttle_duration_sec=2.0)


def followed_text(instruction: ParsedInstruction) -> str:
    """What a policy is told: the sentence, or nothing where it names nobody to follow."""
    return instruction.text if instruction.is_understood else ""


def _point(target: TargetReport, header: Header) -> PointStamped:
    """The target; NaN where its position is not known."""
    message = PointStamped(header=header)
    position = np.full(3, np.nan) if target.position_base is None else target.position_base
    message.point.x, message.point.y, message.point.z = (float(v) for v in position)
    return message


def main() -> None:
    """Entry point ``planner_node``."""
    run_node(PlannerNode)
