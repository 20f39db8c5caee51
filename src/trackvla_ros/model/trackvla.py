"""TrackVLA: images + sentence -> trajectories. The whole forward is in this file; start at ``track``.

frame -> tower -> 64 fine or 4 coarse tokens -> projector -> [words and visual tokens] -> language model, one pass
      -> state at the last prompt position E_T -> action head -> 40 trajectories with scores
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.cache_utils import Cache, DynamicCache

from trackvla_ros.model.anchors import AnchorSet
from trackvla_ros.model.config import LanguageConfig, TrackVlaConfig
from trackvla_ros.model.heads import Candidates, Condition, build_head
from trackvla_ros.model.target import TargetHead
from trackvla_ros.model.tokens import VISUAL, Prompts
from trackvla_ros.model.vision import PooledFrame, build_tower, pool_grid

IGNORED = -100  # label of a position that no loss is taken at (torch's cross entropy)


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """Tracking and question rows of one batch; either part may be empty (no frames, no rows).

    Attributes:
        images: (F, 3, S, S) frames of all rows, tracking rows first, one row after another, oldest first.
        track_frames: frames of each tracking row, the last of them the current one.
        track: (R, N) prompts of the tracking rows.
        targets: (R, H, 3) expert trajectories, metres and radians.
        question_frames: frames of each question row.
        questions: (Q, N) prompts with the answer behind them.
        labels: (Q, N) id wanted after each position, IGNORED elsewhere.
    """

    images: Tensor
    track_frames: Sequence[int]
    track: Prompts
    targets: Tensor
    question_frames: Sequence[int]
    questions: Prompts
    labels: Tensor


class TrackVla(nn.Module):
    """Tower, projector, causal language model, action head."""

    def __init__(self, config: TrackVlaConfig, anchors: AnchorSet) -> None:
        super().__init__()
        self.config = config
        self.vision = build_tower(config.vision)
        width = config.language.width
        self.projector = nn.Sequential(nn.Linear(config.vision.width, width), nn.GELU(), nn.Linear(width, width))
        self.language = LlamaForCausalLM(llama_config(config.language))
        self.head = build_head(config, anchors)
        self.target = TargetHead(width) if config.answers_target else None

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.projector[0].weight.device  # pyright: ignore[reportReturnType]

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the projector; imported parts may each have their own."""
        return self.projector[0].weight.dtype  # pyright: ignore[reportReturnType]

    def track(self, prompts: Prompts, visual: Tensor, noise: Tensor | None, cache: Cache | None = None) -> Candidates:
        """Candidate trajectories for each prompt, in one pass of the language model.

        Args:
            prompts: ids (B, N); with a ``cache``, B = 1 and only the part it does not hold yet.
            visual: (V, D) projected tokens, in the order of their places in the prompts, row after row.
            noise: what the head's ``draw_noise`` gave, or None for none.
        """
        condition = self.condition(prompts, visual, cache)
        candidates = self.head.sample(condition, noise)
        if self.target is None:
            return candidates
        return dataclasses.replace(candidates, target=self.target(condition.hidden))

    def encode(self, images: Tensor) -> PooledFrame:
        """Images (B, 3, S, S), normalised RGB, to projected tokens: coarse (B, 4, D) and fine (B, 64, D)."""
        return self.project(self.look(images))

    def look(self, images: Tensor) -> PooledFrame:
        """Images to the tower's pooled features (B, 4, C) and (B, 64, C): all that training with a frozen one needs."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.config.vision.frozen):
            features = self.vision(images.to(next(self.vision.parameters()).dtype)).to(self.dtype)  # (B, 256, C)
        sequence = self.config.sequence
        return PooledFrame(pool_grid(features, sequence.coarse_grid), pool_grid(features, sequence.fine_grid))

    def project(self, features: PooledFrame) -> PooledFrame:
        """Pooled features to the language model's tokens."""
        return PooledFrame(self.projector(features.coarse), self.projector(features.fine))

    def embed(self, prompts: Prompts, visual: Tensor) -> Tensor:
        """(B, N, D) word embeddings with the visual tokens in their places."""
        places = prompts.ids == VISUAL
        embedded = self.language.get_input_embeddings()(prompts.ids.clamp(min=0))
        return embedded.masked_scatter(places[..., None], visual.to(embedded.dtype))

    def condition(self, prompts: Prompts, visual: Tensor, cache: Cache | None = None) -> Condition:
        """E_T, the final-layer state at each prompt's last position, and the means to go on from there."""
        if cache is None and self.config.head.kind == "autoregressive":
            cache = DynamicCache()
        past = 0 if cache is None else cache.get_seq_length()
        states = self._states(self.embed(prompts, visual), cache)
        last = states[torch.arange(len(states), device=states.device), prompts.lengths - 1]
        extend = None if cache is None else self._extend(prompts.lengths + past, states.shape[1] + past, cache)
        return Condition(last.to(self._head_dtype), extend)

    @torch.inference_mode()
    def answer(self, prompts: Prompts, visual: Tensor, max_tokens: int = 64, end: int | None = None) -> list[int]:
        """Ids of the greedy answer to one question prompt (B = 1): the language model's ordinary decoding."""
        embedded = self.embed(prompts, visual)
        mask = torch.ones(embedded.shape[:2], dtype=torch.long, device=embedded.device)
        return self.language.generate(
            inputs_embeds=embedded, attention_mask=mask, max_new_tokens=max_tokens, do_sample=False, eos_token_id=end,
            pad_token_id=0,
        )[0].tolist()  # fmt: skip

    def forward(self, batch: TrainingBatch, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Losses of a mixed batch: ``loss`` = track + alpha * text; a part whose rows are absent is left out."""
        pooled = self.encode(batch.images)
        split = sum(batch.track_frames)
        losses: dict[str, Tensor] = {}
        total = pooled.coarse.new_zeros(())
        if batch.track_frames:
            visual = interleave(PooledFrame(pooled.coarse[:split], pooled.fine[:split]), batch.track_frames)
            losses.update(self.head.loss(self.condition(batch.track, visual), batch.targets, generator))
            total = total + losses["track"]
        if batch.question_frames:
            states = self._states(self.embed(batch.questions, pooled.coarse[split:].flatten(0, 1)), None)
            logits = self.language.lm_head(states).float()
            losses["text"] = F.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)
            total = total + self.config.text_weight * losses["text"]
        return {**losses, "loss": total}

    @property
    def _head_dtype(self) -> torch.dtype:
        return next(self.head.parameters()).dtype

    def _states(self, embedded: Tensor, cache: Cache | None) -> Tensor:
        return self.language.model(
            inputs_embeds=embedded, past_key_values=cache, use_cache=cache is not None
        ).last_hidden_state

    def _extend(self, lengths: Tensor, padded: int, cache: Cache) -> Callable[[Tensor], Tensor]:
        """Continue rows of ``lengths`` tokens whose cache is padded to ``padded``: the padding stays unseen."""
        real = torch.arange(padded, device=lengths.device)[None] < lengths[:, None]
        added = 0

        def extend(ids: Tensor) -> Tensor:
            nonlocal added
            steps = torch.arange(added, added + ids.shape[1], device=ids.device)
            added += ids.shape[1]
            mask = torch.cat([real, real.new_ones(len(real), added)], dim=1)
            states = self.language.model(
                input_ids=ids, past_key_values=cache, attention_mask=mask, position_ids=lengths[:, None] + steps,
                use_cache=True,
            ).last_hidden_state  # fmt: skip
            return states.to(self._head_dtype)

        return extend


def interleave(pooled: PooledFrame, frames: Sequence[int]) -> Tensor:
    """Visual tokens (V, D) of tracking rows: every frame coarse, but the last of each row fine."""
    parts: list[Tensor] = []
    first = 0
    for count in frames:
        last = first + count - 1
        parts += [pooled.coarse[first:last].flatten(0, 1), pooled.fine[last]]
        first += count
    return torch.cat(parts)


def llama_config(config: LanguageConfig) -> LlamaConfig:
    """Our names in transformers' words."""
    return LlamaConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.width,
        intermediate_size=config.mlp_width,
        num_hidden_layers=config.depth,
        num_attention_heads=config.heads,
        num_key_value_heads=config.kv_heads,
        max_position_embeddings=config.max_positions,
        rms_norm_eps=config.norm_eps,
        rope_theta=config.rope_theta,
        tie_word_embeddings=False,
        initializer_range=config.width
        ** -0.5,  # 0.016 at full size, where 0.02 is usual; small models start too quiet with it
    )
