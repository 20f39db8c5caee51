"""Words and special tokens -> ids, and the order in which words and visual tokens make a prompt; torch-free."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from trackvla_ros.model.config import SPECIAL_TOKENS, SequenceConfig

VISUAL = -1  # in a prompt's ids: here stands a visual token
WORDS_FILE = "words.json"
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


class WordTokenizer:
    """A list of words, and bytes for every other word: small sentences get short, unknown words are still read.

    Letters are lower-cased, a word is a run of letters and digits, anything else but white space stands alone. Ids: 256
    bytes, the special tokens, the end, then the words.
    """

    start: list[int] = []
    end = 256 + len(SPECIAL_TOKENS)

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._ids = {word: self.end + 1 + index for index, word in enumerate(self.words)}

    @classmethod
    def read(cls, folder: Path) -> WordTokenizer:
        """From ``WORDS_FILE`` of a checkpoint folder, a JSON list.

        Raises:
            FileNotFoundError: it is not there.
        """
        return cls(json.loads((folder / WORDS_FILE).read_text()))

    def encode(self, text: str) -> list[int]:
        """Known words as one id, others as a space and their UTF-8 bytes."""
        ids: list[int] = []
        for word in split_words(text):
            ids += [self._ids[word]] if word in self._ids else self.spell(word)
        return ids

    def spell(self, word: str) -> list[int]:
        """A word byte by byte."""
        return [ord(" "), *word.encode()]

    def decode(self, ids: Sequence[int]) -> str:
        """Words and bytes back to text; special tokens are left out."""
        pieces = bytearray()
        for i in ids:
            if i < 256:
                pieces.append(i)
            elif i > self.end:
                pieces += b" " + self.words[i - self.end - 1].encode()
        return pieces.decode(errors="replace").strip()

    def special(self, token: str) -> int:
        """256 and up, in the order of ``SPECIAL_TOKENS``."""
        return 256 + SPECIAL_TOKENS.index(token)


def split_words(text: str) -> list[str]:
    """Lower-cased words and single signs of a text, in order."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


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
