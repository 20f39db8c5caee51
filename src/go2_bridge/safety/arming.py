"""The operator's say: emergency latch, arming and deadman, as one small state machine without ROS.

    disarmed --arm()--> armed --disarm(why)--> disarmed
    any --emergency()--> latched --reset()--> disarmed

Nothing leaves ``latched`` but ``reset``, and a reset does not arm. Times come in as arguments, from a clock that only
runs forwards.
"""

from __future__ import annotations

from enum import Enum


class HoldReason(str, Enum):
    """Why the bridge lets no command through; the value is what operators read."""

    EMERGENCY = "emergency stop is latched: release it, then call the service reset"
    NOT_ARMED = "not armed: call the service arm"
    OTHER_OWNER = "another program publishes sport requests: end it"
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


class Arming:
    """Disarmed at the start. ``uses_deadman=False`` leaves the deadman out, by the operator's choice."""

    def __init__(self, *, uses_deadman: bool, deadman_timeout: float) -> None:
        self._uses_deadman, self._deadman_timeout = uses_deadman, deadman_timeout
        self._is_armed = self._is_latched = self._is_pressed = False
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
        reason = HoldReason.EMERGENCY if self._is_latched else self._check_deadman(now)
        if reason is None:
            self._is_armed, self.disarmed_by = True, ""
        return reason

    def disarm(self, why: str) -> None:
        """Back to disarmed; ``why`` is kept for the operator until the next arming."""
        if self._is_armed:
            self._is_armed, self.disarmed_by = False, why

    def emergency(self) -> None:
        """Latch the soft emergency stop."""
        self.disarm(HoldReason.EMERGENCY.value)
        self._is_latched = True

    def on_button(self, is_pressed: bool) -> None:
        """The emergency button: pressed latches; released it only allows the reset."""
        self._is_pressed = is_pressed
        if is_pressed:
            self.emergency()

    def reset(self) -> bool:
        """Open the latch; False where the button is still pressed. The robot stays disarmed."""
        if not self._is_pressed:
            self._is_latched = False
        return not self._is_latched

    def on_deadman(self, is_held: bool, now: float) -> None:
        """The deadman signal came in at ``now`` (s)."""
        self._is_held, self._held_at = is_held, now

    def check(self, now: float) -> HoldReason | None:
        """What the operator has against motion at ``now`` (s); None = nothing."""
        if self._is_latched:
            return HoldReason.EMERGENCY
        return self._check_deadman(now) if self._is_armed else HoldReason.NOT_ARMED

    def _check_deadman(self, now: float) -> HoldReason | None:
        if not self._uses_deadman:
            return None
        if self._held_at is None:
            return HoldReason.NO_DEADMAN
        if not self._is_held:
            return HoldReason.DEADMAN_RELEASED
        return None if 0.0 <= now - self._held_at <= self._deadman_timeout else HoldReason.DEADMAN_SILENT
