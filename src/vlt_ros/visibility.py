"""What the grounded tracker cannot see of a sentence: colours, boxes and COCO's classes are all it judges.

A word that is left out may cost the choice between two people; an exclusion that is left out may follow the person
whom the sentence excludes. So an exclusion that cannot be judged is refused, whatever else the sentence says.
"""

from __future__ import annotations

from track_common.instruction import lexicon as lex
from vlt_ros.words import Description, ParsedInstruction

ANYBODY = lex.UNIVERSAL | lex.words("person pedestrian human individual one figure target subject all")
REFERENCES = lex.SINGULAR_PRONOUNS | lex.words("me us you it that this one ones")  # somebody not described


def unseen_words(instruction: ParsedInstruction) -> str:
    """Why a tracker of colours and boxes cannot go by a sentence, with the words named; "" where it can."""
    target = instruction.target
    denied = [*target.denied_unjudged]
    denied += [_name(person) for person in instruction.excluded_people if not _is_told_apart(person, target)]
    if denied and (target.is_judged or target.denied_unjudged):
        return (
            f"{_quoted(denied)}: this tracker cannot see that, and might follow the one who is excluded; leave it out, "
            "or exclude the colour of a garment, such as 'not in red'"
        )
    if target.is_judged:
        return ""
    others = [person for person in instruction.excluded_people if person.category == target.category]
    unseen = [*target.unjudged, *(_name(person) for person in others if not person.is_judged)]
    if not unseen or any(person.is_judged for person in others):
        return ""
    return (
        f"{_quoted(unseen)}: this tracker cannot see that, and the sentence says nothing else "
        "of whom to follow; add the colour of a garment, such as 'in the red shirt'"
    )


def _is_told_apart(person: Description, target: Description) -> bool:
    """Whether the excluded person differs from the target by what is seen, or by the sentence itself.

    "The man in red, not the woman" excludes nobody whom "the man in red" does not exclude by its noun.
    """
    if person.category != target.category or person.relations or person.selection or person.excluded_attributes:
        return True
    if person.attributes:
        return any(worn not in target.attributes for worn in person.attributes)
    if not person.unjudged and person.noun in REFERENCES | {""}:
        return True
    if person.sex and target.sex:
        return person.sex != target.sex
    return target.noun not in ANYBODY | {"", person.noun} and not person.unjudged


def _name(description: Description) -> str:
    colours = [colour for attribute in description.attributes for colour in attribute.colours]
    worn = f" in {' and '.join(colours)}" if colours else ""
    return " ".join([f"not the {description.noun or 'one'}{worn}", *description.unjudged])


def _quoted(words: list[str]) -> str:
    return ", ".join(repr(word) for word in dict.fromkeys(words))
