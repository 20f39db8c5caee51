"""What the sentence mentions beside its target: which classes the detector must look for, and those it found."""

from __future__ import annotations

from functools import lru_cache

from track_common.types import Frame
from vlt_ros.appearance import look, others_of
from vlt_ros.context import BAGS, Thing
from vlt_ros.detector import Detections
from vlt_ros.words import ParsedInstruction


@lru_cache(maxsize=64)
def categories_of(instruction: ParsedInstruction) -> tuple[str, ...]:
    """COCO classes to detect, the target's first; the detector takes one bag for another, so all of them are asked."""
    others = [other.category for other in others_of(instruction)]
    bags = BAGS if any(category in BAGS for category in others) else ()
    return tuple(dict.fromkeys([instruction.target.category, *others, *bags]))


def things_in(frame: Frame, found: Detections, instruction: ParsedInstruction) -> tuple[Thing, ...]:
    """Detections of other classes than the target's, each with how well its descriptions fit (nats)."""
    things = []
    for category, detections in found.others.items():
        if category == instruction.target.category:
            continue
        for box in detections.boxes_xyxy:
            things.append(Thing(category, box, dict(look(frame.rgb, box, instruction, frame.camera).fits)))
    return tuple(things)
