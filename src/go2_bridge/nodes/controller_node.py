"""ROS node ``controller``: trajectory, points, odom -> cmd_vel. Converts, calls the Follower, publishes at 50 Hz.

Two timers: one on the ROS clock runs the control loop; one on a steady clock sends stops when odometry falls silent,
for in simulated time a dead simulator stops the ROS clock, and with it every stamp's age and the first timer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Header, String
from std_srvs.srv import SetBool

from go2_bridge.config import NEAR_PEOPLE, ControllerConfig
from go2_bridge.control.timing import asks_for_stop
from go2_bridge.follower import Follower
from go2_bridge.nodes.display import Display
from go2_bridge.nodes.follow_services import FollowServices
from go2_bridge.safety.watchdog import ControlStatus, SilenceWatch, StopReason, stopped
from track_common.config import setting
from track_common.frame_ids import base_frame_setting
from track_common.interfaces import Decision
from track_common.ros import qos
from track_common.ros.conversions import (
    MessageError,
    command_from_twist,
    twist_from_command,
    twist_stamped_from_command,
)
from track_common.ros.diagnostics import OK, WARN, Diagnostics
from track_common.ros.parameters import assign, declare
from track_common.ros.run import run_node
from track_common.ros.sensor_intake import SensorIntake
from track_common.ros.stamps import now_of
from track_common.ros.trajectory_intake import TrajectoryIntake
from track_common.types import STOP, Cloud, Odometry, Trajectory, VelocityCommand

STOPS_AT_EXIT = 3  # the stop is sent more than once: the last messages of a process are the likeliest to be lost
QUIET = 0.01  # s before a command in which nothing long is begun: sweep or trajectory take 3 to 7 ms


@dataclass(frozen=True)
class ControllerNodeConfig:
    """Settings of the node itself; the Follower's own stand beside them."""

    armed: bool = setting(False, "obey trajectories from the start; false: call the service enable first")
    use_stamped: bool = setting(False, "publish cmd_vel as TwistStamped", runtime=False)
    control_rate: float = setting(50.0, "commands a second", unit="Hz", low=10.0, high=200.0, runtime=False)
    silence_timeout: float = setting(
        0.5, "stop where no odometry came for this long by the wall clock", unit="s", low=0.1, high=10.0, runtime=False
    )
    display_rate: float = setting(
        5.0, "band, obstacles and target frame a second, 0 = never", unit="Hz", low=0.0, high=30.0, runtime=False
    )
    base_frame: str = base_frame_setting()
    odom_frame: str = setting("odom", "frame the band and the target are drawn in", runtime=False)


