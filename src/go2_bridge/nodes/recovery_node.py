"""ROS node ``recovery``: target_state, odom -> recovery/cmd_vel and Nav2 goals, once the target is lost.

What it asks for is a wish: the controller obeys it only while the planner says *lost*, under its own limits and stop
layer. Nav2's velocities come in on nav_cmd_vel and pass only while a goal of ours is being driven to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from vision_msgs.msg import Detection3D

from go2_bridge.nodes.controller_switch import Answer, ControllerSwitch, answer_of
from go2_bridge.nodes.follow_object import FollowObjectServer, Switch, make_follow_object
from go2_bridge.nodes.navigator import NavigatorConfig, make_navigator
from go2_bridge.recovery.config import RecoveryConfig
from go2_bridge.recovery.machine import Goal, Order, Stage
from go2_bridge.recovery.recovery import Navigation, Recovery
from track_common.config import setting
from track_common.frame_ids import base_frame_setting
from track_common.instruction import parse_instruction
from track_common.ros import qos
from track_common.ros.diagnostics import OK, WARN, Diagnostics
from track_common.ros.images import MessageError
from track_common.ros.instruction import InstructionTopic
from track_common.ros.parameters import assign, declare
from track_common.ros.run import run_node
from track_common.ros.sensor_intake import SensorIntake
from track_common.ros.stamps import now_of
from track_common.ros.targets import target_from_message
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
    confirm_timeout: float = setting(
        2.0,
        "given to the controller's answer before a start or stop counts as not confirmed",
        unit="s",
        low=0.1,
        high=10.0,
        runtime=False,
    )
    use_stamped: bool = setting(False, "nav_cmd_vel is a TwistStamped, as Nav2 sends since Kilted", runtime=False)
    instruction: str = setting(
        "", "the target in words, as the tracker has it; the topic of the same name does the same"
    )
    base_frame: str = base_frame_setting()


class RecoveryNode(Node):
    """Carries out what ``go2_bridge.recovery.machine`` orders."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("recovery", **kwargs)
        self._config = declare(self, RecoveryNodeConfig(), on_change=self._on_config)
        config = declare(self, RecoveryConfig(), on_change=self._on_search_config)
        self._recovery = Recovery(config, self._config.status_timeout, self._config.odometry_timeout)
        navigator = declare(self, NavigatorConfig(), "navigator.", self._on_navigator_config)
        self._navigator = make_navigator(self, navigator)
        self._is_following = True
        self._follow_object: FollowObjectServer | None = None
        self._stop: Future | None = None  # the controller's answer to the last request to stand
        self._order = Order()
        self._told = ""
        self._diagnostics = Diagnostics(self)
        self._make_publishers()
        self._make_subscriptions()
        self._controller = ControllerSwitch(self, self._config.confirm_timeout)
        switch = Switch(self._begin, self._end, self._obstacle, self._standstill_reason)
        self._follow_object = make_follow_object(self, switch, self._config.patience)
        self.create_timer(1.0 / self._config.rate, self._tick)
        self.create_timer(REPORT_PERIOD, self._report)

    def on_shutdown(self) -> None:
        """Leave neither a goal nor a wish behind."""
        self._stand()

    def _make_publishers(self) -> None:
        self._wish_publisher = self.create_publisher(Twist, "recovery/cmd_vel", qos.COMMAND)
        self._stage_publisher = self.create_publisher(String, "recovery/stage", qos.LATCHED)

    def _make_subscriptions(self) -> None:
        self.create_subscription(Detection3D, "target_state", self._on_target, qos.LATEST)
        self._instruction = InstructionTopic(self, lambda _: self._forget())
        kind = TwistStamped if self._config.use_stamped else Twist
        self.create_subscription(kind, "nav_cmd_vel", self._on_nav_command, qos.COMMAND)
        SensorIntake(self, self._config.base_frame, self._diagnostics.refuse).listen_to_odometry(self._on_odometry)
        waiting = MutuallyExclusiveCallbackGroup()  # its own: the node goes on while a caller waits for the controller
        on_follow: Any = self._on_follow  # a coroutine, which rclpy awaits
        self.create_service(SetBool, "follow", on_follow, callback_group=waiting)
        self.create_service(Trigger, "search", self._on_search)

    def _on_config(self, config: RecoveryNodeConfig) -> None:
        before, self._config = self._config, config
        if config.instruction != before.instruction:
            self._forget()
            self._instruction.tell(config.instruction)
        self._recovery.status_timeout = config.status_timeout
        self._recovery.odometry_timeout = config.odometry_timeout

    def _on_search_config(self, config: RecoveryConfig) -> None:
        self._recovery.config = config

    def _on_navigator_config(self, config: NavigatorConfig) -> None:
        if self._navigator is not None:
            self._navigator.config = config

    def _on_target(self, message: Detection3D) -> None:
        try:
            target = target_from_message(message)
        except MessageError as error:
            self._diagnostics.refuse(f"{error}; left out")
            return
        self._recovery.on_target(now_of(self), target)
        if target.status is not TargetStatus.LOST:
            self._tick()  # a target in sight does not wait for the timer

    def _forget(self) -> None:
        """Another sentence, or an empty one: the last target is no longer meant."""
        self._recovery.forget(now_of(self))

    def _on_odometry(self, odometry: Odometry) -> None:
        try:
            self._recovery.on_odometry(odometry)
        except ValueError as error:
            self._diagnostics.refuse(f"odom refused: {error}")

    def _on_nav_command(self, message: Any) -> None:
        if self._order.goal is not None and self._navigator is not None and self._navigator.is_driving:
            self._wish_publisher.publish(message.twist if self._config.use_stamped else message)
        else:
            self._diagnostics.count("nav commands left out")

    async def _on_follow(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Answers once the controller has, or once it has been given up."""
        why = self._obstacle() or self._standstill_reason()
        if request.data and why:
            response.success, response.message = False, why
            return response
        asked = self._begin("") if request.data else self._end()
        await asked
        answer = answer_of(asked) or Answer(False, "not confirmed")
        done = "following" if request.data else "standing"
        response.success = answer.is_confirmed
        response.message = f"{done}: {answer.message}" if answer.is_confirmed else answer.message
        return response

    def _on_search(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._recovery.has_seen and self._recovery.status(now_of(self)) is TargetStatus.LOST
        response.message = "searching" if response.success else "no target is lost"
        if response.success:
            self._recovery.search_again()
        return response

    def _begin(self, sentence: str) -> Future:
        if sentence:
            assign(self, instruction=sentence)
        self._is_following, self._stop = True, None
        return self._controller.ask(True)

    def _end(self) -> Future:
        self._is_following, self._stop = False, self._controller.ask(False)
        self._stand()
        return self._stop

    def _obstacle(self) -> str:
        return "" if self._controller.is_ready else "the controller's service 'enable' is not there; start it"

    def _standstill_reason(self) -> str:
        """Why the sentence that holds names nobody to follow; "" also for an empty one: a first box may be given."""
        sentence = self._config.instruction
        return parse_instruction(sentence).standstill_reason if sentence.strip() else ""

    def _stand(self) -> None:
        """No wish, and no goal of the navigator."""
        self._recovery.search_again()  # a search that is begun later is begun from its start
        self._carry_out(Order())

    def _tick(self) -> None:
        if self._is_following:
            is_wanted = self._follow_object is not None and self._follow_object.is_active
            self._carry_out(self._recovery.decide(now_of(self), self._navigation(), is_wanted))
        text = self._stage_text()
        if text != self._told:
            self._told = text
            self._stage_publisher.publish(String(data=text))

    def _stage_text(self) -> str:
        """The search's stage; of a robot told to stand, whether the controller has confirmed that."""
        if self._is_following or self._stop is None:
            return self._recovery.stage.value
        answer = answer_of(self._stop)
        if answer is None:
            return "stopping"
        return "standing" if answer.is_confirmed else "the stop is not confirmed"

    def _navigation(self) -> Navigation:
        navigator = self._navigator
        return Navigation() if navigator is None else Navigation(navigator.is_ready, navigator.task(), navigator.number)

    def _carry_out(self, order: Order) -> None:
        was_moving = self._order != Order()
        self._order = order
        self._steer_navigator(order.goal)
        if order.wz != 0.0 or (was_moving and order == Order()):
            wish = Twist()
            wish.angular.z = float(order.wz)
            self._wish_publisher.publish(wish)

    def _steer_navigator(self, goal: Goal | None) -> None:
        navigator, kept = self._navigator, self._recovery.goal
        if navigator is None:
            return
        if goal is not None and goal.number != navigator.number:
            self.get_logger().info(f"{self._recovery.stage.value}: {goal.place} in {goal.frame}")
            navigator.go_to_pose(goal)
        if kept is None or kept.number != navigator.number:
            navigator.cancel_task()  # but a moment without a word from the planner, which stops the robot, leaves it

    def _report(self) -> None:
        stage = self._recovery.stage
        is_calm = not self._is_following or stage in (Stage.FOLLOWING, Stage.LEFT_TO_POLICY)
        self._diagnostics.level(OK if is_calm else WARN, self._told)
        if self._navigator is not None:
            self._diagnostics.set("navigator", self._navigator.reason or "ready")
        if self._follow_object is not None:
            now = now_of(self)
            self._follow_object.tick(now, self._recovery.status(now), stage)


def main() -> None:
    """Entry point ``recovery_node``."""
    run_node(RecoveryNode)
