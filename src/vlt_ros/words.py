"""The sentence as the trackers take it: see ``track_common.instruction`` for the values and the grammar."""

from __future__ import annotations

from track_common.instruction import ParsedInstruction, as_instruction, parse_instruction
from track_common.instruction.parsed import Attribute, Description
from track_common.instruction.parser import MAX_CHARACTERS

__all__ = ["MAX_CHARACTERS", "Attribute", "Description", "ParsedInstruction", "as_instruction", "parse"]


def parse(sentence: str) -> ParsedInstruction:
    """Meaning of a sentence.

    Raises:
        ValueError: longer than ``MAX_CHARACTERS``; ``parse_instruction`` says that as a refusal.
    """
    if len(sentence) > MAX_CHARACTERS:
        raise ValueError(f"an instruction of {len(sentence)} characters; wanted at most {MAX_CHARACTERS}")
    return parse_instruction(sentence)
