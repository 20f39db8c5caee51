"""PointCloud2 to points in base_link and back; fields are found by name, since every LiDAR has its own layout."""

from __future__ import annotations

from array import array

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from track_common.ros.images import MessageError
from track_common.ros.stamps import seconds_from_stamp
from track_common.types import Array, Cloud

COORDINATES = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}
TIMES = {**COORDINATES, PointField.UINT32: "u4"}
TIME_FIELDS = ("time", "t", "offset_time", "timestamp")  # utlidar and Velodyne; Ouster; Livox's own; Livox ROS, Hesai
MAX_POINTS = 2_000_000  # a 128-beam sweep has 260 000; more is a broken message
MAX_RANGE = 1e4  # m
MAX_SWEEP = 1.0  # s; there are no slower LiDARs
NANOSECONDS = 1e5  # a span of times beyond this is no number of seconds


def cloud_from_points(message: PointCloud2, T_base_lidar: Array) -> Cloud:
    """Finite points in base_link, float32; all-zero and NaN records are dropped (drivers pad with them).

    Raises:
        MessageError: no x, y, z fields, less data than its size says, or times that are no times.
    """
    records, stamp = _records(message), seconds_from_stamp(message.header.stamp)
    if records is None:
        return Cloud(np.zeros((0, 3), np.float32), stamp)
    points, keep = _sound(records)
    times = _seconds_after(stamp, records["time"][keep]) if "time" in (records.dtype.names or ()) else None
    mount = np.asarray(T_base_lidar, np.float32)
    return Cloud(points @ mount[:3, :3].T + mount[:3, 3], stamp, times, np.asarray(T_base_lidar, float)[:3, 3])


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


def _records(message: PointCloud2) -> np.ndarray | None:
    """(N,) view of the message's data with fields x, y, z and, where there is one, time; None without a point."""
    height, width, point_step = int(message.height), int(message.width), int(message.point_step)
    if height * width == 0:
        return None
    row_step = int(message.row_step) or width * point_step  # some drivers leave it out
    is_short = len(message.data) < (height - 1) * row_step + width * point_step
    if height * width > MAX_POINTS or point_step == 0 or row_step < width * point_step or is_short:
        raise MessageError(
            f"cloud of {height} rows of {width} points has {point_step} bytes a point, {row_step} a row and "
            f"{len(message.data)} in all; wanted data for every point and at most {MAX_POINTS} points"
        )
    return np.ndarray((height, width), _layout(message), message.data, strides=(row_step, point_step)).reshape(-1)


def _sound(records: np.ndarray) -> tuple[Array, np.ndarray]:
    """(M, 3) float32 points that are finite, in range and not zero, and the (N,) mask of them."""
    points = np.empty((len(records), 3), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for axis, name in enumerate("xyz"):
            points[:, axis] = records[name]
        size = np.abs(points)
        largest = np.maximum(np.maximum(size[:, 0], size[:, 1]), size[:, 2])  # NaN where one is
        keep = (largest > 0.0) & (largest < MAX_RANGE)
    return (points, keep) if keep.all() else (points[keep], keep)


def _seconds_after(stamp: float, raw: np.ndarray) -> Array | None:
    """(M,) seconds after ``stamp`` of each point; None where all are alike, which says nothing (livox_ros_driver2#182).

    Whole numbers are nanoseconds, as are others that span too much for seconds. Where they are of another clock than
    the stamp they are counted from the earliest: Livox stamps a sweep with its first point.
    """
    if not len(raw):
        return None
    low, high = float(raw.min()), float(raw.max())
    unit = 1e-9 if raw.dtype.kind == "u" or high - low > NANOSECONDS else 1.0
    span = unit * (high - low)
    if not 0.0 <= span <= MAX_SWEEP:  # NaN too
        raise MessageError(f"cloud's points are timed from {low} to {high}; wanted at most {MAX_SWEEP} s of sweep")
    if span == 0.0:
        return None
    starts = unit * low, unit * low - stamp
    start = next((begin for begin in starts if abs(begin) <= MAX_SWEEP), 0.0)
    return (start + unit * (raw.astype(float) - low)).astype(np.float32)


def _layout(message: PointCloud2) -> np.dtype[np.void]:
    fields = {f.name: f for f in message.fields}
    missing = [n for n in "xyz" if n not in fields or fields[n].datatype not in COORDINATES]
    if missing:
        raise MessageError(f"cloud has fields {sorted(fields)}; wanted x, y, z as FLOAT32 or FLOAT64")
    timed = [n for n in TIME_FIELDS if n in fields and fields[n].datatype in TIMES][:1]
    chosen = [fields[n] for n in (*"xyz", *timed)]
    order = ">" if message.is_bigendian else "<"
    formats = [order + TIMES[field.datatype] for field in chosen]
    ends = [field.offset + np.dtype(f).itemsize for field, f in zip(chosen, formats, strict=True)]
    if max(ends) > message.point_step:
        raise MessageError(f"cloud's x, y, z reach to byte {max(ends)} of a point of {message.point_step} bytes")
    names, offsets = [*"xyz", *("time" for _ in timed)], [field.offset for field in chosen]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": message.point_step})
