"""What the sentence says of where a candidate stands: relations to others, its place in a row, who is excluded.

Between image and box: the chooser asks here for evidence (nats) that one candidate alone does not carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from track_common.boxes import from_xyxy
from track_common.instruction import lexicon as lex
from track_common.instruction.parsed import (
    PERSON,
    Description,
    Order,
    ParsedInstruction,
    Relation,
    RelationKind,
    Selection,
)
from track_common.types import Array
from vlt_ros.appearance import REGIONS
from vlt_ros.association import Track

FITS = -0.15  # nats; evidence from which somebody may be the one who is mentioned
HOLDS = 0.6  # nats for a relation that holds, a place that is right
FAILS = -2.0  # nats against a candidate whose relation plainly does not hold: more than its colours can outweigh
UNSEEN = -0.5  # nats where nobody in view may be the other side: not enough for a candidate without colours of its own
NEAR_GAP = 0.6  # body heights between two boxes that still count as next to each other, about 1 m
CLOSER = 0.4  # nats for touching rather than standing at that distance
SIDE_GAP = 0.15  # body heights between the middles of two people of whom one is left of the other
DEPTH_STEP = 0.06  # log ratio of heights (6 %) from which one of two people is nearer
HALF = 0.55  # of the image's width: one person alone is "on the left" up to here


@dataclass(frozen=True, eq=False)
class Thing:
    """A detection that is no candidate: box (4,) in pixels and how well each description of its class fits (nats)."""

    category: str
    box_xyxy: Array
    fits: dict[Description, float]


@dataclass(frozen=True, eq=False)
class Scene:
    """What is in view in one frame: candidates seen, further things, and the image's width in pixels."""

    tracks: Sequence[Track]
    things: Sequence[Thing]
    width: int
    category: str = PERSON  # of the candidates


def lasting_evidence(instruction: ParsedInstruction, track: Track, scene: Scene) -> float:
    """Nats <= 0 against a candidate who looks like somebody excluded; holds at any time."""
    by_looks = [
        d for d in instruction.excluded_people if not (d.relations or d.selection or _is_alike(d, instruction.target))
    ]
    return -max((_likeness(person, track, scene) for person in by_looks), default=0.0)


def _is_alike(person: Description, target: Description) -> bool:
    """True where the target too is described by all that is said of the excluded person: both wear red."""
    return bool(person.attributes) and all(
        any(said.colours == asked.colours and _overlap(said.region, asked.region) for asked in target.attributes)
        for said in person.attributes
    )


def _overlap(first: str, second: str) -> bool:
    (low, high), (other_low, other_high) = REGIONS[first], REGIONS[second]
    return min(high, other_high) - max(low, other_low) > 0.5 * min(high - low, other_high - other_low)


def first_evidence(instruction: ParsedInstruction, track: Track, scene: Scene) -> float:
    """Nats for or against a candidate by where it stands: counts while the target is being chosen, then people move."""
    target = instruction.target
    own = _thing(track, scene)
    total = sum(_relation(relation, own, scene, bool(target.attributes)) for relation in target.relations)
    if target.selection is not None:
        total += _selected(target.selection, track, scene)
    by_place = [d for d in instruction.excluded_people if d.relations or d.selection]
    return total - max((_likeness(person, track, scene) for person in by_place), default=0.0)


def _likeness(person: Description, track: Track, scene: Scene) -> float:
    """Nats >= 0 by which a candidate is the excluded person; 0 where nothing of that can be seen."""
    if person.category != scene.category or not person.is_judged:
        return 0.0
    parts = []
    if person.attributes or person.excluded_attributes:
        parts.append(track.fits.get(person, 0.0))
    parts += [_relation(relation, _thing(track, scene), scene, has_colours=False) for relation in person.relations]
    if person.selection is not None:
        parts.append(_selected(person.selection, track, scene))
    return max(0.0, min(parts))


def _thing(track: Track, scene: Scene) -> Thing:
    return Thing(scene.category, track.filter.box_xyxy, track.fits)


def _relation(relation: Relation, own: Thing, scene: Scene, has_colours: bool) -> float:
    sides = [_candidates(other, own, scene) for other in relation.others]
    if not all(sides):
        return 0.0 if has_colours or relation.is_negated else UNSEEN
    if relation.kind is RelationKind.BETWEEN and len(sides) == 2:
        fits = [min(fa, fb) + _between(own, a, b) for a, fa in sides[0] for b, fb in sides[1] if a is not b]
        best = max(fits, default=FAILS)
    else:
        best = max(fit + _geometry(relation.kind, own, side) for side, fit in sides[0])
    best = float(np.clip(best, FAILS, HOLDS))
    if not relation.is_negated:
        return best
    return FAILS if best > HOLDS / 2.0 else 0.0


