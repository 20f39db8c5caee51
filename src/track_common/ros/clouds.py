"""PointCloud2 to points in base_link and back; fields are found by name, since every LiDAR has its own layout."""

from __future__ import annotations

from array import array

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from track_common.ros.images import MessageError
from track_common.ros.stamps import seconds_from_stamp
from track_common.types import Array, Cloud

DTYPES = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}
MAX_POINTS = 2_000_000  # a 128-beam sweep has 260 000; more is a broken message
MAX_RANGE = 1e4  # m


def cloud_from_points(message: PointCloud2, T_base_lidar: Array) -> Cloud:
    """Finite points in base_link; all-zero and NaN records are dropped (drivers pad with them).

    Raises:
        MessageError: no x, y, z fields, or less data than its size says.
    """
    points = points_from_message(message)
    points_base = points @ T_base_lidar[:3, :3].T + T_base_lidar[:3, 3]
    return Cloud(points_base, seconds_from_stamp(message.header.stamp))


def points_from_message(message: PointCloud2) -> Array:
    """(N, 3) float64 points in the message's own frame; raises as ``cloud_from_points``."""
    height, width, point_step = int(message.height), int(message.width), int(message.point_step)
    if height * width == 0:
        return np.zeros((0, 3))
    row_step = int(message.row_step) or width * point_step  # some drivers leave it out
    is_short = len(message.data) < (height - 1) * row_step + width * point_step
    if height * width > MAX_POINTS or point_step == 0 or row_step < width * point_step or is_short:
        raise MessageError(
            f"cloud of {height} rows of {width} points has {point_step} bytes a point, {row_step} a row and "
            f"{len(message.data)} in all; wanted data for every point and at most {MAX_POINTS} points"
        )
    strides = (row_step, point_step)
    records = np.ndarray((height, width), _record(message), message.data, strides=strides).reshape(-1)
    points = np.stack([records[name].astype(float) for name in "xyz"], axis=1)
    with np.errstate(invalid="ignore"):
        keep = np.all(np.abs(points) < MAX_RANGE, axis=1) & np.any(points != 0.0, axis=1)
    return points[keep]


def points_from_array(points: Array, header: Header) -> PointCloud2:
    """Unordered cloud of points (N, 3), float32."""
    points = np.ascontiguousarray(points, np.float32)
    message = PointCloud2(header=header, height=1, width=int(len(points)), is_dense=True, point_step=12)
    message.row_step = int(12 * len(points))
    message.fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate("xyz")
    ]
    message.data = array("B", points.tobytes())
    return message


def _record(message: PointCloud2) -> np.dtype[np.void]:
    fields = {f.name: f for f in message.fields}
    missing = [n for n in "xyz" if n not in fields or fields[n].datatype not in DTYPES]
    if missing:
        raise MessageError(f"cloud has fields {sorted(fields)}; wanted x, y, z as FLOAT32 or FLOAT64")
    order = ">" if message.is_bigendian else "<"
    formats = [order + DTYPES[fields[n].datatype] for n in "xyz"]
    ends = [fields[n].offset + np.dtype(f).itemsize for n, f in zip("xyz", formats, strict=True)]
    if max(ends) > message.point_step:
        raise MessageError(f"cloud's x, y, z reach to byte {max(ends)} of a point of {message.point_step} bytes")
    offsets = [fields[n].offset for n in "xyz"]
    return np.dtype({"names": list("xyz"), "formats": formats, "offsets": offsets, "itemsize": message.point_step})
