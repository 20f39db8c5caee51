"""What may go wrong, one ``Fault`` a row of the table, and how soon the robot must then have been told to stop.

The times are the defaults of the watchdogs: nothing here is tuned for the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from go2_bridge.config import ControllerConfig
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.safety.arming import HoldReason
from go2_bridge.safety.watchdog import StopReason

SLACK = 0.05  # s past the watchdog: one period of the controller's timer (0.02), one of the bridge's, and the network
DISCOVERY = 0.15  # s; until a new publisher on this machine is found
CONTROLLER, BRIDGE = ControllerConfig(), BridgeConfig()

SET_BACK = "stamps set back by 5 s"  # the bridge believes a robot's clock that was set after 0.5 s, and goes on

Reason = StopReason | HoldReason
_SILENT_PLANNER = ("trajectory_timeout", CONTROLLER.trajectory_timeout, (StopReason.STALE_TRAJECTORY,))
_AFTER_A_FREEZE = (HoldReason.DEADMAN_SILENT, HoldReason.STALE_STATE, HoldReason.HELD_UP)  # whichever is asked first


class Action(str, Enum):
    """What is done to a part of the graph."""

    KILL = "killed"
    FREEZE = "frozen"
    THAW = "frozen 1.5 s, then let go on"
    TERMINATE = "ended by SIGTERM"
    INTERRUPT = "ended by two Ctrl-C"
    LIE = "lies"


class Proof(str, Enum):
    """What the robot's end of the line must show."""

    STOPS = "StopMove"  # within the limit, and no Move afterwards
    PAUSES = "StopMove, then on"  # within the limit; what follows may be sound again
    SILENCE = "no Move"  # nobody is left to send StopMove: the robot ends the Move by itself


@dataclass(frozen=True)
class Fault:
    """One row. ``part`` is a process or, for a lie, what sends it; ``lie`` is its name there.

    ``watched`` is the topic whose last message the watchdog counts from: what a part sent before it died may still be
    on its way, and an image takes its time to become a trajectory.
    """

    part: str
    action: Action
    watchdog: str
    timeout: float
    reasons: tuple[Reason, ...]
    lie: str = ""
    watched: str = ""
    proof: Proof = Proof.STOPS

    @property
    def name(self) -> str:
        """How the table calls it."""
        return f"{self.part}: {self.lie or self.action.value}"

    @property
    def limit(self) -> float:
        """Seconds to StopMove, from the fault or from the last watched message if that came later."""
        return self.timeout + SLACK


def all_faults() -> list[Fault]:
    """Every row, in the order of the flow."""
    return [*_perception(), *_sensors(), *_robot_side(), *_drivers(), *_server()]


def _perception() -> list[Fault]:
    dead = [
        Fault(part, action, *_SILENT_PLANNER, watched="trajectory")
        for part in ("camera", "tracker", "planner")
        for action in (Action.KILL, Action.FREEZE)
    ]
    lies = ["images with rows cut short", "images stamped 5 s ago"]
    return [
        *dead,
        *(Fault("camera", Action.LIE, *_SILENT_PLANNER, lie=lie, watched="trajectory") for lie in lies),
        _at_once("trajectory", "NaN", StopReason.BAD_TRAJECTORY, Proof.PAUSES),
    ]


def _sensors() -> list[Fault]:
    cloud = ("cloud_timeout", CONTROLLER.cloud_timeout, (StopReason.STALE_CLOUD,))
    odometry = ("odometry_timeout", CONTROLLER.odometry_timeout, (StopReason.STALE_ODOMETRY,))
    return [
        Fault("lidar", Action.KILL, *cloud, watched="points"),
        Fault("lidar", Action.FREEZE, *cloud, watched="points"),
        Fault("lidar", Action.LIE, *cloud, lie=SET_BACK, watched="points", proof=Proof.PAUSES),
        Fault("lidar", Action.LIE, *cloud, lie="clouds with half their data"),
        _at_once("lidar", "clouds of zeros", StopReason.BLIND_CLOUD),
        _at_once("lidar", "clouds of NaN", StopReason.BLIND_CLOUD),
        Fault("odometry", Action.KILL, *odometry, watched="odom"),
        Fault("odometry", Action.FREEZE, *odometry, watched="odom"),
        Fault("odometry", Action.LIE, *odometry, lie="NaN", watched="odom"),
        Fault("odometry", Action.LIE, *odometry, lie=SET_BACK, watched="odom", proof=Proof.PAUSES),
        Fault("odometry", Action.LIE, *odometry, lie="the same stamp again and again", watched="odom"),
        _at_once("odometry", "a jump of 40 m", StopReason.ODOMETRY_JUMP, Proof.PAUSES),
    ]


def _robot_side() -> list[Fault]:
    command = ("command_timeout", BRIDGE.command_timeout, (HoldReason.STALE_COMMAND,))
    state = ("state_timeout", BRIDGE.state_timeout, (HoldReason.STALE_STATE,))
    deadman = ("deadman_timeout", BRIDGE.deadman_timeout, (HoldReason.DEADMAN_SILENT,))
    dead = [
        Fault(part, action, *watchdog)
        for part, watchdog in (("controller", command), ("robot state", state), ("deadman", deadman))
        for action in (Action.KILL, Action.FREEZE)
    ]
    shutdown = (StopReason.SHUTDOWN,)
    return [
        *dead,
        Fault("controller", Action.TERMINATE, "none: at once", 0.0, shutdown),
        Fault("controller", Action.INTERRUPT, "none: at once", 0.0, shutdown),
        _at_once("robot state", "it fell", HoldReason.NOT_ARMED),
        _at_once("deadman", "released", HoldReason.DEADMAN_RELEASED),
        _at_once("e_stop", "pressed", HoldReason.EMERGENCY),
        Fault(
            "cmd_vel",
            Action.LIE,
            "none: when it is found",
            DISCOVERY,
            (HoldReason.NOT_ARMED,),
            lie="a second publisher",
        ),
    ]


def _drivers() -> list[Fault]:
    silence = ("the robot's own hold of a Move", 0.0, ())
    return [
        Fault("driver", Action.TERMINATE, "none: at once", 0.0, ()),
        Fault("driver", Action.INTERRUPT, "none: at once", 0.0, ()),
        Fault("driver", Action.FREEZE, *silence, proof=Proof.SILENCE),
        Fault("driver", Action.THAW, "none: at once", 0.0, _AFTER_A_FREEZE),
        Fault("driver", Action.KILL, *silence, proof=Proof.SILENCE),
    ]


def _server() -> list[Fault]:
    """With policy:=remote: the planner has nothing to say and leaves the stop to the controller's watchdog."""
    return [Fault("server", action, *_SILENT_PLANNER, watched="trajectory") for action in (Action.KILL, Action.FREEZE)]


def _at_once(part: str, lie: str, reason: Reason, proof: Proof = Proof.STOPS) -> Fault:
    """A lie that is seen through when it comes: no watchdog has to run out."""
    return Fault(part, Action.LIE, "none: at once", 0.0, (reason,), lie=lie, proof=proof)
