"""Tokenizers of a checkpoint folder and prompts as batches; how a prompt is put together is in ``prompting.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from trackvla_ros.model.config import SPECIAL_TOKENS, LanguageConfig
from trackvla_ros.model.prompting import (
    PAD,
    VISUAL,
    WORDS_FILE,
    ByteTokenizer,
    InstructionError,
    PromptBuilder,
    Tokenizer,
    WordTokenizer,
)

__all__ = [
    "VISUAL",
    "WORDS_FILE",
    "ByteTokenizer",
    "InstructionError",
    "PromptBuilder",
    "Prompts",
    "Tokenizer",
    "WordTokenizer",
    "build_tokenizer",
    "stack_prompts",
]


class HfTokenizer:
    """A tokenizer of transformers, from local files only; the special tokens it lacks are appended."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        known = self._tokenizer.get_vocab()
        self._tokenizer.add_tokens([token for token in SPECIAL_TOKENS if token not in known], special_tokens=True)
        self._ids = {token: self._tokenizer.convert_tokens_to_ids(token) for token in SPECIAL_TOKENS}
        start = self._tokenizer.bos_token_id
        self.start: list[int] = [] if start is None else [start]
        self.end: int = self._tokenizer.eos_token_id

    def encode(self, text: str) -> list[int]:
        """Ids of plain words."""
        return self._tokenizer.encode(text, add_special_tokens=False)

    def decode(self, ids: Sequence[int]) -> str:
        """Text without special tokens."""
        return self._tokenizer.decode(list(ids), skip_special_tokens=True)

    def special(self, token: str) -> int:
        """Id in this vocabulary."""
        return self._ids[token]


def build_tokenizer(config: LanguageConfig, folder: Path | None) -> Tokenizer:
    """The tokenizer named by the config; ``hf`` and ``words`` read files from the checkpoint folder.

    A model with no folder yet (random weights) has no words: everything is spelt in bytes.

    Raises:
        FileNotFoundError: they need files that are not there.
    """
    if config.tokenizer == "bytes":
        return ByteTokenizer()
    if config.tokenizer == "words":
        return WordTokenizer(()) if folder is None else WordTokenizer.read(folder)
    if folder is None or not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model")):
        raise FileNotFoundError(f"no tokenizer.json or tokenizer.model in {folder}; copy them from the language model")
    return HfTokenizer(folder)


@dataclass(frozen=True, eq=False)
class Prompts:
    """A batch of prompts: ids (B, N) with VISUAL where visual tokens stand, padded at the end; lengths (B,)."""

    ids: Tensor
    lengths: Tensor

    def to(self, device: torch.device | str) -> Prompts:
        """The same on a device."""
        return Prompts(self.ids.to(device), self.lengths.to(device))


def stack_prompts(rows: Sequence[Sequence[int]]) -> Prompts:
    """Rows of ids as one padded batch."""
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), PAD)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(list(row))
    return Prompts(ids, lengths)
