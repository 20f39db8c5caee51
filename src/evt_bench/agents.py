"""Who drives the robot in an episode: reference agents, or any tracker, policy and controller by name.

The pipeline agent runs the same classes as the ROS nodes, in simulated time, with the delays a real computer adds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from evt_bench.box_agents import EvtRule, VisualServo
from evt_bench.oracle import HIDDEN_STANDOFF as HIDDEN_STANDOFF
from evt_bench.oracle import SIGHT_ROOM as SIGHT_ROOM
from evt_bench.oracle import WAY_ROOM as WAY_ROOM
from evt_bench.oracle import Oracle
from evt_bench.robot_settings import controller_settings
from evt_bench.trackers import NoTracker, TruthTracker
from evt_bench.world.world import World
from track_common.config import lookup
from track_common.interfaces import Controller, Decision, Observation, Policy, Tracker
from track_common.pipeline import FollowPipeline
from track_common.types import STOP, Cloud, Frame, Odometry, Sighting, Trajectory, VelocityCommand

CONSTANT_SPEED = 0.85  # m/s: the mean of the targets' speeds
LIDAR_RATE = 15.0  # Hz
NO_TRACKER = "-"


class Agent(Protocol):
    """Drives one episode."""

    def start(self, world: World, instruction: str) -> None:
        """Forget everything; ``world`` stands at its first instant."""
        ...

    def look(self) -> Sighting | None:
        """Called at the frame rate; the tracker's answer where there is one."""
        ...

    def command(self) -> VelocityCommand:
        """Called at every step of the world, after the sensors of that step."""
        ...


@dataclass
class StandStill:
    """Never moves: what the rules give away."""

    def start(self, world: World, instruction: str) -> None:
        """Nothing to prepare."""

    def look(self) -> Sighting | None:
        """Sees nothing."""
        return None

    def command(self) -> VelocityCommand:
        """Always zero."""
        return STOP


@dataclass
class ConstantVelocity:
    """Straight on at people's mean pace, whatever happens."""

    gain: float = 1.0

    def start(self, world: World, instruction: str) -> None:
        """Ask for what the plant turns into ``CONSTANT_SPEED``."""
        self.gain = world.config.plant.gain_vx

    def look(self) -> Sighting | None:
        """Sees nothing."""
        return None

    def command(self) -> VelocityCommand:
        """Always the same."""
        return VelocityCommand(vx=CONSTANT_SPEED / self.gain)


class LateController:
    """A controller that gets each trajectory ``delay`` s after its image, as from a real tracker and planner."""

    def __init__(self, controller: Controller, delay: float) -> None:
        self._controller, self._delay = controller, delay
        self._waiting: deque[Trajectory] = deque()

    def on_trajectory(self, trajectory: Trajectory) -> None:
        """Keep it until it is due."""
        self._waiting.append(trajectory)

    def on_cloud(self, cloud: Cloud) -> None:
        """Passed on at once."""
        self._controller.on_cloud(cloud)

    def on_odometry(self, odometry: Odometry) -> None:
        """Passed on at once."""
        self._controller.on_odometry(odometry)

    def control(self, now: float) -> Decision:
        """Hand over what is due, then decide."""
        while self._waiting and self._waiting[0].stamp + self._delay <= now + 1e-9:
            self._controller.on_trajectory(self._waiting.popleft())
        return self._controller.control(now)


