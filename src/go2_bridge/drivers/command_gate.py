"""Decides, at every tick of the bridge, whether the newest command may reach the robot, and says why not.

Times are monotonic seconds of this computer: no stamp and no clock that can be set has a say in stopping.
"""

from __future__ import annotations

from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.robot_state import Health, RobotState, is_ready
from go2_bridge.safety.arming import Arming, EStopRule, HoldReason
from go2_bridge.safety.limits import clamp, is_sound
from track_common.interfaces import Decision
from track_common.types import STOP, VelocityCommand

DISARMING = {
    HoldReason.NOT_READY,
    HoldReason.OTHER_OWNER,
    HoldReason.OTHER_ROBOT,
    HoldReason.OTHER_COMMANDER,
    HoldReason.NO_AVOIDANCE,
}  # after these the operator must look, then arm again


FULL = 100.0  # %; what a battery must be charged to at most before it counts as recovered


class CommandGate:
    """Inputs are pushed as they come, ``decide`` is called at a fixed rate; only a sound, fresh command passes."""

    def __init__(self, config: BridgeConfig) -> None:
        self._config = config
        self.arming = Arming(
            uses_deadman=config.deadman != "none",
            deadman_timeout=config.deadman_timeout,
            e_stop=EStopRule(config.e_stop, config.e_stop_timeout),
        )
        self._command: VelocityCommand | None = None
        self._command_at = self._state_at = self._health_at = self._stick_at = self._resumed_at = float("-inf")
        self._decided_at: float | None = None
        self._state: RobotState | None = None
        self._health: Health | None = None
        self._owners = self._commanders = self._robots = 0
        self._link_reason: HoldReason | None = None
        self._is_low = self._is_hot = False  # battery and motors, until they have recovered

    def configure(self, config: BridgeConfig) -> None:
        """Take changed settings; what was received stays."""
        self._config = config

    def on_command(self, command: VelocityCommand, now: float) -> None:
        """A velocity command; one that is not sound holds the robot until a sound one comes."""
        self._command, self._command_at = command, now

    def on_state(self, state: RobotState, now: float) -> None:
        """A robot state; one with the stamp of the last is a repetition and proves nothing."""
        if self._state is None or state.stamp != self._state.stamp:
            self._state_at = now
        self._state = state

    def on_health(self, health: Health, now: float) -> None:
        """A battery and temperature reading; one that is not finite counts as beyond its limit."""
        self._health, self._health_at = health, now
        config = self._config
        least = config.min_battery + (config.battery_recovery if self._is_low else 0.0)
        most = config.max_motor_temperature - (config.temperature_recovery if self._is_hot else 0.0)
        self._is_low = not health.battery >= min(least, FULL)
        self._is_hot = not health.motor_temperature <= most

    def on_stick(self, deflection: float, now: float) -> None:
        """The largest deflection (0..1) of the robot's own remote; not finite counts as full."""
        if not abs(deflection) < self._config.stick_threshold:
            self._stick_at = now

    def on_owners(self, others: int) -> None:
        """How many others publish sport requests."""
        self._owners = others

    def on_link(self, reason: HoldReason | None) -> None:
        """Why the link to the robot wants it to stand, or None."""
        self._link_reason = reason

    def on_commanders(self, count: int) -> None:
        """How many publish velocity commands."""
        self._commanders = count

    def on_robots(self, count: int) -> None:
        """How many robots publish their state on the vendor's topic, which is the same for all of them."""
        self._robots = count

    def arm(self, now: float) -> HoldReason | None:
        """Arm where robot and operator are ready; the reason why not, or None."""
        return self._check_robot(now) or self.arming.arm(now)

    def decide(self, now: float) -> Decision:
        """The command for this instant, within the limits, or a stop with its reason."""
        fault = self._check_robot(now)
        if fault is not None and fault in DISARMING:
            self.arming.disarm(fault.value)
        is_held_up = self._is_held_up(now)
        reason = self.arming.check(now) or fault or (HoldReason.HELD_UP if is_held_up else self._check_command(now))
        if reason is not None or self._command is None:
            return Decision(STOP, (reason or HoldReason.NO_COMMAND).value)
        return Decision(clamp(self._command, self._config.limits))

    def _is_held_up(self, now: float) -> bool:
        """True for a while after this process stood still: what piled up meanwhile came in as if it were fresh."""
        config = self._config
        if self._decided_at is not None and now - self._decided_at > config.command_timeout:
            self._resumed_at = now
            self.arming.on_resumed(now)
        self._decided_at = now
        return now - self._resumed_at <= max(config.command_timeout, config.deadman_timeout, config.state_timeout)

    def _check_robot(self, now: float) -> HoldReason | None:
        if self._owners > self._config.known_publishers:
            return HoldReason.OTHER_OWNER
        if self._robots > 1:
            return HoldReason.OTHER_ROBOT
        if self._commanders > self._config.command_publishers:
            return HoldReason.OTHER_COMMANDER
        if self._link_reason is not None:
            return self._link_reason
        if self._config.driver == "fake":
            return None
        return self._check_state(now) or self._check_health(now)

    def _check_state(self, now: float) -> HoldReason | None:
        if self._state is None:
            return HoldReason.NO_STATE
        if not 0.0 <= now - self._state_at <= self._config.state_timeout:
            return HoldReason.STALE_STATE
        return None if is_ready(self._state, self._config) else HoldReason.NOT_READY

    def _check_health(self, now: float) -> HoldReason | None:
        if self._health is None:
            return HoldReason.NO_HEALTH
        if not 0.0 <= now - self._health_at <= self._config.health_timeout:
            return HoldReason.STALE_HEALTH
        if self._is_low:
            return HoldReason.LOW_BATTERY
        return HoldReason.HOT_MOTOR if self._is_hot else None

    def _check_command(self, now: float) -> HoldReason | None:
        if now - self._stick_at <= self._config.stick_hold:
            return HoldReason.MANUAL
        if self._command is None:
            return HoldReason.NO_COMMAND
        if not 0.0 <= now - self._command_at <= self._config.command_timeout:
            return HoldReason.STALE_COMMAND
        return None if is_sound(self._command) else HoldReason.BAD_COMMAND
