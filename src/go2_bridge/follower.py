"""trajectory + LiDAR + odometry -> command: the robot side in the order it happens. Start reading at ``_decide``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from go2_bridge.config import ControllerConfig
from go2_bridge.control.band_planner import MIN_WAY, BandPlanner, ahead_of, drawn_out, length_of
from go2_bridge.control.elastic_band import Band
from go2_bridge.control.passing import make_way, sidesteps
from go2_bridge.control.plant import CommandHistory, Plant, roll_forward
from go2_bridge.control.pure_pursuit import pursue
from go2_bridge.control.shaping import CommandShaper
from go2_bridge.control.surroundings import Surroundings, Target
from go2_bridge.control.timing import TimedPath, anchor, extended, fault_of, leads_back, pose_at, remaining
from go2_bridge.control.velocity import VelocityEstimator
from go2_bridge.safety.limits import clamp, is_sound, limit_change
from go2_bridge.safety.stop_zone import Around, let_through, step_off
from go2_bridge.safety.watchdog import ControlStatus, Inputs, StopReason, check_inputs, explained, planner_stop, stopped
from track_common.config import validate
from track_common.interfaces import Decision
from track_common.pose_buffer import PoseBuffer
from track_common.types import STOP, Array, Cloud, Odometry, TargetStatus, Trajectory, VelocityCommand

REORDER = 1.0  # s; a message this much older than the last is a restarted clock, less is one out of order
PATIENCE = 0.4  # s of standing before something after which the robot steps off it
BACK = 0.25  # m/s; a way round something may begin backwards, which nobody expects: slowly


class Follower:
    """Implements ``track_common.interfaces.Controller``; needs no ROS, takes time as an argument."""

    def __init__(self, config: ControllerConfig | None = None) -> None:
        self.config = config or ControllerConfig()
        self.reset()
        self.configure(self.config)

    def configure(self, config: ControllerConfig) -> None:
        """Take new settings, all or none; may be called while following.

        Raises:
            ConfigError: naming setting, value and bound.
        """
        validate(config)
        self.config = self._surroundings.config = config
        self._planner, self._mapped = BandPlanner(config), None
        self._plant = Plant.of(config)
        self._driven = Plant.of(config, config.use_gain_compensation)

    def reset(self) -> None:
        """Forget every input and command: a new episode."""
        self._poses = PoseBuffer()
        self._history, self._shaper = CommandHistory(), CommandShaper()
        self._velocity = VelocityEstimator(self.config.velocity_source)
        self._trajectory: Trajectory | None = None
        self._path: TimedPath | None = None
        self._surroundings = Surroundings(self.config, self._poses)
        self._planner = BandPlanner(self.config)
        self._mapped: float | None = None  # stamp (s) of the sweep last shown to the planner
        self._is_planned = False  # the band is of the newest trajectory and sweep
        self._arrived: float | None = None
        self._fault: StopReason | None = None
        self._odometry_fault: StopReason | None = None
        self._wish, self._wished, self._jumped_at = STOP, -np.inf, -np.inf  # the last: first stamp after a jump, s
        self._blocked: float | None = None  # since when the stop layer has let nothing through, s
        self._time: float | None = None
        self._sent = STOP
        self._allowed: VelocityCommand | None = None  # what was let through, where more than that was sent

    def on_trajectory(self, trajectory: Trajectory, arrived: float | None = None) -> None:
        """Newest trajectory; an unsound one stops the robot, one slightly out of order is ignored.

        ``arrived`` is when it came (s); None = the watchdog counts from the next command.
        """
        if self._trajectory is not None and 0.0 < self._trajectory.stamp - trajectory.stamp < REORDER:
            return
        self._trajectory, self._path, self._arrived, self._is_planned = trajectory, None, arrived, False
        jumped = StopReason.ODOMETRY_JUMP if trajectory.stamp < self._jumped_at else None  # since its image was taken
        self._fault = StopReason.BAD_TRAJECTORY if fault_of(trajectory) else jumped

    def on_cloud(self, cloud: Cloud) -> None:
        """Newest sweep in base_link, for stop layer and band; one slightly out of order is ignored."""
        self.take_cloud(cloud)
        self._map()

    def take_cloud(self, cloud: Cloud) -> None:
        """The quick half of ``on_cloud``: the stop layer has the sweep, the band and who walks are of the last one."""
        if (newest := self._surroundings.cloud) is None or not 0.0 < newest.stamp - cloud.stamp < REORDER:
            self._surroundings.on_cloud(cloud)

    def digest(self, now: float) -> None:
        """What takes a few ms of the next command, ahead of it: who walks, what the band must go round, the band."""
        self._map()
        is_next = self._time is None or now >= self._time  # else the next command is to find the clock set back
        if is_next and self._check(now) is None and self._path is not None and not self._is_planned:
            self._follow(self._path, self._state(now))

    def _map(self) -> None:
        """Who walks in the newest sweep and what the band must go round, unless that is known already."""
        self._surroundings.track()
        cloud = self._surroundings.cloud
        if cloud is None or cloud.stamp == self._mapped or self._trajectory is None:
            return
        obstacles = self._surroundings.obstacles(self._target())
        if obstacles is not None:
            self._planner.on_sweep(obstacles, cloud.stamp)
            self._mapped, self._is_planned = cloud.stamp, False

    def on_odometry(self, odometry: Odometry) -> None:
        """Newest odometry; where it jumped, the trajectory in hand hangs in the air and is dropped."""
        try:
            is_whole = self._poses.push(odometry)
        except ValueError:
            self.refuse_odometry()
            return
        self._odometry_fault = None
        self._velocity.on_odometry(odometry, self._history, self._plant)
        if not is_whole:
            self._velocity.forget()
            self._path, self._mapped, self._jumped_at = None, None, odometry.stamp
            self._fault = StopReason.ODOMETRY_JUMP
            self._planner.forget()
            self._surroundings.forget_movers()

    def refuse_trajectory(self) -> None:
        """The newest trajectory could not even be read: stop until one can."""
        self._fault = StopReason.BAD_TRAJECTORY

    def refuse_odometry(self) -> None:
        """The newest odometry could not even be read: stop until one can."""
        self._odometry_fault = StopReason.BAD_ODOMETRY

    def on_wish(self, now: float, command: VelocityCommand) -> None:
        """True velocity another planner wants; obeyed, within every limit, only while the policy says *lost*."""
        self._wish, self._wished = command, now

    @property
    def warning(self) -> str:
        """What the operator should mend although the robot may move, "" where all is well."""
        return self._surroundings.attitude.warning(self.config)

    @property
    def band(self) -> Band | None:
        """The elastic band last planned, in odom; None before the first."""
        return self._planner.band

    @property
    def obstacles(self) -> Array:
        """(N, 2) returns in odom that the band bends round."""
        return self._planner.obstacles

    def note_sent(self, now: float, command: VelocityCommand) -> None:
        """Tell what was really sent at ``now`` where it was not what ``control`` answered (disarmed, dry run)."""
        self._sent, self._allowed = command, None
        self._history.push(now, command)
        self._shaper.note_sent(command, now)

    def control(self, now: float) -> Decision:
        """Command for this instant (s); call at 20-50 Hz. Any stop is immediate and carries its reason.

        A command that moves carries none: a robot that still brakes says so by its status.
        """
        decision = self._decide(now)
        command, allowed = clamp(decision.command, self.config), self._allowed
        self._time = now
        self.note_sent(now, command)
        self._allowed = allowed
        return explained(command, decision)

    def _decide(self, now: float) -> Decision:
        reason = self._check(now)
        if reason is StopReason.TARGET_LOST and 0.0 <= now - self._wished <= self.config.trajectory_timeout:
            return self._limited(now, self._state(now), self._wish, ControlStatus.RECOVERING)
        if reason is not None or self._path is None:
            self._allowed = None
            return stopped(reason or StopReason.NO_TRAJECTORY)
        state = self._state(now)
        wanted, status = self._unless_in_doubt(*self._follow(self._path, state))
        middles = self._surroundings.bodies_from(state.pose, state.stamp, self._target())[0]
        return self._limited(now, state, make_way(wanted, middles, self.config), status)

    def _unless_in_doubt(self, wanted: VelocityCommand, status: ControlStatus) -> tuple[VelocityCommand, ControlStatus]:
        """The same, slower and with a status that says so where the attitude is not believed."""
        attitude = self._surroundings.attitude
        is_doubted = status is ControlStatus.FOLLOWING and not attitude.is_trusted
        return attitude.slowed(wanted, self.config), ControlStatus.DOUBTING if is_doubted else status

    def _limited(self, now: float, state: Odometry, wanted: VelocityCommand, status: ControlStatus) -> Decision:
        """What of the wanted true velocity limits and stop layer let through."""
        config, last, self._allowed = self.config, self._allowed or self._sent, None
        if not is_sound(wanted):
            return stopped(StopReason.BAD_COMMAND)
        command = clamp(self._driven.command_for(wanted), config)
        around = self._around(state)
        velocity = VelocityCommand(state.vx, state.vy, state.wz)
        free = self._cleared(command, around, velocity)
        ramped = limit_change(free, last, now - self._time if self._time is not None else 0.0, config)
        cleared = self._cleared(ramped, around, velocity)  # again: the ramp to a free command may lead through another
        is_blocked = cleared == STOP != command
        decision = self._blocked_by(around, now) if is_blocked else Decision(cleared, status=status.value)
        self._blocked = self._blocked if is_blocked else None
        self._allowed = decision.command
        return replace(decision, command=self._shaper.shaped(decision.command, velocity, self._plant, now, config))

    def _blocked_by(self, around: Around | None, now: float) -> Decision:
        """A stop; once it has lasted for a while, slowly off what is nearest where the robot stands in its margin."""
        self._blocked = now if self._blocked is None else self._blocked
        if around is None or now - self._blocked < PATIENCE:
            return stopped(StopReason.OBSTACLE)
        return Decision(self._driven.command_for(step_off(around, self.config)), status=ControlStatus.ESCAPING.value)

    def _check(self, now: float) -> StopReason | None:
        """Every reason not to move; afterwards the trajectory lies in odom."""
        if self._time is not None and now < self._time:
            self.reset()
            return StopReason.CLOCK
        if self._trajectory is not None and self._arrived is None:
            self._arrived = now
        inputs = Inputs.of(self._poses.newest, self._surroundings.cloud, self._trajectory, self._arrived)
        faults = self._odometry_fault or self._fault or self._surroundings.fault or self._velocity.fault
        reason = check_inputs(inputs, now, self.config) or faults
        if reason is not None or self._trajectory is None:
            return reason
        reason = planner_stop(self._trajectory)
        if reason is None and self._path is None:
            pose = self._place(self._trajectory.stamp)
            self._path = None if pose is None else anchor(self._trajectory, pose)
        return reason or (StopReason.UNPLACED if self._path is None else None)

    def _place(self, stamp: float) -> Array | None:
        """(3,) pose in odom at a sensor's stamp; None outside what the odometry covers."""
        return self._poses.pose_at(stamp, slack=self.config.odometry_timeout)

    def _state(self, now: float) -> Odometry:
        """Where the robot will be when the command sent now takes effect."""
        newest = self._poses.newest
        assert newest is not None  # _check has seen to it
        stamp = now + self.config.dead_time if self.config.use_dead_time_compensation else newest.stamp
        return roll_forward(self._velocity.of(newest), self._history, self._plant, stamp)

    def _follow(self, path: TimedPath, state: Odometry) -> tuple[VelocityCommand, ControlStatus]:
        """True body velocity that follows what is left of the path, at its own pace, and whether there is a way."""
        config, pose = self.config, state.pose
        timed = extended(path, config.extrapolation_time)
        line, distance = remaining(timed, pose[:2], state.stamp + config.lookahead_time)
        yaw = float(pose_at(path, state.stamp + config.heading_time)[2])
        is_back = leads_back(path, pose)
        status, room, is_in_sight = ControlStatus.FOLLOWING, 1.0, True
        if config.use_elastic_band and distance > MIN_WAY and not is_back:
            line, distance, room = self._bent(line, distance, state)
            is_in_sight = self._planner.is_in_sight(pose[:2], self.target_odom())
            status = ControlStatus.NO_WAY if distance < MIN_WAY else status
        wanted = pursue(line, distance, pose, yaw, config, room, is_in_sight)
        if wanted.vx < 0.0 and not is_back:
            wanted = VelocityCommand(max(wanted.vx, -BACK), wanted.vy, wanted.wz)
        return wanted, status

    def _bent(self, line: Array, distance: float, state: Odometry) -> tuple[Array, float, float]:
        """The line as an elastic band round what the LiDAR saw, how far to go along it, and the room (0..1) it has.

        The band is planned once per input and followed in between.
        """
        if self._mapped is None:
            self._map()
        band = self._planner.band
        if band is None or not self._is_planned:
            walkers = self._surroundings.walkers(self._target())
            pace = min(distance / self.config.lookahead_time, self.config.max_linear_vel)
            band = self._planner.plan(drawn_out(line, self.target_odom()), walkers, pace, state.stamp)
            self._is_planned = True
        way = ahead_of(band.points, state.pose[:2])
        if band.is_broken:
            distance = min(distance, length_of(way))
        room = self._planner.room_along(way)
        cap = self.config.tight_speed + room * max(self.config.max_linear_vel - self.config.tight_speed, 0.0)
        return way, min(distance, cap * self.config.lookahead_time), room

    def _around(self, state: Odometry) -> Around | None:
        """What stands around ``state`` and the room to keep; more to the followed person, where one is really seen."""
        is_seen = self._trajectory is not None and self._trajectory.status is TargetStatus.TRACKED
        room = self.config.person_margin * is_seen
        return self._surroundings.seen_from(state.pose, state.stamp, self._target(), room)

    def _cleared(self, command: VelocityCommand, around: Around | None, velocity: VelocityCommand) -> VelocityCommand:
        """What the stop layer lets through."""
        if around is None:
            return STOP if self.config.require_cloud else command
        wanted = self._plant.velocity_under(command)
        passed = let_through(wanted, around, self.config, velocity, sidesteps(wanted, self.config))
        return self._plant.command_for(passed)

    def _target(self) -> Target | None:
        return self._surroundings.target_of(self._trajectory)

    def target_odom(self) -> Array | None:
        """(2,) the target as the planner saw it, in odom; None where it did not say."""
        target = self._target()
        return None if target is None else target.place
