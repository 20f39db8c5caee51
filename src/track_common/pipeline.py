"""The whole flow in one place: frame -> box -> trajectory -> command. Start reading here.

The benchmark steps this class in simulated time; the ROS nodes make the same calls, each at its own rate.
"""

from __future__ import annotations

from track_common.interfaces import Controller, Decision, Observation, Policy, Tracker
from track_common.types import Cloud, Frame, Odometry, Sighting, Trajectory


class FollowPipeline:
    """One target, one robot: a tracker, a policy and a controller in a row."""

    def __init__(self, tracker: Tracker, policy: Policy, controller: Controller) -> None:
        self._tracker, self._policy, self._controller = tracker, policy, controller
        self._instruction: str | None = None
        self._cloud: Cloud | None = None
        self._odometry: Odometry | None = None

    def follow(self, instruction: str) -> None:
        """Follow whoever the sentence describes, from the next frame on."""
        self._instruction = instruction
        self._policy.reset(instruction)

    def on_sensors(self, odometry: Odometry, cloud: Cloud | None) -> None:
        """Newest odometry and, where there is one, newest LiDAR sweep."""
        self._odometry, self._cloud = odometry, cloud or self._cloud
        self._controller.on_odometry(odometry)
        if cloud is not None:
            self._controller.on_cloud(cloud)

    def on_frame(self, frame: Frame) -> tuple[Sighting, Trajectory]:
        """One camera frame through tracker and policy; ``follow`` must have been called."""
        observation = self.observe(frame)
        trajectory = self._policy.infer(observation)
        self.take(trajectory)
        return observation.sighting or Sighting(frame.stamp, None), trajectory

    def observe(self, frame: Frame) -> Observation:
        """One camera frame through the tracker: what the policy may look at."""
        return Observation(frame, self._look(frame), self._cloud, self._odometry)

    def take(self, trajectory: Trajectory) -> None:
        """What the policy made of the observation, to the controller."""
        self._controller.on_trajectory(trajectory)

    def control(self, now: float) -> Decision:
        """Command for this instant (call at the controller's rate, 20-50 Hz)."""
        return self._controller.control(now)

    def _look(self, frame: Frame) -> Sighting:
        if self._instruction is None:
            return self._tracker.update(frame)
        instruction, self._instruction = self._instruction, None
        return self._tracker.init(frame, instruction)
