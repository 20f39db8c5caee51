"""Which sentences a small model was trained on: the others it would answer, and follow whom the sentence excludes."""

from __future__ import annotations

from track_common.instruction import ParsedInstruction
from track_common.instruction.parsed import PERSON

GARMENTS = "garments"  # in a checkpoint's notes, "sentences": one person by sex, garments and their colours
WANTED = "describe one person by sex, garments and colours, or run policy:=box_servo with tracker:=grounded"


def refusal_of(instruction: ParsedInstruction) -> str:
    """Why a model of ``GARMENTS`` must not be given this sentence, "" where it may; a stop or a question is none."""
    target = instruction.target
    unknown = {
        "what must not be seen": target.excluded_attributes or instruction.excluded_people or target.denied_unjudged,
        "places relative to other people": target.relations,
        "places in a row of people": target.selection,
        f"a {target.category}": target.category != PERSON,
    }
    found = [name for name, present in unknown.items() if present]
    if not instruction.is_understood or not found:
        return ""
    return f"'{instruction.text[:80]}' asks for {' and '.join(found)}, which this model was not trained on; {WANTED}"
