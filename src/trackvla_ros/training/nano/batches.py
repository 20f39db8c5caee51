"""Samples on cached features -> one batch of prompts, features and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trackvla_ros.model.config import SequenceConfig
from trackvla_ros.model.heads import Condition
from trackvla_ros.model.prompting import PAD, VISUAL, PromptBuilder, WordTokenizer, split_words
from trackvla_ros.model.target import TargetTruth
from trackvla_ros.model.tokens import Prompts
from trackvla_ros.model.trackvla import TrackVla
from trackvla_ros.model.vision import PooledFrame, pool_grid
from trackvla_ros.training.dense import CLASSES
from trackvla_ros.training.nano.samples import ASKED, Query, Sample

MIN_COUNT = 20  # times a word must occur to get an id of its own
TRACK_WEIGHT = 5.0  # the trajectories' squared error is small in normalised units
ATTENTION_WEIGHT = 0.5  # as the pointer's
POINTING_LAYERS = 2  # of the language model, the last ones, with one head each that is taught where the target is
SPELT_SHARE = 0.04  # of the known words that are spelt in bytes, so that unknown ones are not new to the model


@dataclass(frozen=True, eq=False)
class NanoBatch:
    """R frames with Q sentences in all; a frame's sentences stand one after another behind its visual tokens.

    Attributes:
        ids: (R, N) with VISUAL where visual tokens stand; ``positions`` (R, N) as if each sentence stood alone.
        sees: (R, 1, N, N) True where a token attends to another: the visual part and its own sentence, causally.
        ends: (Q, 2) row and last token of each sentence.
        features: (F, 64, C) of all frames; ``frames`` of each row, the last is the current one.
        asked: (Q, A) attributes of the person each sentence describes; ``worn`` (R, 64, A) what each cell of the
            current frame shows, -1 for no person.
        trajectories: (Q, H, 3), NaN where there is no label; ``target``: what is right of each sentence's target.
    """

    ids: Tensor
    positions: Tensor
    sees: Tensor
    ends: Tensor
    features: Tensor
    frames: Sequence[int]
    asked: Tensor
    worn: Tensor
    trajectories: Tensor
    target: TargetTruth


def choose_words(sentences: Iterable[str], rows: int) -> list[str]:
    """The words worth an id of their own, most frequent first, no more than ``rows``."""
    counts = Counter(word for sentence in sentences for word in split_words(sentence))
    return [word for word, count in counts.most_common(rows) if count >= MIN_COUNT]


class SpellingTokenizer(WordTokenizer):
    """Spells some known words in bytes, by chance."""

    def __init__(self, words: Sequence[str], rng: np.random.Generator) -> None:
        super().__init__(words)
        self._rng = rng

    def encode(self, text: str) -> list[int]:
        """As the parent does, but for the words that are spelt this time."""
        ids: list[int] = []
        for word in split_words(text):
            ids += self.spell(word) if self._rng.random() < SPELT_SHARE else super().encode(word)
        return ids


def collate(samples: Sequence[Sample], sequence: SequenceConfig, tokenizer: WordTokenizer) -> NanoBatch:
    """The samples as one batch."""
    builder = PromptBuilder(sequence, tokenizer)
    packed = [_pack([builder.track(q.sentence, len(s.past)) for q in s.queries]) for s in samples]
    length = max(len(p.ids) for p in packed)
    ids = torch.full((len(packed), length), PAD)
    positions = torch.zeros(len(packed), length, dtype=torch.long)
    part = torch.full((len(packed), length), -1)
    for row, p in enumerate(packed):
        count = len(p.ids)
        ids[row, :count], positions[row, :count] = torch.tensor(p.ids), torch.tensor(p.positions)
        part[row, :count] = torch.tensor(p.parts)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    sees = causal & ((part[:, None] == part[:, :, None]) | (part[:, None] == 0))
    queries = [q for s in samples for q in s.queries]
    features = np.concatenate([part for s in samples for part in (s.past, s.now[None])]).astype(np.float32)
    return NanoBatch(
        ids,
        positions,
        sees[:, None],
        torch.tensor([(row, end) for row, p in enumerate(packed) for end in p.ends]),
        torch.from_numpy(features),
        [len(s.past) + 1 for s in samples],
        torch.from_numpy(np.stack([q.asked for q in queries]).astype(np.int64)),
        torch.from_numpy(np.stack([s.worn for s in samples]).astype(np.int64)),
        torch.from_numpy(np.stack([q.trajectory for q in queries]).astype(np.float32)),
        _truth(queries),
    )


@dataclass(frozen=True)
class _Packed:
    ids: list[int]
    positions: list[int]
    parts: list[int]  # 0 the shared beginning, then the number of the sentence from 1
    ends: list[int]


def _pack(prompts: Sequence[list[int]]) -> _Packed:
    """Prompts of one frame end to end, what they share at the beginning only once."""
    shared = len(prompts[0]) - prompts[0][::-1].index(VISUAL) if VISUAL in prompts[0] else 0
    ids, positions, parts, ends = prompts[0][:shared], list(range(shared)), [0] * shared, []
    for number, prompt in enumerate(prompts, 1):
        ids = ids + prompt[shared:]
        positions += range(shared, len(prompt))
        parts += [number] * (len(prompt) - shared)
        ends.append(len(ids) - 1)
    return _Packed(ids, positions, parts, ends)


def _truth(queries: Sequence[Query]) -> TargetTruth:
    cells = np.stack([q.cells for q in queries]).astype(np.float32)
    cells /= np.maximum(cells.sum(axis=1, keepdims=True), 1e-6)
    positions = np.stack([q.position for q in queries]).astype(np.float32)
    in_view = torch.tensor([float(q.in_view) for q in queries])
    return TargetTruth(in_view, torch.from_numpy(positions), torch.from_numpy(cells))


@dataclass(frozen=True, eq=False)
class States:
    """What the language model makes of Q sentences, F fine tokens each.

    Attributes:
        hidden: (Q, D) E_T, the state at the last token of each sentence.
        fine: (Q, F, D) projected fine tokens of its frame.
        middle: (Q, D) the same before the pointing layers; ``shown`` (R, F, D) states of the fine tokens there.
        attention: (L, Q, F) of one head in each of the last ``POINTING_LAYERS`` layers, from E_T to the fine tokens.
    """

    hidden: Tensor
    fine: Tensor
    middle: Tensor
    shown: Tensor
    attention: Tensor


def states_of(model: TrackVla, batch: NanoBatch) -> States:
    """One pass of the language model over the packed sentences; its attention has to be "eager"."""
    sequence = model.config.sequence
    fine = pool_grid(batch.features, sequence.fine_grid)
    pooled = model.project(PooledFrame(pool_grid(batch.features, sequence.coarse_grid), fine))
    last = np.cumsum(batch.frames) - 1
    parts: list[Tensor] = []
    for end, count in zip(last, batch.frames, strict=True):
        parts += [pooled.coarse[end - count + 1 : end].flatten(0, 1), pooled.fine[end]]
    embedded = model.embed(Prompts(batch.ids, batch.ids), torch.cat(parts))
    mask = torch.zeros(batch.sees.shape, dtype=embedded.dtype).masked_fill(~batch.sees, torch.finfo(embedded.dtype).min)
    answer = model.language.model(
        inputs_embeds=embedded, attention_mask=mask, position_ids=batch.positions, use_cache=False,
        output_attentions=True, output_hidden_states=True,
    )  # fmt: skip
    rows, places = batch.ends.unbind(dim=1)
    columns = torch.stack([(row == VISUAL).nonzero()[-fine.shape[1] :, 0] for row in batch.ids])  # (R, F)
    heads = [layer[:, 0] for layer in answer.attentions[-POINTING_LAYERS:]]  # each (R, N, N)
    before = answer.hidden_states[-1 - POINTING_LAYERS]
    return States(
        answer.last_hidden_state[rows, places],
        pooled.fine[torch.from_numpy(last)][rows],
        before[rows, places],
        before[torch.arange(len(columns))[:, None], columns],
        torch.stack([head[rows, places].gather(1, columns[rows]) for head in heads]),
    )


class AttributeAnswers(nn.Module):
    """What a sentence asks for and what a cell shows, told by one linear layer: both come to mean the same directions.

    Used in training alone. Without it the language model points at people, but for thousands of steps not at the one
    the sentence describes.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = list(CLASSES.values())[:ASKED]
        self.layer = nn.Sequential(nn.RMSNorm(width), nn.Linear(width, sum(self.sizes)))

    def loss(self, states: Tensor, attributes: Tensor) -> Tensor:
        """Mean cross entropy of states (N, D) against attribute numbers (N, A)."""
        logits = self.layer(states.float()).float().split(self.sizes, dim=-1)
        parts = [F.cross_entropy(part, attributes[:, index]) for index, part in enumerate(logits)]
        return torch.stack(parts).mean()


