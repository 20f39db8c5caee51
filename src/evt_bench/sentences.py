"""Which sentence the robot is told in an episode: the episode's own, or one that shows what the words are worth."""

from __future__ import annotations

import numpy as np

from evt_bench.data.grammar import HELD_OUT_VERBS, describe
from evt_bench.episodes import Episode
from evt_bench.outfits import Outfit, draw_distinct
from track_common.config import lookup

SENTENCES = {
    "right": "the episode's own",
    "wrong": "of somebody else: a distractor in DT, a person who is absent in STT and AT",
    "unseen": "of the target, in verbs and templates that no training data holds",
    "none": "follow the person: no description",
}
NO_DESCRIPTION = "follow the person"


def sentence_of(episode: Episode, choice: str) -> str:
    """The sentence of an episode; the same again for the same arguments.

    Args:
        episode: its first person is the target.
        choice: one of ``SENTENCES``.

    Raises:
        ConfigError: an unknown choice.
    """
    lookup("sentence", choice, SENTENCES)
    rng = np.random.default_rng([episode.seed, 53])
    target, *others = (person.outfit for person in episode.people)
    if choice == "wrong":
        return _wrong(episode, target, others, rng)
    if choice == "none":
        return NO_DESCRIPTION
    if choice == "right":
        return episode.instruction
    if episode.task == "AT":
        return f"{HELD_OUT_VERBS[int(rng.integers(len(HELD_OUT_VERBS)))]} the first person you see"
    return describe(target, tuple(others), rng, unseen=True)


def _wrong(episode: Episode, target: Outfit, others: list[Outfit], rng: np.random.Generator) -> str:
    if episode.task == "DT" and others:
        meant = int(rng.integers(len(others)))
        rest = (target, *(outfit for index, outfit in enumerate(others) if index != meant))
        return describe(others[meant], rest, rng)
    absent = draw_distinct(str(rng.choice(["woman", "man"])), target, rng)
    return describe(absent, (target,), rng)
