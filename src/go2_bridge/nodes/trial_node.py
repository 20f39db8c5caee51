"""ROS node ``trial``: runs one trial of ``go2_bridge.trials`` through cmd_vel; the bridge's service arms and disarms.

Nothing is commanded before odometry, a reader of cmd_vel and the bridge are there, and the bridge has agreed to arm.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import Header
from std_srvs.srv import SetBool

from go2_bridge.drivers.sport_api import REQUEST_TOPIC
from go2_bridge.trials.trial import Instant, Trial
from track_common.ros import qos
from track_common.ros.conversions import (
    MessageError,
    odometry_from_message,
    twist_from_command,
    twist_stamped_from_command,
)
from track_common.ros.question import Question
from track_common.ros.stamps import now_of
from track_common.types import STOP, VelocityCommand

RATE = 50.0  # Hz
PATIENCE = 30.0  # s for nodes to be found, and for the bridge to agree to arm
FAREWELL = 1.0  # s for the bridge to disarm at the end
STOPS_AT_EXIT = 3  # one stop may be lost


@dataclass(frozen=True)
class TrialSetup:
    """Where the robot is found: topics, whether a bridge arms it, whether the time is simulated."""

    cmd_vel: str = "cmd_vel"
    odom: str = "odom"
    namespace: str = ""
    use_stamped: bool = False
    use_sim_time: bool = False
    has_bridge: bool = True
    watches_requests: bool = False


class TrialNode(Node):
    """Ends with code 0 where the trial ran to its end, else with 1 and the trial's ``failure`` set."""

    def __init__(self, trial: Trial, setup: TrialSetup) -> None:
        clock = [Parameter("use_sim_time", value=setup.use_sim_time)]
        super().__init__("trial", namespace=setup.namespace, parameter_overrides=clock)
        self.exit_code: int | None = None
        self._trial, self._setup = trial, setup
        self._kind = TwistStamped if setup.use_stamped else Twist
        self._command = self.create_publisher(self._kind, setup.cmd_vel, qos.COMMAND)
        self.create_subscription(OdometryMessage, setup.odom, self._on_odometry, qos.SENSOR)
        if setup.watches_requests:
            from unitree_api.msg import Request

            self.create_subscription(Request, REQUEST_TOPIC, self._on_request, qos.RELIABLE)
        self._arming = BridgeArming(self) if setup.has_bridge else None
        self._heard = -math.inf
        self._is_ready = self._is_running = False
        self._began, self._finishing = time.monotonic(), 0.0
        self.create_timer(1.0 / RATE, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def on_shutdown(self) -> None:
        """Leave the robot standing and disarmed, also after Ctrl-C."""
        for _ in range(STOPS_AT_EXIT):
            self._send(STOP)
        if self._arming is not None and self._arming.is_ready:
            self._arming.ask(False)

    def _now(self) -> Instant:
        return Instant(time.monotonic(), now_of(self))

    def _on_odometry(self, message: OdometryMessage) -> None:
        try:
            odometry = odometry_from_message(message)
        except MessageError as error:
            self._trial.failure = self._trial.failure or str(error)
            return
        self._heard = time.monotonic()
        if self._is_ready:
            self._is_running = True
            self._trial.on_odometry(odometry, self._now())

    def _on_request(self, message: Any) -> None:
        if self._is_running:
            self._trial.on_request(int(message.header.identity.api_id), self._now())

    def _tick(self) -> None:
        if self._trial.is_over:
            self._finish()
        elif not self._is_running:
            self._wait()
        elif self._arming is None or self._arming.reach(self._trial.wants_armed):
            command = self._trial.control(self._now())
            if command is not None:
                self._send(command)
        else:
            self._trial.failure = self._arming.refusal
            self._send(STOP)

    def _wait(self) -> None:
        missing = {
            f"odometry on {self._setup.odom}": time.monotonic() - self._heard > 1.0,
            f"a reader of {self._setup.cmd_vel} (bridge or simulator)": not self._command.get_subscription_count(),
            "the bridge's service arm": self._arming is not None and not self._arming.is_ready,
        }
        missing = [what for what, is_missing in missing.items() if is_missing]
        if not missing:
            self._is_ready = True  # and the next odometry begins the trial
        elif time.monotonic() - self._began > PATIENCE:
            self._trial.failure = f"after {PATIENCE:.0f} s still no " + " and no ".join(missing)

    def _finish(self) -> None:
        """Stop and disarm; the answer is not waited for long."""
        self._send(STOP)
        self._finishing = self._finishing or time.monotonic()
        is_disarmed = self._arming is None or not self._arming.was_asked or self._arming.reach(False)
        if is_disarmed or time.monotonic() - self._finishing > FAREWELL:
            self.exit_code = 1 if self._trial.failure else 0

    def _send(self, command: VelocityCommand) -> None:
        if self._setup.use_stamped:
            header = Header(stamp=self.get_clock().now().to_msg(), frame_id="base_link")
            self._command.publish(twist_stamped_from_command(command, header))
        else:
            self._command.publish(twist_from_command(command))


class BridgeArming:
    """Brings the bridge to be armed or disarmed by its service."""

    def __init__(self, node: Node) -> None:
        self._client = node.create_client(SetBool, "arm")
        self._is_armed: bool | None = None  # None: not known
        self._question: Question | None = None
        self._since: float | None = None  # when this was first asked for, s
        self.refusal = ""

    @property
    def is_ready(self) -> bool:
        """Whether the bridge is there."""
        return self._client.service_is_ready()

    @property
    def was_asked(self) -> bool:
        """Whether the bridge may be armed by us."""
        return self._is_armed is not None or self._question is not None

    def reach(self, wanted: bool) -> bool:
        """True once the bridge has agreed; asks again while it refuses, and after ``PATIENCE`` notes ``refusal``."""
        if self._is_armed == wanted and self._question is None:
            self._since = None
            return True
        self._since = self._since or time.monotonic()
        reason = "it does not answer"
        if self._question is None:
            self._question = self.ask(wanted)
        elif self._question.is_answered:
            answer, self._question = self._question.answer, None
            self._is_armed = wanted if answer.success else None
            reason = answer.message
        if self._is_armed != wanted and time.monotonic() - self._since > PATIENCE:
            self.refusal = f"the bridge does not {'arm' if wanted else 'disarm'}: {reason}"
        return False

    def ask(self, wanted: bool) -> Question:
        """Ask once."""
        return Question(self._client, SetBool.Request(data=wanted))
