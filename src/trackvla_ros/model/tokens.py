"""Words and special tokens -> ids, and the order in which words and visual tokens make a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from trackvla_ros.model.config import SPECIAL_TOKENS, LanguageConfig, SequenceConfig

VISUAL = -1  # in a prompt's ids: here stands a visual token
PAD = 0  # id behind the end of a shorter row; never attended to, as attention is causal


class InstructionError(ValueError):
    """An instruction that is empty or too long; the message says what was got and wanted."""


class Tokenizer(Protocol):
    """What the model needs of a tokenizer."""

    start: list[int]
    end: int

    def encode(self, text: str) -> list[int]:
        """Ids without start or end token."""
        ...

    def decode(self, ids: Sequence[int]) -> str: ...

    def special(self, token: str) -> int:
        """Id of one of ``SPECIAL_TOKENS``."""
        ...


class ByteTokenizer:
    """UTF-8 bytes as ids 0..255, then the special tokens, then the end: needs no files (the small sizes)."""

    start: list[int] = []
    end = 256 + len(SPECIAL_TOKENS)

    def encode(self, text: str) -> list[int]:
        """One id a byte."""
        return list(text.encode())

    def decode(self, ids: Sequence[int]) -> str:
        """Text of the byte ids; others are left out, broken UTF-8 is replaced."""
        return bytes(i for i in ids if i < 256).decode(errors="replace")

    def special(self, token: str) -> int:
        """256 and up, in the order of ``SPECIAL_TOKENS``."""
        return 256 + SPECIAL_TOKENS.index(token)


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
    """The tokenizer named by the config; ``hf`` reads its files from the checkpoint folder.

    Raises:
        FileNotFoundError: ``hf`` and no tokenizer files there.
    """
    if config.tokenizer == "bytes":
        return ByteTokenizer()
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


class PromptBuilder:
    """Uni-NaVid's order of tokens with [Track] in the place of [Navigation] (appendix B: before the instruction)."""

    def __init__(self, config: SequenceConfig, tokenizer: Tokenizer) -> None:
        self._config, self._tokenizer = config, tokenizer
        self._coarse = [VISUAL] * config.coarse_grid**2
        self._fine = [VISUAL] * config.fine_grid**2

    def track(self, instruction: str, past_frames: int) -> list[int]:
        """system, past frames (coarse), current frame (fine), [Track], task: the state at its end is E_T."""
        return self._with_frames("[Track]", self._config.task, instruction, past_frames)

    def navigate(self, instruction: str, past_frames: int) -> list[int]:
        """The same with Uni-NaVid's own mark and task: it is answered with action words."""
        return self._with_frames("[Navigation]", self._config.navigation, instruction, past_frames)

    def ask(self, question: str, frames: int) -> list[int]:
        """system, all frames coarse, question: no [Track], the answer is decoded word by word."""
        return [*self._opening(), *self._video(frames), *self._words(self._config.question, question)]

    def answer(self, text: str) -> list[int]:
        """Ids a good answer has, with its end."""
        return [*self._tokenizer.encode(text), self._tokenizer.end]

    def _with_frames(self, mark: str, template: str, instruction: str, past_frames: int) -> list[int]:
        special = self._tokenizer.special
        current = [special("<image_special>"), *self._fine, special("</image_special>")]
        words = self._words(template, instruction)
        return [*self._opening(), *self._video(past_frames), *current, special(mark), *words]

    def _opening(self) -> list[int]:
        return [*self._tokenizer.start, *self._tokenizer.encode(self._config.system)]

    def _video(self, frames: int) -> list[int]:
        if frames == 0:
            return []
        separator = [self._tokenizer.special("<image_sep>")] if self._config.separators else []
        body = (separator + self._coarse) * frames
        return [self._tokenizer.special("<video_special>"), *body, self._tokenizer.special("</video_special>")]

    def _words(self, template: str, instruction: str) -> list[int]:
        words = self._tokenizer.encode(instruction.strip())
        if not 0 < len(words) <= self._config.max_instruction:
            raise InstructionError(
                f"instruction of {len(words)} tokens ({instruction[:40]!r}); wanted 1..{self._config.max_instruction}"
            )
        return self._tokenizer.encode(template.replace("{instruction}", instruction.strip()))