@dataclass
class PipelineAgent:
    """Tracker, policy and controller of the other packages, by name."""

    policy: str
    tracker: str
    delay: float = 0.1
    policy_params: dict[str, Any] = field(default_factory=dict)
    tracker_params: dict[str, Any] = field(default_factory=dict)
    controller_params: dict[str, Any] = field(default_factory=dict)
    control_rate: float = 0.0

    def start(self, world: World, instruction: str) -> None:
        """Make all three anew: nothing is carried from episode to episode."""
        from go2_bridge.config import ControllerConfig
        from go2_bridge.follower import Follower
        from track_common.config import override
        from trackvla_ros.registry import POLICIES

        settings = controller_settings(world) | self.controller_params
        controller = Follower(override(ControllerConfig(), settings))
        tracker, policy = self.make_eyes(world)
        self._pipeline = FollowPipeline(tracker, policy, LateController(controller, self.delay))
        self._pipeline.follow(instruction)
        self.planner: Any = policy
        self._is_blind = self.tracker == "truth" and not POLICIES[self.policy].needs_image
        self.trajectory: Trajectory | None = None  # the newest
        self._world, self._sweeps, self._cycle, self._sent = world, -1, -1, STOP

    def make_eyes(self, world: World) -> tuple[Tracker, Policy]:
        """A new tracker and a new policy: all that looks at images."""
        from trackvla_ros.registry import watched_policy
        from trackvla_ros.target_watch import TargetWatchConfig

        height = {"base_height": world.base_height} if self.policy == "box_servo" else {}
        watch = TargetWatchConfig(base_height=world.base_height)
        return self._make_tracker(world), watched_policy(self.policy, height | self.policy_params, watch)

    def look(self) -> Sighting | None:
        """One frame through tracker and policy."""
        sighting, self.trajectory = self._pipeline.on_frame(self._frame())
        return sighting

    def observe(self) -> Observation:
        """The first half of ``look``: one frame through the tracker; ``take`` gets what the policy makes of it."""
        return self._pipeline.observe(self._frame())

    def take(self, trajectory: Trajectory) -> None:
        """The second half of ``look``."""
        self.trajectory = trajectory
        self._pipeline.take(trajectory)

    def command(self) -> VelocityCommand:
        """Sensors of this instant in, the controller's command out."""
        now = self._world.time
        sweeps = int(now * LIDAR_RATE + 1e-6)
        cloud = self._world.scan() if sweeps > self._sweeps else None
        self._sweeps = sweeps
        self._pipeline.on_sensors(self._world.odometry(), cloud)
        cycle = int(now * self.control_rate + 1e-6)
        if not self.control_rate or cycle > self._cycle:
            self._cycle, self._sent = cycle, self._pipeline.control(now).command
        return self._sent

    def _frame(self) -> Frame:
        """The camera's frame; a blank one where neither tracker nor policy looks at pixels."""
        return self._world.blank() if self._is_blind else self._world.render()

    def _make_tracker(self, world: World) -> Any:
        if self.tracker == "truth":
            return TruthTracker(world)
        if self.tracker == "none":
            return NoTracker()
        from vlt_ros.registry import make_tracker

        return make_tracker(self.tracker, self.tracker_params)


BASELINES = {
    "oracle": Oracle,
    "stand_still": StandStill,
    "constant_velocity": ConstantVelocity,
    "evt_rule": EvtRule,
    "ibvs": VisualServo,
}


@dataclass(frozen=True)
class AgentSpec:
    """What a worker process needs to make an agent.

    ``tracker`` is "-" for the baselines, "truth" for true boxes, "none" for a policy that looks at the image alone.
    ``control_rate`` (Hz) is how often the controller is asked; 0 = at every step of the world.
    """

    policy: str
    tracker: str = NO_TRACKER
    delay: float = 0.1
    policy_params: dict[str, Any] = field(default_factory=dict)
    tracker_params: dict[str, Any] = field(default_factory=dict)
    controller_params: dict[str, Any] = field(default_factory=dict)
    control_rate: float = 0.0

    def make(self) -> Agent:
        """The agent.

        Raises:
            ConfigError: a baseline nobody knows.
        """
        if self.tracker == NO_TRACKER:
            return lookup("baseline", self.policy, BASELINES)()
        return PipelineAgent(
            self.policy, self.tracker, self.delay, self.policy_params, self.tracker_params, self.controller_params,
            self.control_rate,
        )  # fmt: skip
