"""What a sentence asks for: ``parse_instruction`` turns a text into one frozen ``ParsedInstruction``."""

from track_common.instruction.parsed import ParsedInstruction, Request
from track_common.instruction.parser import as_instruction, parse_instruction

__all__ = ["ParsedInstruction", "Request", "as_instruction", "parse_instruction"]
