"""ROS node ``simulator``: a GO2 in a furnished place among people; takes cmd_vel, gives what its sensors see.

Simulated time is published on /clock and passes at ``real_time_factor`` of real time, or slower where the machine
cannot keep up (diagnostics say so). People stand until a follower sends commands, so that a slow start loses nobody.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Float32, String
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection2DArray, Detection3DArray

from evt_bench.episodes import MAX_STEPS, STEP, EpisodeConfig, draw_episode
from evt_bench.nodes import sim_messages as messages
from evt_bench.nodes.sim_messages import BASE, CAMERA, LIDAR, MAP, ODOM
from evt_bench.world.base import BaseConfig
from evt_bench.world.config import CameraConfig, LidarConfig, OdometryConfig, StepConfig
from evt_bench.world.legs import LegsConfig
from evt_bench.world.plant import PlantConfig
from evt_bench.world.trunk import Trunk, base_in_world
from evt_bench.world.world import World, WorldConfig
from track_common.config import setting
from track_common.geometry import compose, inverse
from track_common.ros import qos
from track_common.ros.clouds import points_from_array
from track_common.ros.conversions import (
    command_from_twist,
    image_from_rgb,
    info_from_camera,
    message_from_odometry,
    stamp_from_seconds,
)
from track_common.ros.diagnostics import OK, WARN, Diagnostics
from track_common.ros.frames import transform_from_matrix
from track_common.ros.images import MessageError, compressed_from_rgb
from track_common.ros.parameters import declare
from track_common.ros.run import run_node
from track_common.types import STOP

START = 10.0  # s of simulated time at the first step: 0 means "no time yet" to ROS
READY_AFTER = 20.0  # s of commands that are all zero (a tracker may still load), after which people walk none the less
FINAL_WAIT = 1.0  # s the target stands at its goal before the episode ends (EVT-Bench: 5-15 steps of 0.1 s)
MOVED_BY = 1e-3  # any larger component makes a command one that moves
MAX_CATCH_UP = 3  # steps in a row without looking at subscriptions
NANO = 1e-9
STEPS_PER_IMAGE, STEPS_PER_SWEEP = 2, 4  # 30 Hz and 15 Hz at 60 steps a second


@dataclass(frozen=True)
class SimNodeConfig:
    """Settings of the node itself; place, people and robot have theirs under prefixes."""

    task: str = setting("STT", "kind of episode", choices=("STT", "DT", "AT"), runtime=False)
    seed: int = setting(0, "which place, people and paths", low=0, runtime=False)
    once: bool = setting(False, "end after one episode; false: the target walks to and fro for ever", runtime=False)
    duration: float = setting(0.0, "end after this much simulated time, 0 = never", unit="s", low=0.0, runtime=False)
    real_time_factor: float = setting(1.0, "how fast time passes; 0 = as fast as it goes", low=0.0, high=20.0)
    wait_for_follower: bool = setting(True, "people stand until the robot is commanded", runtime=False)
    instruction: str = setting("", "sentence to publish; empty: the description of the target", runtime=False)
    publish_instruction: bool = setting(True, "say the sentence on the topic instruction", runtime=False)
    publish_compressed: bool = setting(False, "also send JPEG on image_raw/compressed", runtime=False)
    publish_truth: bool = setting(True, "send ground_truth topics", runtime=False)
    use_stamped: bool = setting(False, "cmd_vel is a TwistStamped", runtime=False)
    command_timeout: float = setting(
        0.25, "silence on cmd_vel that stops the robot, as its driver would; 0 = its own 1 s only", unit="s", low=0.0
    )


class SimNode(Node):
    """Steps a ``World`` against the wall clock and publishes what its sensors see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("simulator", **kwargs)
        self.exit_code: int | None = None
        self._config = declare(self, SimNodeConfig(), on_change=self._on_config)
        episodes = declare(self, EpisodeConfig(), prefix="episode.")
        world_config = WorldConfig(
            camera=declare(self, CameraConfig(), prefix="camera."),
            lidar=declare(self, LidarConfig(), prefix="lidar."),
            odometry=declare(self, OdometryConfig(), prefix="odometry."),
            plant=declare(self, PlantConfig(), prefix="plant."),
            base=declare(self, BaseConfig(), prefix="base."),
            legs=declare(self, LegsConfig(), prefix="legs."),
            step=StepConfig(),
        )
        episode = draw_episode(self._config.task, self._config.seed, episodes)
        self._world = World(replace(episode, is_endless=not self._config.once), world_config, START)
        self._world.people_wait = self._config.wait_for_follower
        self._steps, self._arrived, self._started = 0, 0.0, START
        self._first_command: float | None = None
        self._last_command: float | None = None
        self._diagnostics = Diagnostics(self)
        self._make_publishers()
        kind = TwistStamped if self._config.use_stamped else Twist
        # a robot hears every command when it comes, however long we are drawing: none may be overwritten by the next
        on_command: Any = self._on_command  # rclpy's stubs know of one argument only
        self.create_subscription(kind, "cmd_vel", on_command, qos.RELIABLE)
        self._publish_once()
        self._world.render()  # the first takes most of a second, in which a robot would seem to have died
        self._wall, self._lag_start = time.monotonic(), START
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(0.002, self._on_timer, clock=self._steady)
        self.create_timer(1.0, self._report, clock=self._steady)
        self.get_logger().info(f"{episode.task} episode {episode.seed}: {self._sentence()}")

    def on_shutdown(self) -> None:
        """Release the renderer."""
        self._world.close()

    def _make_publishers(self) -> None:
        self._clock_out = self.create_publisher(ClockMessage, "/clock", qos.LATEST)
        self._image = self.create_publisher(Image, "image_raw", qos.SENSOR_OUT)
        self._compressed = None
        if self._config.publish_compressed:
            self._compressed = self.create_publisher(CompressedImage, "image_raw/compressed", qos.SENSOR_OUT)
        self._info = self.create_publisher(CameraInfo, "camera_info", qos.SENSOR_OUT)
        self._points = self.create_publisher(PointCloud2, "points", qos.SENSOR_OUT)
        self._odom = self.create_publisher(OdometryMessage, "odom", qos.SENSOR_OUT)
        self._tf = self.create_publisher(TFMessage, "tf", qos.TF)
        self._tf_static = self.create_publisher(TFMessage, "tf_static", qos.TF_STATIC)
        self._instruction = self.create_publisher(String, "instruction", qos.LATCHED)
        self._true_people = self.create_publisher(Detection3DArray, "ground_truth/people", qos.RELIABLE)
        self._true_robot = self.create_publisher(OdometryMessage, "ground_truth/robot", qos.RELIABLE)
        self._true_box = self.create_publisher(Detection2DArray, "ground_truth/target_box", qos.RELIABLE)
        self._clearance = self.create_publisher(Float32, "ground_truth/clearance", qos.RELIABLE)

    def _publish_once(self) -> None:
        """Mounts and the sentence: latched, late joiners get them."""
        stamp, world = stamp_from_seconds(START), self._world
        mounts = [
            transform_from_matrix(world.camera.T_base_camera, stamp, BASE, CAMERA),
            transform_from_matrix(world.T_base_lidar, stamp, BASE, LIDAR),
        ]
        self._tf_static.publish(TFMessage(transforms=mounts))
        if self._config.publish_instruction:
            self._instruction.publish(String(data=self._sentence()))

    def _sentence(self) -> str:
        return self._config.instruction or self._world.episode.instruction

    def _on_config(self, config: SimNodeConfig) -> None:
        """A new pace counts from here on."""
        self._config = config
        self._wall, self._lag_start = time.monotonic(), self._world.time

    def _on_command(self, message: Any, info: dict[str, int]) -> None:
        try:
            command = command_from_twist(message.twist if self._config.use_stamped else message)
        except MessageError as error:
            self._diagnostics.count("bad commands")
            self.get_logger().warning(f"command dropped: {error}", throttle_duration_sec=1.0)
            return
        self._diagnostics.count("commands")
        self._world.command(command, self._time_at(info["received_timestamp"] * NANO))
        now = self._last_command = self._world.time
        self._first_command = now if self._first_command is None else self._first_command
        is_moving = max(abs(command.vx), abs(command.vy), abs(command.wz)) > MOVED_BY
        if self._world.people_wait and (is_moving or now - self._first_command > READY_AFTER):
            self._world.people_wait = False
            self._started = now
            self.get_logger().info("the follower is ready: people walk")

    def _time_at(self, received: float) -> float:
        """Simulated time at which a message arrived (s, wall clock), which may have waited while we drew an image.

        That is now where ``received`` is 0, as CycloneDDS says, or time passes as fast as it goes.
        """
        ago, factor = time.time() - received, self._config.real_time_factor
        if factor == 0.0 or received == 0.0:
            return self._world.time
        arrived = self._lag_start + factor * (time.monotonic() - self._wall - ago)
        oldest = self._world.time - (MAX_CATCH_UP + 1) * self._world.config.step.dt
        return min(max(arrived, oldest), self._world.time)

    def _on_timer(self) -> None:
        """Catch up with the wall clock, but not for long: what cannot be caught up is dropped and time runs slower."""
        for _ in range(MAX_CATCH_UP):
            if not self._is_due() or self.exit_code is not None:
                return
            self._step()
        if self._is_due() and self._config.real_time_factor > 0.0:
            self._wall, self._lag_start = time.monotonic(), self._world.time

    def _is_due(self) -> bool:
        factor = self._config.real_time_factor
        return factor == 0.0 or self._world.time - self._lag_start <= factor * (time.monotonic() - self._wall)

    def _step(self) -> None:
        self._stop_if_silent()
        with self._diagnostics.stage("step"):
            self._world.step()
        self._steps += 1
        now = self._world.time
        self._clock_out.publish(ClockMessage(clock=stamp_from_seconds(now)))
        self._publish_odometry()
        if self._steps % STEPS_PER_SWEEP == 0:
            self._publish_points()
        if self._steps % STEPS_PER_IMAGE == 0:
            self._publish_image()
            if self._config.publish_truth:
                self._publish_truth()
            self._check_end(now)

    def _stop_if_silent(self) -> None:
        timeout = self._config.command_timeout
        if self._last_command is None or not 0.0 < timeout < self._world.time - self._last_command:
            return
        self._world.command(STOP)
        self._last_command = None
        self._diagnostics.count("stops for silence")
        self.get_logger().warning(f"no command for {timeout} s: the robot stops")

    def _publish_odometry(self) -> None:
        odometry = self._world.odometry()
        self._odom.publish(message_from_odometry(odometry, ODOM, BASE))
        stamp = stamp_from_seconds(odometry.stamp)
        T_odom_base = base_in_world(odometry.pose, Trunk(odometry.z, odometry.roll, odometry.pitch))
        transform = transform_from_matrix(T_odom_base, stamp, ODOM, BASE)
        self._tf.publish(TFMessage(transforms=[transform]))

    def _publish_truth(self) -> None:
        """What a bag is scored by, at the images' rate and stamps; map -> odom says where odometry has drifted to."""
        with self._diagnostics.stage("target mask"):
            view = self._world.target_view()
        truth, odometry = self._world.truth(), self._world.odometry()
        self._true_robot.publish(messages.robot(truth))
        self._true_people.publish(messages.people(truth))
        self._clearance.publish(messages.clearance(truth))
        self._true_box.publish(messages.target_box(view, truth.stamp))
        drift = messages.yawed(compose(truth.robot, inverse(odometry.pose)))
        transform = transform_from_matrix(drift, stamp_from_seconds(truth.stamp), MAP, ODOM)
        self._tf.publish(TFMessage(transforms=[transform]))

    def _publish_points(self) -> None:
        with self._diagnostics.stage("sweep"):
            cloud = self._world.scan()
        mount = self._world.T_base_lidar
        points_lidar = (cloud.points_base - mount[:3, 3].astype(np.float32)) @ mount[:3, :3].astype(np.float32)
        self._points.publish(points_from_array(points_lidar, messages.header(cloud.stamp, LIDAR)))

    def _publish_image(self) -> None:
        with self._diagnostics.stage("image"):
            frame = self._world.render()
        header = messages.header(frame.stamp, CAMERA)
        self._image.publish(image_from_rgb(frame.rgb, header))
        self._info.publish(info_from_camera(self._world.camera, header))
        if self._compressed is not None:
            self._compressed.publish(compressed_from_rgb(frame.rgb, header))

    def _check_end(self, now: float) -> None:
        """The target done, the rules' 300 steps gone or ``duration`` over: leave with code 0."""
        if self._world.truth().has_arrived:
            self._arrived += STEPS_PER_IMAGE * self._world.config.step.dt
        is_over = self._config.once and (self._arrived > FINAL_WAIT or now - self._started > MAX_STEPS * STEP)
        is_over = is_over and not self._world.people_wait
        if is_over or 0.0 < self._config.duration < now - START:
            self.get_logger().info(f"episode over after {now - self._started:.1f} s")
            self.exit_code = 0
            self._timer.cancel()

    def _report(self) -> None:
        wall = time.monotonic() - self._wall
        factor = (self._world.time - self._lag_start) / wall if wall > 0.5 else self._config.real_time_factor
        self._diagnostics.set("real_time_factor", f"{factor:.2f}")
        self._diagnostics.set("people", "waiting" if self._world.people_wait else "walking")
        is_slow = 0.0 < factor < 0.9 * self._config.real_time_factor
        self._diagnostics.level(WARN if is_slow else OK, "slower than asked for" if is_slow else "running")


def main() -> None:
    """Entry point ``sim_node``."""
    run_node(SimNode)


if __name__ == "__main__":
    main()
