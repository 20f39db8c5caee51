"""The meaning of a parsed sentence as one short line: ``torso=red !head=black next to(legs=blue) <left 1>``.

A line is ``stop``, ``ask``, ``refused`` or the target: ``#class`` of an animal, colours as region=colour (several with
+), excluded ones after !, relations with whom in brackets, the place in a row as <order place>, excluded people as
not(...). The head noun and the sex are left out; a target of whom nothing is said is ``anybody``, one of whom only
things are said that no camera sees is ``unseen``.
"""

from track_common.instruction.parsed import Description, ParsedInstruction, Request


def meaning(parsed: ParsedInstruction) -> str:
    if parsed.refusal:
        return "refused"
    if parsed.request is not Request.FOLLOW:
        return parsed.request.value
    people = [f"not({described(person)})" for person in parsed.excluded_people]
    return " ".join([described(parsed.target), *sorted(people)]).strip()


def described(description: Description) -> str:
    parts = [] if description.category == "person" else [f"#{description.category}"]
    parts += sorted(f"{a.region}={'+'.join(a.colours)}" for a in description.attributes)
    parts += sorted(f"!{a.region}={'+'.join(a.colours)}" for a in description.excluded_attributes)
    for relation in description.relations:
        name = f"{'!' if relation.is_negated else ''}{relation.kind.value}"
        parts.append(f"{name}({'; '.join(described(other) for other in relation.others)})")
    if description.selection is not None:
        negated = "!" if description.selection.is_negated else ""
        parts.append(
            f"<{negated}{description.selection.order.name.removeprefix('FROM_').lower()} {description.selection.place}>"
        )
    return " ".join(parts) or ("unseen" if description.unjudged else "anybody")
