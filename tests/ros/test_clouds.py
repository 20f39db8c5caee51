"""PointCloud2 of every LiDAR we know, with their times, and of none: read by field name or refused, never guessed."""

import math
from array import array

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from track_common.ros.clouds import cloud_from_points
from track_common.ros.images import MessageError

pytestmark = pytest.mark.ros

SEC = 1_700_000_000
F4, F8, U1, U2, U4 = (getattr(PointField, n) for n in ("FLOAT32", "FLOAT64", "UINT8", "UINT16", "UINT32"))
KINDS = {F4: "f4", F8: "f8", U1: "u1", U2: "u2", U4: "u4"}
XYZ = (("x", F4, 0), ("y", F4, 4), ("z", F4, 8))
LAYOUTS = {  # name: fields (name, type, offset), bytes a point, how a time in seconds after the stamp is written
    "utlidar": ((*XYZ, ("intensity", F4, 16), ("ring", U2, 20), ("time", F4, 24)), 32, lambda t: t),
    "velodyne": ((*XYZ, ("intensity", F4, 12), ("ring", U2, 16), ("time", F4, 18)), 22, lambda t: t),
    "livox": (
        (*XYZ, ("intensity", F4, 12), ("tag", U1, 16), ("line", U1, 17), ("timestamp", F8, 18)),
        26,
        lambda t: SEC * 1e9 + t * 1e9,
    ),
    "livox_since_boot": ((*XYZ, ("timestamp", F8, 12)), 20, lambda t: 7.5e12 + t * 1e9),
    "livox_offset": ((*XYZ, ("intensity", F4, 12), ("offset_time", U4, 16)), 20, lambda t: t * 1e9),
    "ouster": ((*XYZ, ("intensity", F4, 16), ("t", U4, 20), ("reflectivity", U2, 24)), 48, lambda t: t * 1e9),
    "hesai": ((*XYZ, ("intensity", F4, 12), ("timestamp", F8, 16), ("ring", U2, 24)), 32, lambda t: SEC + t),
}
UNTIMED = {"PointXYZ": (XYZ, 16), "PointXYZI": ((*XYZ, ("intensity", F4, 16)), 32)}
POINTS = np.random.default_rng(3).uniform(-20.0, 20.0, (40, 3)).astype("f4")
SECONDS = np.linspace(0.0, 0.099, len(POINTS))


def message(fields, point_step, columns: dict[str, np.ndarray]) -> PointCloud2:
    """A cloud with ``columns`` (N,) in their fields and 0xEE everywhere else."""
    count = len(columns["x"])
    names, formats, offsets = zip(*((name, KINDS[kind], offset) for name, kind, offset in fields), strict=True)
    layout = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": point_step})
    records = np.frombuffer(bytearray(b"\xee" * point_step * count), layout)
    for name, values in columns.items():
        records[name] = values
    described = [PointField(name=n, datatype=kind, offset=offset, count=1) for n, kind, offset in fields]
    header = Header(stamp=Time(sec=SEC), frame_id="lidar")
    cloud = PointCloud2(header=header, height=1, width=count, fields=described, point_step=point_step)
    cloud.row_step, cloud.data = point_step * count, array("B", records.tobytes())
    return cloud


def timed(name: str, seconds: np.ndarray = SECONDS, points: np.ndarray = POINTS) -> PointCloud2:
    fields, step, written = LAYOUTS[name]
    field = next(n for n, _, _ in fields if n in ("time", "t", "offset_time", "timestamp"))
    return message(fields, step, {**dict(zip("xyz", points.T, strict=True)), field: written(seconds)})


@pytest.mark.parametrize("name", LAYOUTS)
def test_points_and_their_times_are_read_in_the_units_of_the_layout(name):
    cloud = cloud_from_points(timed(name), np.eye(4))
    assert cloud.points_base == pytest.approx(POINTS) and cloud.stamp == SEC
    assert cloud.times == pytest.approx(SECONDS, abs=2e-6)


def test_a_cloud_says_where_the_lidar_sits():
    mount = np.eye(4)
    mount[:3, 3] = (0.29, 0.0, -0.05)
    assert cloud_from_points(timed("livox"), mount).origin_base == pytest.approx([0.29, 0.0, -0.05])


@pytest.mark.parametrize("name", UNTIMED)
def test_clouds_without_times_have_none(name):
    fields, step = UNTIMED[name]
    cloud = cloud_from_points(message(fields, step, dict(zip("xyz", POINTS.T, strict=True))), np.eye(4))
    assert cloud.points_base == pytest.approx(POINTS) and cloud.times is None


