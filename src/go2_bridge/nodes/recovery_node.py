"""ROS node ``recovery``: target_status, target_point, odom -> recovery/cmd_vel and Nav2 goals, once the target is lost.

What it asks for is a wish: the controller obeys it only while the planner says *lost*, under its own limits and stop
layer. Nav2's velocities come in on nav_cmd_vel and pass only while a goal of ours is being driven to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PointStamped, Twist, TwistStamped
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from go2_bridge.nodes.follow_object import Switch, make_follow_object
from go2_bridge.nodes.navigator import NavigatorConfig, make_navigator
from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.last_seen import LastSeen, moved_on, remember
from go2_bridge.recovery.machine import Goal, Order, Stage, State, Task, View, advance, order_of, search_again
from track_common.config import setting
from track_common.geometry import transform_points
from track_common.pose_buffer import PoseBuffer
from track_common.ros import qos
from track_common.ros.conversions import seconds_from_stamp
from track_common.ros.diagnostics import OK, WARN, Diagnostics
from track_common.ros.parameters import declare
from track_common.ros.run import run_node
from track_common.ros.sensor_intake import SensorIntake
from track_common.types import Odometry, TargetStatus

REPORT_PERIOD = 0.25  # s between feedbacks of follow_object


@dataclass(frozen=True)
class RecoveryNodeConfig:
    """Settings of the node itself; the search's and the navigator's own stand beside them."""

    rate: float = setting(20.0, "orders a second", unit="Hz", low=5.0, high=100.0, runtime=False)
    status_timeout: float = setting(0.6, "a planner silent for longer has no word", unit="s", low=0.1, high=5.0)
    odometry_timeout: float = setting(0.3, "oldest odometry", unit="s", low=0.05, high=2.0)
    patience: float = setting(
        30.0,
        "follow_object: given to the first sight of the target, and to a silent planner",
        unit="s",
        low=1.0,
        runtime=False,
    )
    use_stamped: bool = setting(False, "nav_cmd_vel is a TwistStamped, as Nav2 sends since Kilted", runtime=False)
    base_frame: str = setting("base_link", "frame of the robot's base", runtime=False)


class RecoveryNode(Node):
    """Carries out what ``go2_bridge.recovery.machine`` orders."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("recovery", **kwargs)
        self._config = declare(self, RecoveryNodeConfig(), on_change=self._on_config)
        self._search = declare(self, RecoveryConfig(), on_change=self._on_search_config)
        navigator = declare(self, NavigatorConfig(), "navigator.", self._on_navigator_config)
        self._navigator = make_navigator(self, navigator)
        self._is_following = True
        self._sentence: str | None = None
        self._deaf_until = 0.0
        self._state, self._order = State(), Order()
        self._status: tuple[float, TargetStatus] | None = None
        self._last_seen: LastSeen | None = None
        self._poses = PoseBuffer()
        self._told = ""
        self._diagnostics = Diagnostics(self)
        self._make_publishers()
        self._make_subscriptions()
        self._enable = self.create_client(SetBool, "enable")
        switch = Switch(self._begin, self._end, self._obstacle)
        self._follow_object = make_follow_object(self, switch, self._config.patience)
        self.create_timer(1.0 / self._config.rate, self._tick)
        self.create_timer(REPORT_PERIOD, self._report)

    def on_shutdown(self) -> None:
        """Leave neither a goal nor a wish behind."""
        self._state = State()
        self._carry_out(Order())

    def _make_publishers(self) -> None:
        self._wish_publisher = self.create_publisher(Twist, "recovery/cmd_vel", qos.COMMAND)
        self._stage_publisher = self.create_publisher(String, "recovery/stage", qos.LATCHED)
        self._instruction_publisher = self.create_publisher(String, "instruction", qos.LATCHED)

    def _make_subscriptions(self) -> None:
        self.create_subscription(String, "target_status", self._on_status, qos.LATEST)
        self.create_subscription(PointStamped, "target_point", self._on_target_point, qos.LATEST)
        self.create_subscription(String, "instruction", self._on_instruction, qos.LATCHED)
        kind = TwistStamped if self._config.use_stamped else Twist
        self.create_subscription(kind, "nav_cmd_vel", self._on_nav_command, qos.COMMAND)
        SensorIntake(self, self._config.base_frame, self._warn).listen_to_odometry(self._on_odometry)
        self.create_service(SetBool, "follow", self._on_follow)
        self.create_service(Trigger, "search", self._on_search)

    def _on_config(self, config: RecoveryNodeConfig) -> None:
        self._config = config

    def _on_search_config(self, config: RecoveryConfig) -> None:
        self._search = config

    def _on_navigator_config(self, config: NavigatorConfig) -> None:
        if self._navigator is not None:
            self._navigator.config = config

    def _on_status(self, message: String) -> None:
        if self._now() < self._deaf_until:
            return
        try:
            self._status = (self._now(), TargetStatus(message.data))
        except ValueError:
            self._warn(f"target_status '{message.data[:40]}' unknown; left out")
            return
        if self._status[1] is not TargetStatus.LOST:
            self._tick()  # a target in sight does not wait for the timer

    def _on_target_point(self, message: PointStamped) -> None:
        stamp, point = seconds_from_stamp(message.header.stamp), np.array([message.point.x, message.point.y])
        pose = self._poses.pose_at(stamp)
        if pose is None or not np.isfinite(point).all() or self._status is None:
            return
        position, status = transform_points(pose, point), self._status[1]
        if status is TargetStatus.TRACKED:
            self._last_seen = remember(self._last_seen, position, stamp)
        elif status is not TargetStatus.LOST and self._last_seen is not None:
            self._last_seen = moved_on(self._last_seen, position)

    def _on_instruction(self, message: String) -> None:
        """Another target: what was known of the last one, and what is on its way about it, is not about this one."""
        if self._sentence is not None and message.data != self._sentence:
            self._state, self._last_seen, self._status = State(goals=self._state.goals), None, None
            self._deaf_until = self._now() + self._config.status_timeout
        self._sentence = message.data

    def _on_odometry(self, odometry: Odometry) -> None:
        try:
            if not self._poses.push(odometry):
                self._last_seen = None  # odom itself moved, so the place in it is void
        except ValueError as error:
            self._warn(f"odom refused: {error}")

    def _on_nav_command(self, message: Any) -> None:
        if self._order.goal is not None and self._navigator is not None and self._navigator.is_driving:
            self._wish_publisher.publish(message.twist if self._config.use_stamped else message)
        else:
            self._diagnostics.count("nav commands left out")

    def _on_follow(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        why = self._obstacle()
        if request.data and not why:
            self._begin("")
        elif not request.data:
            self._end()
        response.success = not (request.data and why)
        response.message = why if request.data and why else "following" if request.data else "standing"
        return response

    def _on_search(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._state.has_seen and self._last_status() is TargetStatus.LOST
        response.message = "searching" if response.success else "no target is lost"
        if response.success:
            self._state = search_again(self._state)
        return response

    def _begin(self, sentence: str) -> None:
        if sentence:
            self._instruction_publisher.publish(String(data=sentence))
        self._is_following = True
        self._enable.call_async(SetBool.Request(data=True))

    def _end(self) -> None:
        self._is_following = False
        self._enable.call_async(SetBool.Request(data=False))
        self._state = State(goals=self._state.goals, has_seen=self._state.has_seen)
        self._carry_out(Order())

    def _obstacle(self) -> str:
        return "" if self._enable.service_is_ready() else "the controller's service 'enable' is not there; start it"

    def _tick(self) -> None:
        view = self._view(self._now())
        if self._is_following:
            self._state = advance(self._state, view, self._search)
            self._carry_out(order_of(self._state, view, self._search))
        text = self._state.stage.value if self._is_following else "standing"
        if text != self._told:
            self._told = text
            self._stage_publisher.publish(String(data=text))

    def _view(self, now: float) -> View:
        odometry, navigator = self._poses.newest, self._navigator
        is_fresh = odometry is not None and now - odometry.stamp <= self._config.odometry_timeout
        return View(
            now=now,
            status=self._last_status(),
            pose=odometry.pose if odometry is not None and is_fresh else None,
            last_seen=self._last_seen,
            task=Task.FAILED if navigator is None else navigator.task(),
            task_number=0 if navigator is None else navigator.number,
            has_navigator=navigator is not None and navigator.is_ready,
        )

    def _last_status(self) -> TargetStatus | None:
        """The planner's newest word, None where it is silent."""
        if self._status is None or self._now() - self._status[0] > self._config.status_timeout:
            return None
        return self._status[1]

    def _carry_out(self, order: Order) -> None:
        was_moving = self._order != Order()
        self._order = order
        self._steer_navigator(order.goal)
        if order.wz != 0.0 or (was_moving and order == Order()):
            wish = Twist()
            wish.angular.z = float(order.wz)
            self._wish_publisher.publish(wish)

    def _steer_navigator(self, goal: Goal | None) -> None:
        navigator, legs = self._navigator, self._state.legs
        if navigator is None:
            return
        if goal is not None and goal.number != navigator.number:
            self.get_logger().info(f"{self._state.stage.value}: {goal.place} in {goal.frame}")
            navigator.go_to_pose(goal)
        is_wanted = bool(legs) and legs[0].goal is not None and legs[0].goal.number == navigator.number
        if not is_wanted:  # a moment without a word from the planner stops the robot, but leaves the goal
            navigator.cancel_task()

    def _report(self) -> None:
        is_calm = not self._is_following or self._state.stage in (Stage.FOLLOWING, Stage.LEFT_TO_POLICY)
        self._diagnostics.level(OK if is_calm else WARN, self._told)
        if self._navigator is not None:
            self._diagnostics.set("navigator", self._navigator.reason or "ready")
        if self._follow_object is not None:
            self._follow_object.tick(self._now(), self._last_status(), self._state.stage)

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _warn(self, text: str) -> None:
        self._diagnostics.set("refused", text)
        self.get_logger().warning(text, throttle_duration_sec=2.0)


def main() -> None:
    """Entry point ``recovery_node``."""
    run_node(RecoveryNode)
