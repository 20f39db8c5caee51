"""Every setting of the bridge between ``cmd_vel`` and the robot, once, with unit, range and reason."""

from __future__ import annotations

from dataclasses import dataclass

from go2_bridge.config import ControllerConfig
from track_common.config import ConfigError, setting
from track_common.frame_ids import base_frame_setting


@dataclass(frozen=True)
class BridgeConfig:
    """Settings of ``CommandGate`` and the drivers; the defaults suit a GO2 near people."""

    driver: str = setting(
        "sport_topics",
        "how the robot is reached",
        choices=("sport_topics", "obstacles_avoid", "sdk2", "webrtc", "fake", "simulator"),
        runtime=False,
    )
    network_interface: str = setting(
        "", "network card towards the robot, as in `ip link` (driver sdk2); empty: DDS chooses", runtime=False
    )
    dry_run: bool = setting(False, "decide everything, send the robot nothing: only the trace shows it", runtime=False)

    # Limits, once more: the last file before the robot. The bounds are hard caps, far below what a GO2 takes.
    max_linear_vel: float = setting(0.8, "fastest forwards", unit="m/s", low=0.0, high=1.5)
    max_reverse_vel: float = setting(0.3, "fastest backwards", unit="m/s", low=0.0, high=0.8)
    max_lateral_vel: float = setting(0.3, "fastest sideways", unit="m/s", low=0.0, high=0.5)
    max_angular_vel: float = setting(1.0, "fastest turn", unit="rad/s", low=0.0, high=2.0)
    limit_shape: str = setting(
        "box",
        "box: each limit holds by itself; ellipse: full speed ahead, sideways and turn exclude one another",
        choices=("box", "ellipse"),
    )

    # The robot holds a Move for about 1 s (Sport API manual), so silence is no stop.
    rate: float = setting(
        50.0, "Moves a second; a GO2 walks unevenly below 20", unit="Hz", low=20.0, high=50.0, runtime=False
    )
    robot_address: str = setting(
        "", "the robot's IP (driver webrtc); empty: this computer is in the robot's own Wi-Fi", runtime=False
    )
    robot_key: str = setting("", "its AES key, 32 hex digits: firmware 1.1.15 and later (driver webrtc)", runtime=False)
    use_stamped: bool = setting(
        False, "cmd_vel is a TwistStamped, as Nav2 sends from Jazzy on; its stamp is not looked at", runtime=False
    )
    command_timeout: float = setting(0.25, "oldest command", unit="s", low=0.05, high=0.5)

    # The operator
    deadman: str = setting(
        "heartbeat",
        "what must be held to move: topic deadman, a button on joy, or nothing",
        choices=("heartbeat", "joy", "none"),
        runtime=False,
    )
    deadman_timeout: float = setting(
        0.5, "longest pause of the deadman signal", unit="s", low=0.1, high=2.0, runtime=False
    )
    deadman_button: int = setting(4, "its index in joy.buttons", low=0, high=31, runtime=False)
    e_stop: str = setting(
        "auto",
        "whether the topic e_stop must be heard: while it has a publisher, always, or never",
        choices=("auto", "required", "none"),
        runtime=False,
    )
    e_stop_timeout: float = setting(
        1.0,
        "longest pause of the e_stop signal: its node repeats the button's state",
        unit="s",
        low=0.1,
        high=5.0,
        runtime=False,
    )
    stick_threshold: float = setting(
        0.1, "deflection (0..1) of the robot's own remote that takes the robot from us", low=0.01, high=1.0
    )
    stick_hold: float = setting(1.0, "and keeps it this long after", unit="s", low=0.1, high=10.0)
    known_publishers: int = setting(
        0, "publishers of sport requests that are part of the robot itself and not counted", low=0, high=10
    )
    command_publishers: int = setting(
        1, "publishers on cmd_vel that are expected; with one more the bridge disarms", low=1, high=10
    )

    # The robot
    state_timeout: float = setting(0.5, "oldest robot state", unit="s", low=0.05, high=2.0)
    health_timeout: float = setting(3.0, "oldest battery reading", unit="s", low=0.5, high=30.0)
    ready_states: str = setting(
        "100,1013,1015,1016,1017,2010", "values of error_code that may walk: the state machine's since firmware 1.1.6"
    )
    ready_modes: str = setting("1,3", "values of mode that may walk where error_code is 0: firmware before 1.1.6")
    min_battery: float = setting(15.0, "hold below this charge", unit="%", low=0.0, high=90.0)
    battery_recovery: float = setting(
        5.0, "after a low battery hold until it is charged to so much over min_battery", unit="%", low=0.0, high=50.0
    )
    max_motor_temperature: float = setting(80.0, "hold above this", unit="degC", low=40.0, high=120.0)
    temperature_recovery: float = setting(
        10.0, "after a hot motor hold until it is so much below that", unit="degC", low=0.0, high=50.0
    )
    base_frame: str = base_frame_setting()

    # Odometry
    odometry_source: str = setting(
        "robot_odom",
        "where odometry comes from: the robot's odometry topic or its sport state",
        choices=("robot_odom", "sport_state"),
        runtime=False,
    )
    clock_jump: float = setting(
        0.5,
        "a stamp this far off the expected is a jump of the robot's clock",
        unit="s",
        low=0.05,
        high=10.0,
        runtime=False,
    )

    def check(self) -> None:
        """What no single range can say."""
        numbers(self.ready_states, "ready_states")
        numbers(self.ready_modes, "ready_modes")
        if self.driver == "webrtc" and self.odometry_source != "sport_state":
            raise ConfigError("driver webrtc has no odometry topic: set odometry_source to sport_state")
        if self.command_timeout < 2.0 / self.rate:
            raise ConfigError(
                f"command_timeout {self.command_timeout} s is shorter than two periods of rate {self.rate} Hz: "
                "every command would be stale"
            )

    @property
    def limits(self) -> ControllerConfig:
        """The limits in the form ``safety.limits.clamp`` takes."""
        return ControllerConfig(
            max_linear_vel=self.max_linear_vel,
            max_reverse_vel=self.max_reverse_vel,
            max_lateral_vel=self.max_lateral_vel,
            max_angular_vel=self.max_angular_vel,
            limit_shape=self.limit_shape,
        )


def numbers(text: str, name: str) -> frozenset[int]:
    """The whole numbers of a list as "1,3"; raises ConfigError where it is none."""
    try:
        return frozenset(int(word) for word in text.split(","))
    except ValueError:
        raise ConfigError(f"{name} is '{text}'; wanted whole numbers with commas, as in 1,3") from None
