"""``target_state``: what the planner says of its target beside each trajectory, as a vision_msgs/Detection3D.

The header is the trajectory's own. ``results[0].hypothesis.class_id`` is the status, ``results[1]``'s the reason where
there is one; ``bbox.center.position`` is the target in base_link, NaN where it is not known.
"""

from __future__ import annotations

import numpy as np
from std_msgs.msg import Header
from vision_msgs.msg import Detection3D, ObjectHypothesisWithPose

from track_common.ros.images import MessageError
from track_common.ros.stamps import seconds_from_stamp
from track_common.types import TargetReport, TargetStatus

MAX_REASON = 200  # characters


def message_from_target(target: TargetReport, header: Header) -> Detection3D:
    """Message of a target's state; ``header`` is the trajectory's."""
    message = Detection3D(header=header, id="target")
    message.results = [_hypothesis(text) for text in (target.status.value, target.reason[:MAX_REASON]) if text]
    position = np.full(3, np.nan) if target.position_base is None else target.position_base
    centre = message.bbox.center.position
    centre.x, centre.y, centre.z = (float(v) for v in position)
    return message


def target_from_message(message: Detection3D) -> TargetReport:
    """The inverse; a position that is not finite is one that is not known.

    Raises:
        MessageError: no status, or an unknown one.
    """
    words = [result.hypothesis.class_id for result in message.results][:2]
    known = [status.value for status in TargetStatus]
    if not words or words[0] not in known:
        said = f"'{words[0][:40]}'" if words else "nothing"
        raise MessageError(f"target_state has the status {said}; wanted one of {', '.join(known)}")
    centre = message.bbox.center.position
    position = np.array([centre.x, centre.y, centre.z])
    return TargetReport(
        seconds_from_stamp(message.header.stamp),
        TargetStatus(words[0]),
        words[1][:MAX_REASON] if len(words) > 1 else "",
        position if np.isfinite(position).all() else None,
    )


def _hypothesis(text: str) -> ObjectHypothesisWithPose:
    hypothesis = ObjectHypothesisWithPose()
    hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = text, 1.0
    return hypothesis
