"""Every setting of the robot side, once, with unit, range and reason; checked as a whole before any of it is used.

Limits hold for what is sent to the robot. Nav2's names are kept where Nav2's Regulated Pure Pursuit has one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from track_common.config import ConfigError, setting
from track_common.frame_ids import base_height_setting

LEAD = 0.7  # share of what is missing that is asked for besides; with dead time a share of 1 would hardly settle


@dataclass(frozen=True)
class ControllerConfig:
    """Settings of ``go2_bridge.follower.Follower``; defaults suit a GO2 indoors in simulation, see config/robots."""

    # What may be sent
    max_linear_vel: float = setting(2.0, "fastest command forwards (a GO2 takes 3.8)", unit="m/s", low=0.0, high=3.0)
    max_reverse_vel: float = setting(0.8, "fastest command backwards", unit="m/s", low=0.0, high=1.5)
    max_lateral_vel: float = setting(0.7, "fastest command sideways (a GO2 takes 1.0)", unit="m/s", low=0.0, high=1.0)
    max_angular_vel: float = setting(1.8, "fastest turn commanded (a GO2 takes 4.0)", unit="rad/s", low=0.0, high=3.0)
    limit_shape: str = setting(
        "box",
        "box: each limit holds by itself; ellipse: full speed ahead, sideways and turn exclude one another, as for a "
        "gait that takes each of them alone",
        choices=("box", "ellipse"),
    )
    max_linear_accel: float = setting(4.0, "how fast speed may rise", unit="m/s^2", low=0.1, high=10.0)
    max_linear_decel: float = setting(4.0, "how fast it may fall while following", unit="m/s^2", low=0.1, high=10.0)
    max_angular_accel: float = setting(
        4.8, "how fast the commanded turn may change: a gait trips over swings", unit="rad/s^2", low=0.1, high=30.0
    )
    reversal_time: float = setting(
        0.3, "a turn that has changed sides stays there, or at zero, this long", unit="s", low=0.0, high=2.0
    )
    velocity_source: str = setting(
        "observer",
        "where the base's velocity comes from: observer (own commands, corrected by poses), poses or twist",
        choices=("observer", "poses", "twist"),
        runtime=False,
    )
    is_holonomic: bool = setting(True, "the base can walk sideways: it crabs while the yaw keeps the target in view")

    # Pure pursuit
    lookahead_time: float = setting(
        0.5, "the carrot is where the trajectory is this much later", unit="s", low=0.2, high=2.0
    )
    min_lookahead_dist: float = setting(0.3, "nearest carrot steered at", unit="m", low=0.05, high=2.0)
    max_lookahead_dist: float = setting(1.5, "farthest carrot steered at", unit="m", low=0.1, high=5.0)
    heading_time: float = setting(
        0.7, "an error of heading is made good in this time; less swings a base that lags", unit="s", low=0.1, high=2.0
    )
    view_weight: float = setting(
        0.6, "share of the heading that faces the target, where there is room", low=0.0, high=1.0
    )
    view_limit: float = setting(
        0.45,
        "never headed farther off the target than this: half the view, a body and a margin",
        unit="rad",
        low=0.1,
        high=1.5,
    )
    use_rotate_to_heading: bool = setting(
        True, "turn on the spot where the path leaves sideways and the base cannot crab"
    )
    rotate_to_heading_min_angle: float = setting(0.785, "sideways begins here", unit="rad", low=0.2, high=3.1)
    regulated_linear_scaling_min_radius: float = setting(
        0.6, "curves tighter than this are slowed", unit="m", low=0.0, high=5.0
    )
    regulated_linear_scaling_min_speed: float = setting(0.25, "but not below this", unit="m/s", low=0.0, high=1.0)
    extrapolation_time: float = setting(
        0.3, "the trajectory's last pace is kept this long past its end", unit="s", low=0.0, high=1.0
    )

    # The robot as a delayed first-order plant: a GO2 on concrete, 2026 (dimos), see docs/control.md
    dead_time: float = setting(0.15, "from command to first motion", unit="s", low=0.0, high=1.0)
    time_constant: float = setting(0.30, "then 63 % of a step after this", unit="s", low=0.01, high=2.0)
    gain_vx: float = setting(0.80, "steady speed per commanded speed, forwards", low=0.2, high=2.0)
    gain_vy: float = setting(0.74, "the same sideways", low=0.2, high=2.0)
    gain_wz: float = setting(0.90, "the same for turning", low=0.2, high=2.0)
    use_dead_time_compensation: bool = setting(
        True, "act from the pose the robot will have when the command takes effect"
    )
    use_gain_compensation: bool = setting(True, "divide commands by the gains")

    max_lead: float = setting(
        0.4,
        "a base that lags is asked for what is missing besides, up to so much, also against its motion; 0 = never",
        unit="m/s",
        low=0.0,
        high=1.0,
    )

    # Stop layer
    robot_length: float = setting(0.70, "footprint along x, centred on base_link", unit="m", low=0.1, high=2.0)
    robot_width: float = setting(0.31, "footprint along y", unit="m", low=0.1, high=2.0)
    stop_margin: float = setting(
        0.12, "room kept around the footprint: a LiDAR sees legs, a body is as much wider", unit="m", low=0.0, high=1.0
    )
    person_margin: float = setting(
        0.20, "further room kept to the followed person, who moves", unit="m", low=0.0, high=1.5
    )
    body_margin: float = setting(
        0.09, "room kept to the bodies of others who walk, 0.25 m round their legs", unit="m", low=0.0, high=1.0
    )
    reaction_time: float = setting(
        0.15, "age of the sweep and control period, travelled before braking", unit="s", low=0.0, high=1.0
    )
    stop_decel: float = setting(2.0, "braking the robot can be relied on for", unit="m/s^2", low=0.1, high=10.0)
    stop_angular_decel: float = setting(6.0, "the same for turning", unit="rad/s^2", low=0.1, high=30.0)
    base_height: float = base_height_setting()
    min_obstacle_height: float = setting(0.12, "lower returns are floor", unit="m", low=0.02, high=1.0)
    max_floor_tilt: float = setting(
        0.0, "the floor may lean so much against the base: ramps, a trotting body", unit="rad", low=0.0, high=0.15
    )
    use_attitude: bool = setting(
        True, "level LiDAR points by the odometry's roll and pitch where it gives them and the floor agrees"
    )
    doubt_speed: float = setting(
        0.5,
        "true speed of a robot whose odometry gives an attitude that cannot be believed",
        unit="m/s",
        low=0.0,
        high=2.0,
    )
    max_obstacle_height: float = setting(1.0, "the robot fits under higher ones", unit="m", low=0.2, high=3.0)

    # Avoidance
    use_elastic_band: bool = setting(True, "bend the trajectory round what the LiDAR sees")
    band_margin: float = setting(
        0.21, "room the band keeps beyond the stop margin, where there is", unit="m", low=0.0, high=1.0
    )
    obstacle_memory: float = setting(0.5, "sweeps are remembered this long", unit="s", low=0.0, high=3.0)
    tight_speed: float = setting(0.9, "speed where the band has no room to spare", unit="m/s", low=0.05, high=2.0)
    target_radius: float = setting(
        0.55, "returns this near the target are its own, no obstacle", unit="m", low=0.0, high=1.5
    )

    # Watchdogs
    max_age: float = setting(0.8, "oldest image a trajectory may come from", unit="s", low=0.1, high=3.0)
    trajectory_timeout: float = setting(
        0.4, "longest pause between trajectories: a dead planner stops the robot in 0.5 s", unit="s", low=0.1, high=3.0
    )
    odometry_timeout: float = setting(0.2, "oldest odometry", unit="s", low=0.02, high=2.0)
    cloud_timeout: float = setting(0.4, "oldest sweep", unit="s", low=0.1, high=2.0)
    require_cloud: bool = setting(True, "no LiDAR, no motion; false = the operator answers for obstacles")
    min_cloud_points: int = setting(20, "a sweep with fewer sound returns is a blind LiDAR", low=0, high=10000)
    future_slack: float = setting(
        0.1, "stamps this far ahead are clock jitter, more is a wrong clock", unit="s", low=0.0, high=1.0
    )

    @property
    def coasting_time(self) -> float:
        """s worth of its top speed v for which a robot that is to stand runs on.

        The ``time_constant`` tau of a base left to itself. With the lead (``plant.led``) its speed falls by
        dv/dt = -(v + lead)/tau down to lead/LEAD and by -(1 + LEAD) v/tau from there on, integrated over time: less.
        """
        speed = self.max_linear_vel * self.gain_vx
        lead = min(self.max_lead, self.max_reverse_vel * self.gain_vx, self.max_lateral_vel * self.gain_vy)
        slow = min(lead / LEAD, speed)
        way = speed - slow - lead * math.log((speed + lead) / (slow + lead)) if slow < speed and lead > 0.0 else 0.0
        return self.time_constant * ((way + slow / (1.0 + LEAD)) / speed if slow > 0.0 else 1.0)

    def check(self) -> None:
        """What no single range can say."""
        if self.min_lookahead_dist > self.max_lookahead_dist:
            raise ConfigError(
                f"min_lookahead_dist {self.min_lookahead_dist} m is over max_lookahead_dist {self.max_lookahead_dist} m"
            )
        if self.min_obstacle_height >= self.max_obstacle_height:
            raise ConfigError(
                f"min_obstacle_height {self.min_obstacle_height} m is not under max_obstacle_height "
                f"{self.max_obstacle_height} m: nothing would count as an obstacle"
            )
        if self.trajectory_timeout > self.max_age:
            raise ConfigError(f"trajectory_timeout {self.trajectory_timeout} s is over max_age {self.max_age} s")


NEAR_PEOPLE = ControllerConfig(
    max_linear_vel=0.8,
    max_reverse_vel=0.3,
    max_lateral_vel=0.3,
    max_angular_vel=1.0,
    max_linear_accel=1.0,
    max_linear_decel=1.5,
    max_lead=0.2,
)
"""What the controller node starts from: a parameter file that did not arrive leaves a slow robot.

The simulator's (config/robots/sim.yaml) and a robot's own file go over it.
"""
