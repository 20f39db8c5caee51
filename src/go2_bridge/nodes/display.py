"""What the controller shows in RViz: the band it follows and the returns it bends round."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, PoseStamped
from nav_msgs.msg import Path
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from go2_bridge.control.elastic_band import Band
from track_common.types import Array


def band_path(band: Band | None, header: Header) -> Path:
    """The band's bubbles as a path in odom; empty where there is none."""
    poses = []
    for x, y in () if band is None else band.points:
        pose = PoseStamped(header=header)
        pose.pose.position.x, pose.pose.position.y = float(x), float(y)
        poses.append(pose)
    return Path(header=header, poses=poses)


def obstacle_markers(points_odom: Array, band: Band | None, header: Header) -> MarkerArray:
    """Obstacles (N, 2) as points, bubbles as flat discs, red where the band is broken."""
    markers = [_marker(header, "all", 0, Marker.CUBE_LIST, (0.05, 0.05, 0.05))]
    markers[0].action = Marker.DELETEALL
    dots = _marker(header, "obstacles", 0, Marker.CUBE_LIST, (0.05, 0.05, 0.3))
    dots.points = [Point(x=float(x), y=float(y), z=0.15) for x, y in points_odom]
    dots.color.r, dots.color.g, dots.color.b = 1.0, 0.5, 0.1
    markers.append(dots)
    bubbles = [] if band is None else zip(band.points, band.radii, strict=True)
    for index, (point, radius) in enumerate(bubbles):
        disc = _marker(header, "band", index, Marker.CYLINDER, (2 * float(radius), 2 * float(radius), 0.02))
        disc.pose.position.x, disc.pose.position.y = float(point[0]), float(point[1])
        disc.color.r, disc.color.g, disc.color.a = float(band is not None and band.is_broken), 0.6, 0.35
        markers.append(disc)
    return MarkerArray(markers=markers)


def _marker(header: Header, space: str, index: int, kind: int, size: tuple[float, float, float]) -> Marker:
    marker = Marker(header=header, ns=space, id=index, type=kind)
    marker.scale.x, marker.scale.y, marker.scale.z = (float(np.maximum(v, 0.01)) for v in size)
    marker.pose.orientation.w = 1.0
    marker.color.a = 1.0
    return marker
