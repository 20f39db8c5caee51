"""What RViz shows of a policy's choice: every anchor it weighed, coloured by its score."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from track_common.frame_ids import BASE_FRAME
from track_common.types import Array, Trajectory

LINE_WIDTH = 0.02  # m


def markers_from_candidates(trajectory: Trajectory, header: Header, base_frame: str = BASE_FRAME) -> MarkerArray:
    """Line strips in ``base_frame``, dark (worst) to yellow (best), the scores as their text; first a delete-all.

    Args:
        trajectory: with candidates (K, H, 3) in base_link and scores (K,).
        header: of the image.
        base_frame: frame_id of the markers.
    """
    header = Header(stamp=header.stamp, frame_id=base_frame)
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    scores = np.asarray(trajectory.scores, float)
    span = float(np.ptp(scores)) if len(scores) else 0.0
    for index, (poses, score) in enumerate(zip(trajectory.candidates_base, scores, strict=True)):
        share = (float(score) - float(scores.min())) / span if span > 0.0 else 1.0
        markers.append(_line(poses, share, index, header))
        markers[-1].text = f"{score:.3f}"
    return MarkerArray(markers=markers)


def _line(poses: Array, share: float, index: int, header: Header) -> Marker:
    marker = Marker(header=header, ns="candidates", id=index, type=Marker.LINE_STRIP, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    marker.scale.x = LINE_WIDTH
    marker.color = ColorRGBA(r=float(share), g=float(share * 0.8), b=float(1.0 - share), a=float(0.3 + 0.7 * share))
    marker.points = [Point(x=float(x), y=float(y), z=0.0) for x, y, _ in poses]
    return marker
