"""The evaluator's history rule of the open family, which gives their published numbers (training differed)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def padded_window(coarse: Sequence[Tensor], length: int) -> Tensor:
    """The newest ``length`` frames (length, 4, C), oldest first; too few are filled up with the earliest, in front.

    The current frame has been appended before, so the newest entry is the current frame itself.

    Raises:
        ValueError: no frame at all.
    """
    if not coarse:
        raise ValueError("history is empty; append the current frame first")
    newest = list(coarse[-length:])
    return torch.stack([newest[0]] * (length - len(newest)) + newest)