def losses_of(
    model: TrackVla, answers: AttributeAnswers, batch: NanoBatch, generator: torch.Generator | None = None
) -> dict[str, Tensor]:
    """Losses by name and their weighted sum, "loss"."""
    assert model.target is not None
    states = states_of(model, batch)
    hidden = states.hidden.float()
    losses = model.target.loss(hidden, states.fine.float(), batch.target)
    losses["attention"] = attention_loss(states.attention.float(), batch.target)
    losses["asked"] = answers.loss(states.middle, batch.asked)
    shows = batch.worn[..., 0] >= 0
    losses["shown"] = answers.loss(states.shown[shows], batch.worn[shows]) if shows.any() else torch.zeros(())
    labelled = torch.isfinite(batch.trajectories).all(dim=-1).all(dim=-1)
    if labelled.any():
        losses |= model.head.loss(Condition(hidden[labelled]), batch.trajectories[labelled], generator)
    total = sum(
        (losses[name] for name in ("in_view", "place", "pointer", "attention", "asked", "shown")), torch.zeros(())
    )
    return {**losses, "loss": total + TRACK_WEIGHT * losses.get("track", torch.zeros(()))}


def attention_loss(attention: Tensor, truth: TargetTruth) -> Tensor:
    """Cross entropy between the pointing heads' attention (L, Q, F) and the cells that show the target."""
    seen = truth.in_view > 0.5
    crossed = -(truth.cells * (attention + 1e-6).log()).sum(dim=-1)
    return ATTENTION_WEIGHT * (crossed * seen).sum() / (len(attention) * seen.sum().clamp(min=1))
