"""The autoregressive head of Table 9: the language model spells the trajectory, one token a number.

131 M is exactly a language-model head 4096 x 32000, and 460 ms is 30 numbers at 15 ms a token (a 7 B model's weights
read once a token), so three numbers a waypoint, each one of ``bins`` words, is what we take it to be.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trackvla_ros.model.anchors import AnchorSet
from trackvla_ros.model.config import SPECIAL_TOKENS, HeadConfig
from trackvla_ros.model.heads.interface import ActionHead, Candidates, Condition


class AutoregressiveHead(ActionHead):
    """Numbers are cut into ``bins`` over the trajectory scale, the last words before the special tokens."""

    def __init__(self, config: HeadConfig, anchors: AnchorSet, condition: int, vocabulary: int) -> None:
        super().__init__(config, anchors)
        self.words = nn.Linear(condition, vocabulary, bias=False)
        self.first_word = vocabulary - len(SPECIAL_TOKENS) - config.bins

    def sample(self, condition: Condition, noise: Tensor | None = None) -> Candidates:
        """Greedy decoding of 3 H words; the score is the geometric mean of their probabilities."""
        extend = _decoder(condition)
        hidden, words, log_scores = condition.hidden, [], []
        for index in range(3 * self.config.waypoints):
            if index:
                hidden = extend(words[-1][:, None])[:, -1]
            log_score, word = self._logits(hidden).log_softmax(dim=-1).max(dim=-1)
            words.append(word + self.first_word)
            log_scores.append(log_score)
        values = self.from_words(torch.stack(words, dim=1))
        return Candidates(
            self.denormalise(values)[:, None], torch.stack(log_scores, dim=1).mean(dim=1, keepdim=True).exp()
        )

    def loss(self, condition: Condition, target: Tensor, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Cross entropy of the expert's words, teacher forced."""
        words = self.to_words(target)
        following = _decoder(condition)(words[:, :-1])
        states = torch.cat([condition.hidden[:, None], following], dim=1)
        loss = F.cross_entropy(self._logits(states).flatten(0, 1), (words - self.first_word).flatten())
        return {"track": loss, "words": loss.detach()}

    def to_words(self, target: Tensor) -> Tensor:
        """Expert (B, H, 3) in metres to token ids (B, 3 H)."""
        share = (self.normalise(target).flatten(1) + 1.0) / 2.0
        return (share * self.config.bins).long().clamp(0, self.config.bins - 1) + self.first_word

    def from_words(self, words: Tensor) -> Tensor:
        """Token ids (B, 3 H) to normalised trajectories (B, H, 3): the middle of each bin."""
        share = (words - self.first_word + 0.5) / self.config.bins
        return (2.0 * share - 1.0).unflatten(1, (self.config.waypoints, 3))

    def _logits(self, hidden: Tensor) -> Tensor:
        weights = self.words.weight[self.first_word : self.first_word + self.config.bins]
        return F.linear(hidden, weights).float()


def _decoder(condition: Condition) -> Callable[[Tensor], Tensor]:
    if condition.extend is None:
        raise ValueError("the autoregressive head needs a condition that can be extended; got extend=None")
    return condition.extend
