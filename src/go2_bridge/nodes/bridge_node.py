"""ROS node ``bridge``: cmd_vel -> the GO2, and the GO2's odometry, LiDAR and state -> ROS.

Converts and calls ``CommandGate`` and the driver at a fixed rate by a steady clock. Disarmed at the start.
"""

from __future__ import annotations

import json
import math
import time
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import Joy
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger

from go2_bridge.drivers.command_gate import CommandGate
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.registry import make_driver
from go2_bridge.drivers.robot_state import Health, RobotState
from go2_bridge.drivers.sport_api import CODES, REQUEST_TOPIC, STATE_TOPIC, Api, SportRequest
from go2_bridge.drivers.sport_topics import STOP_REPEAT
from go2_bridge.nodes.robot_sensors import RobotSensors
from go2_bridge.nodes.sport_link import open_link
from track_common.interfaces import Decision, RobotDriver
from track_common.ros import qos
from track_common.ros.conversions import MessageError, command_from_twist
from track_common.ros.diagnostics import OK, WARN, Diagnostics
from track_common.ros.environment import leave_shared_memory
from track_common.ros.operator_topics import listen_to_operator
from track_common.ros.parameters import declare
from track_common.ros.run import run_node
from track_common.types import VelocityCommand

UNSOUND = VelocityCommand(math.nan, math.nan, math.nan)  # what a message that is not finite means to the gate
OWNER_PERIOD = 0.5  # s between looks at who else publishes requests
UNITREE_DRIVERS = {"sport_topics", "obstacles_avoid", "sdk2"}  # the robot's state comes on Unitree's topics
POSTURES = {"stand_up": Api.STAND_UP, "balance_stand": Api.BALANCE_STAND, "lie_down": Api.STAND_DOWN}


