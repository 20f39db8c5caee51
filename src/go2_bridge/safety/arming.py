"""The operator's say: emergency latch, arming and deadman, as one small state machine without ROS.

    disarmed --arm()--> armed --disarm(why)--> disarmed
    any --emergency()--> latched --reset()--> disarmed

Nothing leaves ``latched`` but ``reset``, and a reset does not arm. Times come in as arguments, from a clock that only
runs forwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


class HoldReason(str, Enum):
    """Why the bridge lets no command through; the value is what operators read."""

    EMERGENCY = "emergency stop is latched: release it, then call the service reset"
    NOT_ARMED = "not armed: call the service arm"
    OTHER_OWNER = "another program publishes sport requests: end it"
    OTHER_COMMANDER = "a second publisher sends velocity commands on cmd_vel: end it"
    OTHER_ROBOT = "two robots answer on the state topic: give each GO2 a ROS_DOMAIN_ID of its own"
    NO_AVOIDANCE = "the robot's own obstacle avoidance is not confirmed to be on"
    NO_E_STOP = "the e_stop topic has a publisher but no fresh message: its node must repeat the state of the button"
    E_STOP_SILENT = "the e_stop signal fell silent"
    NO_DEADMAN = "no deadman signal yet"
    DEADMAN_RELEASED = "the deadman is released"
    DEADMAN_SILENT = "the deadman signal fell silent"
    NO_STATE = "no robot state yet: is the sport service on?"
    STALE_STATE = "the robot state is stale"
    NOT_READY = "the robot is not standing ready to walk: call stand_up, then balance_stand"
    NO_HEALTH = "no battery reading yet"
    STALE_HEALTH = "the battery reading is stale"
    LOW_BATTERY = "the battery is low"
    HOT_MOTOR = "a motor is too hot"
    MANUAL = "the operator's stick has the robot"
    HELD_UP = "this program stood still: what it received meanwhile may be old"
    NO_COMMAND = "no command yet"
    STALE_COMMAND = "the command is stale"
    BAD_COMMAND = "the command was not finite"


@dataclass(frozen=True)
class EStopRule:
    """When the emergency button must be heard.

    Attributes:
        policy: "auto" = while the topic has a publisher, and to the end of an arming that began with one;
            "required" = always; "none" = never, though a press that is heard latches all the same.
        timeout: longest pause (s) between two messages.
    """

    policy: str = "auto"
    timeout: float = 1.0


class Arming:
    """Disarmed at the start. ``uses_deadman=False`` leaves the deadman out, by the operator's choice."""

    def __init__(self, *, uses_deadman: bool, deadman_timeout: float, e_stop: EStopRule | None = None) -> None:
        self._uses_deadman, self._deadman_timeout = uses_deadman, deadman_timeout
        self._e_stop = e_stop or EStopRule()
        self._is_armed = self._is_latched = self._is_pressed = False
        self._pressed_at = -math.inf  # when the button's state was last heard, s
        self._has_button = self._was_armed_with_button = self._has_buttons = False
        self._last_press = -math.inf  # when a press was last heard, s
        self._button_since = -math.inf  # when the topic's publisher was found, s
        self._resumed_at = -math.inf  # when this program went on after it stood still, s
        self._held_at: float | None = None
        self._is_held = False
        self.disarmed_by = ""

    @property
    def is_armed(self) -> bool:
        """True between a successful ``arm`` and whatever ended it."""
        return self._is_armed

    @property
    def is_latched(self) -> bool:
        """True from an emergency stop to its reset."""
        return self._is_latched

    def arm(self, now: float) -> HoldReason | None:
        """Arm; the reason why not, or None where it worked."""
        reason = HoldReason.EMERGENCY if self._is_latched else self._check_button(now) or self._check_deadman(now)
        if reason is None:
            self._is_armed, self.disarmed_by = True, ""
            self._was_armed_with_button = self._has_button
        return reason

    def disarm(self, why: str) -> None:
        """Back to disarmed; ``why`` is kept for the operator until the next arming."""
        if self._is_armed:
            self._is_armed, self.disarmed_by = False, why

    def emergency(self) -> None:
        """Latch the soft emergency stop."""
        self.disarm(HoldReason.EMERGENCY.value)
        self._is_latched = True

    def on_button(self, is_pressed: bool, now: float) -> None:
        """The emergency button's state, heard at ``now`` (s): pressed latches; released only allows the reset."""
        self._is_pressed, self._pressed_at = is_pressed, now
        if is_pressed:
            self._last_press = now
            self.emergency()

    def on_button_publishers(self, count: int, now: float) -> None:
        """How many publishers the e_stop topic has at ``now`` (s)."""
        if count > 0 and not self._has_button:
            self._button_since = now
        self._has_button, self._has_buttons = count > 0, count > 1

    def on_resumed(self, now: float) -> None:
        """This program stood still until ``now`` (s): it could not hear the button, which has its timeout anew.

        Until then ``check`` holds the robot with ``HELD_UP``; only a button that is silent past it disarms.
        """
        self._resumed_at = now

    def reset(self, now: float) -> bool:
        """Open the latch at ``now`` (s); False where a button is still pressed. The robot stays disarmed.

        Where several buttons share the topic, one that is released says nothing of another: none may have said pressed
        for the timeout.
        """
        is_other_pressed = self._has_buttons and now - self._last_press <= self._e_stop.timeout
        if not (self._is_pressed or is_other_pressed):
            self._is_latched = False
        return not self._is_latched

    def on_deadman(self, is_held: bool, now: float) -> None:
        """The deadman signal came in at ``now`` (s)."""
        self._is_held, self._held_at = is_held, now

    def check(self, now: float) -> HoldReason | None:
        """What the operator has against motion at ``now`` (s); None = nothing."""
        if self._is_latched:
            return HoldReason.EMERGENCY
        if not self._is_armed:
            return HoldReason.NOT_ARMED
        if self._is_button_silent(now):
            if 0.0 <= now - self._resumed_at <= self._e_stop.timeout:
                return HoldReason.HELD_UP
            self.disarm(HoldReason.E_STOP_SILENT.value)
            return HoldReason.E_STOP_SILENT
        return self._check_deadman(now)

    def _check_button(self, now: float) -> HoldReason | None:
        """What keeps the operator from arming: a button whose state is not known."""
        is_wanted = self._e_stop.policy == "required" or (self._e_stop.policy == "auto" and self._has_button)
        is_known = 0.0 <= now - self._pressed_at <= self._e_stop.timeout
        return HoldReason.NO_E_STOP if is_wanted and not is_known else None

    def _is_button_silent(self, now: float) -> bool:
        """True where an armed robot has no fresh word of the button; a publisher just found is given its time."""
        has_button = self._has_button or self._was_armed_with_button
        if self._e_stop.policy == "none" or (self._e_stop.policy == "auto" and not has_button):
            return False
        heard = max(self._pressed_at, self._button_since)
        return not 0.0 <= now - heard <= self._e_stop.timeout

    def _check_deadman(self, now: float) -> HoldReason | None:
        if not self._uses_deadman:
            return None
        if self._held_at is None:
            return HoldReason.NO_DEADMAN
        if not self._is_held:
            return HoldReason.DEADMAN_RELEASED
        return None if 0.0 <= now - self._held_at <= self._deadman_timeout else HoldReason.DEADMAN_SILENT
