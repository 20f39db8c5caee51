"""What planner and benchmark run of a policy that looks at images: completed by a watch, taken over by a search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from track_common.interfaces import Observation, Policy, Timed
from track_common.types import Trajectory
from trackvla_ros.target_search import TargetSearch
from trackvla_ros.target_watch import TargetWatch, TargetWatchConfig


class WatchedPolicy:
    """A policy, a ``TargetWatch`` and a ``TargetSearch``: implements ``track_common.interfaces.Policy``."""

    def __init__(self, policy: Policy, config: TargetWatchConfig | None = None) -> None:
        self.policy, self.watch = policy, TargetWatch(config)
        self.search = TargetSearch(self.watch.config)

    def reset(self, instruction: str) -> None:
        """Another target for both."""
        self.policy.reset(instruction)
        self.watch.reset(instruction)
        self.search.reset(instruction)

    def infer(self, observation: Observation) -> Trajectory:
        """The policy's trajectory, completed."""
        return self.completed(self.policy.infer(observation), observation)

    def completed(self, trajectory: Trajectory, observation: Observation) -> Trajectory:
        """Target and status filled in; while a target that the policy itself places is out of view, the search."""
        return self.search.completed(self.watch.completed(trajectory, observation), observation)

    @property
    def network(self) -> Any:
        """The policy's network, which siblings share; None of a policy that has none."""
        return getattr(self.policy, "network", None)

    @property
    def together(self) -> Callable[[Sequence[Any], Sequence[Observation]], list[Trajectory]] | None:
        """The function that answers several watched policies on one network as one batch; None where there is none."""
        answer = getattr(import_module(type(self.policy).__module__), "infer_together", None)
        return None if answer is None else lambda policies, observations: _completed(answer, policies, observations)

    def timings(self) -> Mapping[str, float]:
        """The policy's; empty where it does not know."""
        return self.policy.timings() if isinstance(self.policy, Timed) else {}


def _completed(
    answer: Callable[..., list[Trajectory]], policies: Sequence[WatchedPolicy], observations: Sequence[Observation]
) -> list[Trajectory]:
    """One completed trajectory for each policy; ``answer`` is the policies' own function for a batch."""
    trajectories = answer([policy.policy for policy in policies], observations)
    return [p.completed(t, o) for p, t, o in zip(policies, trajectories, observations, strict=True)]