class BridgeNode(Node):
    """Runs a ``CommandGate`` and a ``RobotDriver``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("bridge", **kwargs)
        self._config = declare(self, BridgeConfig(), on_change=self._on_config)
        self._gate = CommandGate(self._config)
        self._requests: list[SportRequest] = []
        self._is_moving = False
        self._diagnostics = Diagnostics(self, hardware_id="go2")
        self._sensors: RobotSensors | None = None
        self._trace = self.create_publisher(String, "bridge_trace", qos.RELIABLE)
        self._link = open_link(self, self._config, self._take_response)
        self._driver = self._new_driver()
        self._subscribe_operator()
        if self._config.driver != "simulator":  # which speaks ROS itself, on its own clock
            self._subscribe_robot()
        self._make_services()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._config.rate, self._tick, clock=steady)
        self.create_timer(OWNER_PERIOD, self._look_for_owners, clock=steady)

    def on_shutdown(self) -> None:
        """Leave the robot standing: StopMove as often as for any other stop."""
        self._driver = self._new_driver()
        end = time.monotonic() + STOP_REPEAT
        while time.monotonic() < end:
            self._driver.stop(time.monotonic())
            time.sleep(1.0 / self._config.rate)
        if self._link is not None:
            self._link.close()

    def _new_driver(self) -> RobotDriver:
        return make_driver(self._config.driver, self._config.limits, self._transmit)

    def _subscribe_operator(self) -> None:
        kind = TwistStamped if self._config.use_stamped else Twist
        self._commands = self.create_subscription(kind, "cmd_vel", self._on_command, qos.COMMAND)
        self._buttons = listen_to_operator(self, Bool, "e_stop", self._on_button)
        if self._config.deadman == "heartbeat":
            self.create_subscription(Bool, "deadman", self._on_heartbeat, qos.SENSOR)
        elif self._config.deadman == "joy":
            self.create_subscription(Joy, "joy", self._on_joy, qos.SENSOR)

    def _subscribe_robot(self) -> None:
        self._sensors = RobotSensors(self, self._diagnostics, self._config)
        if self._config.driver in UNITREE_DRIVERS:
            from go2_bridge.nodes.vendor_topics import Listeners, subscribe

            subscribe(self, Listeners(self._take_state, self._take_health, self._take_stick, self._take_response))

    def _make_services(self) -> None:
        self.create_service(SetBool, "arm", self._on_arm)
        self.create_service(Trigger, "emergency_stop", self._on_emergency)
        self.create_service(Trigger, "reset", self._on_reset)
        for name, api in POSTURES.items():
            self.create_service(Trigger, name, self._posture_service(api))

    def _on_config(self, config: BridgeConfig) -> None:
        self._config = config
        self._gate.configure(config)
        self._driver = self._new_driver()

    def _on_command(self, message: Twist | TwistStamped) -> None:
        try:
            command = command_from_twist(message.twist if isinstance(message, TwistStamped) else message)
        except MessageError as error:
            self._diagnostics.set("command_refused", error)
            command = UNSOUND
        self._count_publishers()  # a message that comes has a publisher that is known
        self._gate.on_command(command, time.monotonic())
        self._diagnostics.count("commands")
        if self._is_moving and (command is UNSOUND or command.is_stop):
            self._tick()  # a stop does not wait for its turn

    def _on_button(self, message: Bool) -> None:
        self._gate.arming.on_button(bool(message.data), time.monotonic())
        if message.data:
            self._stop_now()

    def _on_heartbeat(self, message: Bool) -> None:
        self._gate.arming.on_deadman(bool(message.data), time.monotonic())

    def _on_joy(self, message: Joy) -> None:
        button = self._config.deadman_button
        is_held = button < len(message.buttons) and message.buttons[button] == 1
        self._gate.arming.on_deadman(is_held, time.monotonic())

    def _take_state(self, state: RobotState) -> None:
        self._gate.on_state(state, time.monotonic())
        if self._sensors is not None:
            self._sensors.on_state(state)
        self._diagnostics.set("error_code", state.error_code)
        self._diagnostics.set("mode", state.mode)
        self._diagnostics.count("states")

    def _take_health(self, health: Health) -> None:
        self._gate.on_health(health, time.monotonic())
        self._diagnostics.set("battery", f"{health.battery:.0f} %")
        self._diagnostics.set("motor_temperature", f"{health.motor_temperature:.0f} degC")

    def _take_stick(self, deflection: float) -> None:
        self._gate.on_stick(deflection, time.monotonic())

    def _take_news(self) -> None:
        """What the robot says by the driver's own link, where that is not ROS."""
        for news in () if self._link is None else self._link.news():
            if isinstance(news, RobotState):
                self._take_state(news)
            elif isinstance(news, Health):
                self._take_health(news)
            else:
                self._take_stick(news.deflection)

    def _take_response(self, api_id: int, code: int) -> None:
        if code != 0:
            text = f"api {api_id} answered {code}: {CODES.get(code, 'not documented')}"
            self._diagnostics.set("last_error", text)
            self.get_logger().warning(text, throttle_duration_sec=2.0)

    def _on_arm(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if not request.data:
            self._gate.arming.disarm("the service arm")
            self._stop_now()
            response.success, response.message = True, "disarmed"
            return response
        self._look_for_owners()
        self._count_publishers()
        reason = self._gate.arm(time.monotonic())
        response.success, response.message = reason is None, "armed" if reason is None else reason.value
        return response

    def _on_emergency(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._gate.arming.emergency()
        self._stop_now()
        response.success, response.message = True, "latched: call reset, then arm"
        return response

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._gate.arming.reset(time.monotonic())
        response.message = "disarmed: call arm" if response.success else "e_stop is still pressed"
        return response

    def _posture_service(self, api: Api) -> Any:
        def on_call(_request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            response.success = not (self._gate.arming.is_armed or self._gate.arming.is_latched)
            response.message = "requested" if response.success else "only where disarmed and no emergency is latched"
            if response.success:
                self._transmit(SportRequest(api))
            return response

        return on_call

    def _look_for_owners(self) -> None:
        topics, own = ((REQUEST_TOPIC,), 0) if self._link is None else (self._link.topics, self._link.writers)
        others = sum(max(0, self.count_publishers(topic) - own) for topic in topics)  # ours may not be found yet
        self._gate.on_owners(others)
        self._gate.on_link(None if self._link is None else self._link.check(time.monotonic()))
        self._diagnostics.set("other_owners", others)
        if self._config.driver in UNITREE_DRIVERS:
            self._gate.on_robots(self.count_publishers(STATE_TOPIC))

    def _count_publishers(self) -> None:
        """Who may command or press, by the topics' names after remapping."""
        commanders, buttons = (self.count_publishers(s.topic_name) for s in (self._commands, self._buttons))
        self._gate.on_commanders(commanders)
        self._gate.arming.on_button_publishers(buttons, time.monotonic())

    def _stop_now(self) -> None:
        """StopMove at once, also where the driver had fallen silent."""
        self._driver = self._new_driver()
        self._tick()

    def _tick(self) -> None:
        self._take_news()
        self._count_publishers()
        now = time.monotonic()
        decision = self._gate.decide(now)
        self._is_moving = not decision.command.is_stop
        if decision.reason:
            self._driver.stop(now)
        else:
            self._driver.send(decision.command, now)
        self._report(decision)

    def _transmit(self, request: SportRequest) -> None:
        self._requests.append(request)
        if self._link is not None:
            self._link.transmit(request)
            self._diagnostics.count("requests")

    def _report(self, decision: Decision) -> None:
        command, requests = decision.command, self._requests
        self._requests = []
        if self._trace.get_subscription_count():
            calls = [{"api_id": int(r.api), "parameter": json.loads(r.parameter)} for r in requests]
            trace = {"command": [command.vx, command.vy, command.wz], "reason": decision.reason, "requests": calls}
            self._trace.publish(String(data=json.dumps(trace)))
        self._diagnostics.set("stop_reason", decision.reason)
        self._diagnostics.set("disarmed_by", self._gate.arming.disarmed_by)
        self._diagnostics.level(WARN if decision.reason else OK, decision.reason or "driving")


def main() -> None:
    """Entry point ``bridge_node``."""
    leave_shared_memory()
    run_node(BridgeNode)
