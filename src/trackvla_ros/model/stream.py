"""Streaming inference: each frame goes through the tower once in its life, an unchanged prompt prefix is not run again.

What can be reused: the pooled, projected tokens of every past frame (always); keys and values of the prompt's beginning
as long as it is the same token for token, that is the opening words, and the past frames while the window still fills.
Once it slides, every later position shifts and is computed anew: rotary positions and causal attention allow nothing
else exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from trackvla_ros.history import FrameHistory
from trackvla_ros.model.heads import Candidates
from trackvla_ros.model.tokens import VISUAL, PromptBuilder, Tokenizer, stack_prompts
from trackvla_ros.model.trackvla import TrackVla


class Episode:
    """What is remembered of one robot following one instruction."""

    def __init__(self, model: TrackVla, tokenizer: Tokenizer, instruction: str, seed: int = 0) -> None:
        """Raises InstructionError where the instruction is empty or too long."""
        self._builder = PromptBuilder(model.config.sequence, tokenizer)
        self._instruction = instruction
        self._builder.track(instruction, 0)
        sequence = model.config.sequence
        self.history: FrameHistory[Tensor] = FrameHistory(sequence.history, sequence.frame_period)
        self.generator = torch.Generator().manual_seed(seed)
        self.prefix = PrefixCache()

    def prompt(self) -> list[int]:
        """Ids of the prompt with the frames kept so far."""
        return self._builder.track(self._instruction, len(self.history.frames))

    def visual(self, fine: Tensor) -> Tensor:
        """(V, D) tokens of the past frames and the current one's ``fine`` (64, D)."""
        return torch.cat([*(frame.item for frame in self.history.frames), fine])

    def keys(self, ids: Sequence[int], current: int, coarse_tokens: int) -> list[int]:
        """The prompt with every visual place replaced by a number that is its frame's own: equal keys, equal tokens."""
        numbers = [frame.number for frame in self.history.frames for _ in range(coarse_tokens)]
        visual = iter([*numbers, *[current] * (ids.count(VISUAL) - len(numbers))])
        return [-1 - next(visual) if i == VISUAL else i for i in ids]


class PrefixCache:
    """Keys and values of the last prompt, cut back to what the next one shares with it."""

    def __init__(self) -> None:
        self._cache = DynamicCache()
        self._keys: list[int] = []

    def take(self, keys: list[int]) -> tuple[DynamicCache, int]:
        """The cache cut to the common beginning and its length; at least one token is always left to run.

        Until ``keep`` says that the rest was run, the cache counts as spoilt.
        """
        common = 0
        for old, new in zip(self._keys, keys[:-1], strict=False):
            if old != new:
                break
            common += 1
        if common == 0:
            self._cache = DynamicCache()
        else:
            self._cache.crop(common)
        self._keys = []
        return self._cache, common

    def keep(self, keys: list[int]) -> None:
        """The cache now holds exactly this prompt."""
        self._keys = keys


class TrackStream:
    """One model serving any number of episodes."""

    def __init__(self, model: TrackVla, reuse_prefix: bool = True) -> None:
        self._model = model.eval()
        self._reuse_prefix = reuse_prefix and model.config.head.kind != "autoregressive"
        self._frames_seen = 0

    @torch.inference_mode()
    def step(self, episodes: Sequence[Episode], images: Tensor, stamps: Sequence[float]) -> Candidates:
        """Trajectories for one new frame (B, 3, S, S) of each episode, which then becomes part of its history."""
        model = self._model
        for episode, stamp in zip(episodes, stamps, strict=True):
            episode.history.check(stamp)
        pooled = model.encode(images.to(model.device))
        noise = self._noise(episodes)
        if self._reuse_prefix and len(episodes) == 1:
            candidates = self._step_one(episodes[0], pooled.fine[0], noise)
        else:
            prompts = stack_prompts([episode.prompt() for episode in episodes]).to(model.device)
            visual = torch.cat([e.visual(fine) for e, fine in zip(episodes, pooled.fine, strict=True)])
            candidates = model.track(prompts, visual, noise)
        for episode, stamp, coarse in zip(episodes, stamps, pooled.coarse, strict=True):
            episode.history.push(stamp, coarse)
        return candidates

    def _step_one(self, episode: Episode, fine: Tensor, noise: Tensor | None) -> Candidates:
        ids = episode.prompt()
        self._frames_seen += 1
        current = (1 << 40) + self._frames_seen  # its fine tokens never come again
        keys = episode.keys(ids, current, self._model.config.sequence.coarse_grid**2)
        cache, common = episode.prefix.take(keys)
        visual = episode.visual(fine)[ids[:common].count(VISUAL) :]
        prompts = stack_prompts([ids[common:]]).to(self._model.device)
        candidates = self._model.track(prompts, visual, noise, cache)
        episode.prefix.keep(keys)
        return candidates

    def _noise(self, episodes: Sequence[Episode]) -> Tensor | None:
        draws = [self._model.head.draw_noise(1, episode.generator) for episode in episodes]
        present = [draw for draw in draws if draw is not None]
        return torch.cat(present) if present else None