def test_times_before_the_stamp_stay_before_it():
    """Velodyne's driver stamps a sweep with its last point."""
    cloud = cloud_from_points(timed("velodyne", SECONDS - 0.1), np.eye(4))
    assert cloud.times == pytest.approx(SECONDS - 0.1, abs=1e-6)


@pytest.mark.parametrize("name", LAYOUTS)
def test_times_of_dropped_points_go_with_them(name):
    points = POINTS.copy()
    points[::3] = 0.0
    points[1::3, 2] = math.nan
    cloud = cloud_from_points(timed(name, points=points), np.eye(4))
    assert cloud.points_base == pytest.approx(POINTS[2::3])
    expected = SECONDS[2::3] - (SECONDS[2] if name == "livox_since_boot" else 0.0)
    assert cloud.times == pytest.approx(expected, abs=2e-6)


def test_one_time_for_all_says_nothing():
    assert cloud_from_points(timed("livox", np.zeros(40)), np.eye(4)).times is None


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -40.0, 1e30])
def test_times_that_are_no_sweep_are_refused(wrong):
    seconds = SECONDS.copy()
    seconds[7] = wrong
    with pytest.raises(MessageError, match="timed from"):
        cloud_from_points(timed("hesai", seconds), np.eye(4))


def test_a_time_field_outside_the_point_is_refused():
    cloud = timed("utlidar")
    list(cloud.fields)[-1].offset = 30
    with pytest.raises(MessageError, match="byte 34"):
        cloud_from_points(cloud, np.eye(4))


kinds = st.sampled_from([F4, F8, U1, U4, 200])
extras = st.lists(
    st.tuples(st.sampled_from(["x", "z", "time", "timestamp", "t", "ring"]), kinds, st.integers(0, 40)), max_size=1
)
MESSAGES_EACH = 25
NASTY = np.array([0.0, -0.0, 1e-40, 1e9, 3e38, -3e38, np.nan, np.inf, -np.inf, 1.0], "f4")


def spoilt(rng: np.random.Generator, described, step: int) -> PointCloud2:
    """A cloud with bytes that are noise or numbers no LiDAR measures, and sometimes a size it has not."""
    width, height = (int(v) for v in rng.integers(1, (13, 4)))
    cloud = PointCloud2(width=width, height=height, point_step=step, is_bigendian=bool(rng.random() < 0.2))
    cloud.row_step = step * width + int(rng.integers(0, 5))
    length = cloud.row_step * height
    noise = rng.integers(0, 256, length, np.uint8) if rng.random() < 0.5 else rng.choice(NASTY, length // 4 + 1)
    cloud.data = array("B", noise.tobytes()[:length])
    cloud.fields = [PointField(name=n, datatype=kind, offset=offset, count=1) for n, kind, offset in described]
    if rng.random() < 0.3:
        lie = str(rng.choice(["width", "height", "point_step", "row_step"]))
        setattr(cloud, lie, int(rng.choice([0, 1, 100, 2**16, 2**31, 2**32 - 1])))
    return cloud


@settings(max_examples=400)
@given(extras.map(lambda more: [*XYZ, *more]), st.sampled_from([8, 12, 16, 22, 26, 32, 48]), st.integers(0, 2**32 - 1))
def test_ten_thousand_spoilt_clouds_are_read_soundly_or_refused(described, step, seed):
    rng = np.random.default_rng(seed)
    for _ in range(MESSAGES_EACH):
        try:
            cloud = cloud_from_points(spoilt(rng, described, step), np.eye(4))
        except MessageError:
            continue
        assert cloud.points_base.shape[1] == 3
        assert np.isfinite(cloud.points_base).all() and np.abs(cloud.points_base).max(initial=0.0) < 1e4
        assert cloud.times is None or (len(cloud.times) == len(cloud.points_base) and np.isfinite(cloud.times).all())


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_spoilt_points_in_a_sound_layout_leave_only_sound_ones(seed):
    rng = np.random.default_rng(seed)
    for name in LAYOUTS:
        points = rng.uniform(-30.0, 30.0, (12, 3)).astype("f4")
        is_spoilt = rng.random(12) < 0.5
        points[is_spoilt, rng.integers(0, 3)] = rng.choice(NASTY[3:9])
        cloud = cloud_from_points(timed(name, SECONDS[:12], points), np.eye(4))
        assert cloud.points_base == pytest.approx(points[~is_spoilt])