class ControllerNode(Node):
    """Runs a ``Follower``; commands are always sent, zeros included."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("controller", **kwargs)
        self._config = declare(self, ControllerNodeConfig(), on_change=self._on_config)
        self._follower = Follower(declare(self, NEAR_PEOPLE, on_change=self._on_follower_config))
        self._silence = SilenceWatch(self._config.silence_timeout)
        self._said: dict[str, str] = {}
        self._ticked: float | None = None
        self._trajectory: Trajectory | None = None  # come, but not taken in yet
        self._arrived = 0.0  # when that was, s
        self._unanswered: float | None = None  # stamp (s) of one taken in that no command has followed yet
        self._is_behind = False  # something has come that is not digested yet
        self._diagnostics = Diagnostics(self)
        self._display = Display(self, self._follower, self._config.odom_frame, self._config.display_rate)
        self._make_publishers()
        self._make_subscriptions()
        self._make_timers()

    def on_shutdown(self) -> None:
        """Leave the robot standing."""
        for _ in range(STOPS_AT_EXIT):
            self._send(stopped(StopReason.SHUTDOWN))

    def _make_publishers(self) -> None:
        kind = TwistStamped if self._config.use_stamped else Twist
        self._command_publisher = self.create_publisher(kind, "cmd_vel", qos.COMMAND)
        self._reason_publisher = self.create_publisher(String, "stop_reason", qos.LATCHED)
        self._status_publisher = self.create_publisher(String, "control_status", qos.LATCHED)

    def _make_subscriptions(self) -> None:
        # In this order: of messages that wait, an executor takes the earlier subscription's first
        base_frame, refuse = self._config.base_frame, self._diagnostics.refuse
        TrajectoryIntake(self, base_frame, self._on_trajectory, self._on_unsound_trajectory, refuse)
        self.create_subscription(Twist, "recovery/cmd_vel", self._on_wish, qos.COMMAND)
        intake = SensorIntake(self, base_frame, refuse)
        intake.listen_to_points(self._on_cloud)
        intake.listen_to_odometry(self._on_odometry, self._follower.refuse_odometry)
        self.create_service(SetBool, "enable", self._on_enable)
        FollowServices(self, lambda is_armed: assign(self, armed=is_armed), self._said)

    def _make_timers(self) -> None:
        self._timer = self.create_timer(1.0 / self._config.control_rate, self._tick)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / 20.0, self._stop_if_silent, clock=steady)

    def _on_config(self, config: ControllerNodeConfig) -> None:
        was_armed, self._config = self._config.armed, config
        if was_armed and not config.armed:
            self._control()

    def _on_follower_config(self, config: ControllerConfig) -> None:
        self._follower.configure(config)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """A view of the parameter ``armed``; the stop has been sent when the answer leaves."""
        assign(self, armed=bool(request.data))
        response.success, response.message = True, "armed" if self._config.armed else "disarmed: standing"
        return response

    def _on_wish(self, message: Twist) -> None:
        try:
            self._follower.on_wish(now_of(self), command_from_twist(message))
        except MessageError as error:
            self._follower.on_wish(now_of(self), STOP)
            self._diagnostics.refuse(f"recovery/cmd_vel refused: {error}")

    def _on_unsound_trajectory(self, error: MessageError) -> None:
        self._take_trajectory()  # in the order they came
        self._follower.refuse_trajectory()
        self._control()  # the stop first: a node's first line on the console takes it a while
        self._diagnostics.refuse(f"trajectory refused: {error}")

    def _on_trajectory(self, trajectory: Trajectory) -> None:
        self._take_trajectory()
        self._trajectory, self._arrived = trajectory, now_of(self)
        self._diagnostics.count("trajectories")
        if asks_for_stop(trajectory):
            self._take_trajectory()
            self._control()
        self._is_behind = True
        self._digest_if_quiet()

    def _take_trajectory(self) -> None:
        """Hand the one that waits to the follower."""
        if self._trajectory is not None:
            self._follower.on_trajectory(self._trajectory, self._arrived)
            self._unanswered, self._trajectory = self._trajectory.stamp, None

    def _on_cloud(self, cloud: Cloud) -> None:
        self._follower.take_cloud(cloud)
        self._diagnostics.count("clouds")
        self._is_behind = True
        self._digest_if_quiet()

    def _on_odometry(self, odometry: Odometry) -> None:
        self._silence.heard(time.monotonic())
        self._follower.on_odometry(odometry)
        self._display.on_odometry(odometry)
        self._diagnostics.count("odometry")

    def _tick(self) -> None:
        now, last = now_of(self), self._ticked
        self._ticked = now
        if last is not None:
            self._diagnostics.record("jitter", abs(now - last - 1.0 / self._config.control_rate))
        self._control()
        if self._unanswered is not None:
            self._diagnostics.record("image_to_command", now_of(self) - self._unanswered)
            self._unanswered = None
        if self._is_behind:
            self._digest()

    def _digest_if_quiet(self) -> None:
        """Take in what has come, or, shortly before a tick, leave it until after that: ticks are never late."""
        if 1e-9 * self._timer.time_until_next_call() > QUIET:
            self._digest()

    def _digest(self) -> None:
        with self._diagnostics.stage("digest"):
            self._take_trajectory()
            self._follower.digest(now_of(self))
        self._is_behind = False

    def _control(self) -> None:
        with self._diagnostics.stage("control"):
            decision = self._follower.control(now_of(self))
        reason = self._overruling()
        if reason is not None:
            self._follower.note_sent(now_of(self), STOP)
            decision = stopped(reason)
        self._send(decision)

    def _overruling(self) -> StopReason | None:
        """What the follower cannot know: nobody armed the node, or the clock stands still with the odometry.

        One order for both timers, so that one reason is said.
        """
        if not self._config.armed:
            return StopReason.NOT_ARMED
        return StopReason.STALE_ODOMETRY if self._silence.is_silent(time.monotonic()) else None

    def _stop_if_silent(self) -> None:
        if self._silence.is_silent(time.monotonic()):
            self._control()

    def _send(self, decision: Decision) -> None:
        self._command_publisher.publish(self._message(decision.command))
        self._say("stop_reason", decision.reason, self._reason_publisher)
        self._say("control_status", decision.status, self._status_publisher)
        self._diagnostics.count("commands")
        is_calm = decision.status == ControlStatus.FOLLOWING.value
        warning = self._follower.warning
        self._diagnostics.set("warning", warning)
        is_well = is_calm and not warning
        self._diagnostics.level(OK if is_well else WARN, decision.reason or warning or decision.status)
        if warning:
            self.get_logger().warning(warning, throttle_duration_sec=10.0)

    def _say(self, name: str, text: str, publisher: Publisher) -> None:
        """On the topic when it changes, in diagnostics always."""
        self._diagnostics.set(name, text)
        if self._said.get(name) != text:
            self._said[name] = text
            publisher.publish(String(data=text))

    def _message(self, command: VelocityCommand) -> Twist | TwistStamped:
        if not self._config.use_stamped:
            return twist_from_command(command)
        stamp = self.get_clock().now().to_msg()
        return twist_stamped_from_command(command, Header(stamp=stamp, frame_id=self._config.base_frame))


def main() -> None:
    """Entry point ``controller_node``."""
    run_node(ControllerNode)