def _candidates(other: Description, own: Thing, scene: Scene) -> list[tuple[Thing, float]]:
    """Who in view may be the other side, with up to HOLDS nats each; relations of the other side count too."""
    things = [thing for thing in scene.things if thing.category in _alike(other.category)]
    if other.category == scene.category:
        things += [_thing(t, scene) for t in scene.tracks]
    has_looks = bool(other.attributes or other.excluded_attributes)
    found = []
    for thing in things:
        if np.array_equal(thing.box_xyxy, own.box_xyxy):
            continue
        fit = min(thing.fits.get(other, 0.0) if has_looks else HOLDS, HOLDS)
        fit = min([fit, *(_relation(nested, thing, scene, has_colours=False) for nested in other.relations)])
        if fit >= FITS:
            found.append((thing, fit))
    return found


def _alike(category: str) -> tuple[str, ...]:
    return BAGS if category in BAGS else (category,)


BAGS = ("backpack", "handbag", "suitcase")  # the detector takes one for the other


def _geometry(kind: RelationKind, candidate: Thing, other: Thing) -> float:
    """0 where the relation holds between two boxes, falling to FAILS where it plainly does not."""
    own, their = from_xyxy(candidate.box_xyxy, "cxcywh"), from_xyxy(other.box_xyxy, "cxcywh")
    is_alike = other.category == candidate.category  # then heights tell which is nearer, else where they stand
    unit = (own[3] + their[3]) / 2.0 if is_alike else max(own[3], their[3])
    across, gap = (own[0] - their[0]) / unit, _gap(candidate.box_xyxy, other.box_xyxy) / unit
    nearer = float(np.log(own[3] / their[3])) if is_alike else float((_foot(own) - _foot(their)) / unit)
    if kind is RelationKind.WITH:
        return _fall(gap - (NEAR_GAP if other.category in lex.ANIMALS else 0.0), 0.2)
    if kind is RelationKind.LEFT_OF:
        return _fall(across + SIDE_GAP, 0.3)
    if kind is RelationKind.RIGHT_OF:
        return _fall(SIDE_GAP - across, 0.3)
    if kind is RelationKind.BEHIND:
        return _fall(nearer + DEPTH_STEP, 0.1) + _fall(gap - NEAR_GAP, 2.0)
    if kind is RelationKind.IN_FRONT_OF:
        return _fall(DEPTH_STEP - nearer, 0.1) + _fall(gap - NEAR_GAP, 2.0)
    closeness = min(gap / NEAR_GAP, 1.0) * CLOSER  # of two who are near, the nearer one
    return _fall(gap - NEAR_GAP, 0.8) + _fall(abs(nearer) - 0.5, 0.5) - closeness


def _between(candidate: Thing, first: Thing, second: Thing) -> float:
    """0 for a candidate whose column lies between the two others'."""
    own = from_xyxy(candidate.box_xyxy, "cxcywh")
    low, high = sorted(from_xyxy(thing.box_xyxy, "cxcywh")[0] for thing in (first, second))
    outside = max(low - own[0], own[0] - high, 0.0)
    return _fall(float(outside / own[3]), 0.2)


def _selected(selection: Selection, track: Track, scene: Scene) -> float:
    """HOLDS for the candidate at the right place among those whose looks fit, FAILS for every other."""
    fitting = [t for t in scene.tracks if t.evidence >= FITS]
    if track not in fitting:
        return 0.0
    place = _place(selection.order, track, fitting, scene.width)
    is_right = place == selection.place
    if len(fitting) == 1 and selection.place == 1:
        is_right = _is_on_side(selection.order, track, scene.width)
    return HOLDS if is_right is not selection.is_negated else FAILS


def _place(order: Order, track: Track, fitting: list[Track], width: int) -> int:
    """1 for the first in the order."""
    columns = {t.identity: float(t.filter.box_xyxy[[0, 2]].mean()) for t in fitting}
    heights = {t.identity: float(t.filter.box_xyxy[3] - t.filter.box_xyxy[1]) for t in fitting}
    middle = float(np.median(list(columns.values()))) if len(fitting) > 2 else width / 2.0
    keys = {
        Order.FROM_LEFT: columns,
        Order.FROM_RIGHT: {name: -x for name, x in columns.items()},
        Order.FROM_NEAR: {name: -h for name, h in heights.items()},
        Order.FROM_FAR: heights,
        Order.FROM_MIDDLE: {name: abs(x - middle) for name, x in columns.items()},
    }[order]
    return 1 + sum(keys[t.identity] < keys[track.identity] for t in fitting)


def _is_on_side(order: Order, track: Track, width: int) -> bool:
    """One person alone: on the left of the image, on the right, or anywhere."""
    share = float(track.filter.box_xyxy[[0, 2]].mean()) / width
    return {Order.FROM_LEFT: share < HALF, Order.FROM_RIGHT: share > 1.0 - HALF}.get(order, True)


def _gap(first_xyxy: Array, second_xyxy: Array) -> float:
    """Columns between two boxes, 0 where they overlap."""
    return float(max(first_xyxy[0] - second_xyxy[2], second_xyxy[0] - first_xyxy[2], 0.0))


def _foot(box_cxcywh: Array) -> float:
    return float(box_cxcywh[1] + box_cxcywh[3] / 2.0)


def _fall(excess: float, width: float) -> float:
    """0 up to no excess, FAILS from ``width`` on."""
    return FAILS * float(np.clip(excess / width, 0.0, 1.0))
