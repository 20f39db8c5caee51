"""Agents that look at once: policies that share a network see their frames as one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from evt_bench.agents import Agent, PipelineAgent
from track_common.types import Sighting


def look_together(agents: Sequence[Agent], on_sighting: Sequence[Callable[[Sighting | None], object]]) -> None:
    """Every agent looks; ``on_sighting`` gets what its tracker found.

    Policies that have a function ``together`` and share one ``network`` are answered in one call.
    """
    groups: dict[int, list[int]] = {}
    for index, agent in enumerate(agents):
        together = _together(agent) if len(agents) > 1 else None
        if together is None or not isinstance(agent, PipelineAgent):
            on_sighting[index](agent.look())
        else:
            groups.setdefault(id(agent.planner.network), []).append(index)
    for indices in groups.values():
        chosen = [agent for index in indices if isinstance(agent := agents[index], PipelineAgent)]
        observations = [agent.observe() for agent in chosen]
        for index, observation in zip(indices, observations, strict=True):
            on_sighting[index](observation.sighting)
        answers = chosen[0].planner.together([agent.planner for agent in chosen], observations)
        for agent, trajectory in zip(chosen, answers, strict=True):
            agent.take(trajectory)


def _together(agent: Agent) -> Any:
    """The function that answers several policies of this agent's kind at once, None where there is none."""
    return getattr(agent.planner, "together", None) if isinstance(agent, PipelineAgent) else None
