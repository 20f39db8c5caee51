"""Messages to our types and back: round trips for any value, as cv_bridge does it, refusals that say why."""

import io
import math
from array import array

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, Twist
from hypothesis import given
from hypothesis import strategies as st
from nav_msgs.msg import Odometry as OdometryMessage
from nav_msgs.msg import Path
from PIL import Image as PilImage
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField, RegionOfInterest
from std_msgs.msg import Header
from tests.helpers.jpegs import scans_bomb
from vision_msgs.msg import Detection2D, Detection2DArray

from track_common.ros import conversions as convert
from track_common.ros.conversions import MessageError
from track_common.ros.images import compressed_from_rgb, image_from_pixels, pixels_from_image, rgb_from_image
from track_common.types import Box, Camera, Odometry, Sighting, Trajectory, VelocityCommand

pytestmark = pytest.mark.ros

finite = st.floats(-1e6, 1e6)
angle = st.floats(-3.14, 3.14)
stamps = st.floats(0.0, 2e9)
HEADER = Header(frame_id="camera")


def same_angle(first: float, second: float) -> bool:
    return abs(math.remainder(first - second, 2.0 * math.pi)) < 1e-6


def image(pixels: np.ndarray, encoding: str, padding: int = 0, is_bigendian: bool = False) -> Image:
    """A message as a camera driver might send it: padded rows, either byte order."""
    stored = pixels.astype(pixels.dtype.newbyteorder(">" if is_bigendian else "<"))
    rows = np.frombuffer(stored.tobytes(), np.uint8).reshape(len(pixels), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xEE)
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding, step=rows.shape[1])
    message.is_bigendian = int(is_bigendian)
    message.data = array("B", rows.tobytes())
    return message


def noise(height: int, width: int, channels: int, dtype: str = "u1") -> np.ndarray:
    pixels = np.random.default_rng(5).integers(0, np.iinfo(dtype).max, (height, width, channels), dtype)
    return pixels[..., 0] if channels == 1 else pixels


@given(stamps)
def test_a_stamp_survives_to_the_precision_of_a_float(seconds):
    assert abs(convert.seconds_from_stamp(convert.stamp_from_seconds(seconds)) - seconds) < 5e-7


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 7))
def test_row_padding_never_reaches_the_picture(height, width, padding):
    rgb = noise(height, width, 3)
    np.testing.assert_array_equal(rgb_from_image(image(rgb, "rgb8", padding)), rgb)


@pytest.mark.parametrize(
    ("encoding", "to_encoding"),
    [
        ("rgb8", lambda rgb: rgb),
        ("bgr8", lambda rgb: rgb[..., ::-1]),
        ("rgba8", lambda rgb: np.dstack([rgb, rgb[..., 0]])),
        ("bgra8", lambda rgb: np.dstack([rgb[..., ::-1], rgb[..., 0]])),
    ],
)
def test_colour_encodings_all_become_rgb(encoding, to_encoding):
    rgb = noise(4, 6, 3)
    np.testing.assert_array_equal(rgb_from_image(image(to_encoding(rgb), encoding)), rgb)


@pytest.mark.parametrize("is_bigendian", [False, True])
def test_16_bit_depth_keeps_its_values_in_either_byte_order(is_bigendian):
    depth = noise(3, 5, 1, "u2")
    message = image(depth, "16UC1", padding=4, is_bigendian=is_bigendian)
    np.testing.assert_array_equal(pixels_from_image(message), depth)


def test_uyvy_grey_stays_grey():
    uyvy = np.zeros((2, 4, 2), np.uint8)
    uyvy[..., 0], uyvy[..., 1] = 128, 126  # no chroma, middle luma
    rgb = rgb_from_image(image(uyvy, "yuv422"))
    assert np.ptp(rgb) == 0
    assert 120 <= rgb[0, 0, 0] <= 132


def test_an_image_of_ours_reads_back_the_same():
    rgb = noise(7, 5, 3)
    frame = convert.frame_from_image(convert.image_from_rgb(rgb[:, ::-1], HEADER))  # a view: not contiguous
    np.testing.assert_array_equal(frame.rgb, rgb[:, ::-1])


def test_jpeg_comes_back_close_and_in_the_same_channel_order():
    rgb = np.full((32, 32, 3), (200, 60, 20), np.uint8)
    frame = convert.frame_from_image(compressed_from_rgb(rgb, HEADER))
    assert np.abs(frame.rgb.astype(int) - rgb).max() <= 6


@pytest.mark.apt_ros
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8", "16UC1", "rgba8"])
def test_pixels_agree_with_the_real_cv_bridge(encoding):
    """Where an apt ROS brings it; PyPI's package of that name is another one without the class asked for here."""
    bridge_module = pytest.importorskip("cv_bridge", reason="cv_bridge comes with an apt ROS only")
    if not hasattr(bridge_module, "cvtype2_to_dtype_with_channels") and "site-packages" in bridge_module.__file__:
        pytest.skip("this cv_bridge is PyPI's unrelated one")
    channels = {"rgb8": 3, "bgr8": 3, "rgba8": 4}.get(encoding, 1)
    message = image(noise(6, 8, channels, "u2" if encoding == "16UC1" else "u1"), encoding, padding=4)
    expected = bridge_module.CvBridge().imgmsg_to_cv2(message, "passthrough")
    np.testing.assert_array_equal(pixels_from_image(message), expected)


def broken_images() -> dict[str, tuple[Image, str]]:
    good = image(noise(4, 4, 3), "rgb8")
    cut, thin, none, odd = (image(noise(4, 4, 3), "rgb8") for _ in range(4))
    cut.data = array("B", bytes(good.data)[:-1])
    thin.step = 5
    none.height = 0
    odd.encoding = "rgb9"
    depth = image(np.zeros((2, 2), "f4"), "32FC1")
    return {
        "truncated": (cut, "47 bytes"),
        "step too small": (thin, "step is 5"),
        "no rows": (none, "4x0"),
        "unknown encoding": (odd, "known:"),
        "empty": (Image(), "encoding '' unknown"),
        "depth": (depth, "is depth"),
        "odd yuv": (image(noise(2, 3, 2), "yuv422"), "even width"),
    }


@pytest.mark.parametrize("name", list(broken_images()))
def test_a_broken_image_is_refused_with_its_reason(name):
    message, reason = broken_images()[name]
    with pytest.raises(MessageError, match=reason):
        convert.frame_from_image(message)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8 not a picture", b"\x89PNG\r\n\x1a\n"])
def test_broken_compressed_images_are_refused(data):
    with pytest.raises(MessageError, match="compressed image"):
        convert.frame_from_image(CompressedImage(format="jpeg", data=array("B", data)))


def test_a_camera_survives():
    camera = Camera.from_hfov(640, 480, math.radians(87.0))
    back = convert.camera_from_info(convert.info_from_camera(camera, HEADER), camera.T_base_camera)
    assert (back.width, back.height, back.fx, back.fy, back.cx, back.cy) == (
        640,
        480,
        camera.fx,
        camera.fy,
        320.0,
        240.0,
    )
    assert back.hfov == pytest.approx(math.radians(87.0))


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(MessageError, match="fx 0.0"):
        convert.camera_from_info(CameraInfo(width=640, height=480), np.eye(4))


def cloud(points: np.ndarray, datatype: str, offset: int, is_bigendian: bool, row_padding: int = 0) -> PointCloud2:
    """An organised cloud of two rows, with an intensity before x, y, z and padding after each row."""
    kind = {"f4": PointField.FLOAT32, "f8": PointField.FLOAT64}[datatype]
    size = int(datatype[1])
    point_step = offset + 3 * size + 3
    rows = points.reshape(2, -1, 3)
    buffer = np.full((2, rows.shape[1] * point_step + row_padding), 0xEE, np.uint8)
    for row, line in zip(buffer, rows, strict=True):
        for index, point in enumerate(line):
            start = index * point_step + offset
            values = point.astype((">" if is_bigendian else "<") + datatype).tobytes()
            row[start : start + 3 * size] = np.frombuffer(values, np.uint8)
    fields = [PointField(name=n, offset=offset + i * size, datatype=kind, count=1) for i, n in enumerate("xyz")]
    fields.insert(0, PointField(name="intensity", offset=0, datatype=PointField.UINT8, count=1))
    message = PointCloud2(height=2, width=rows.shape[1], fields=fields, is_bigendian=is_bigendian)
    message.point_step, message.row_step, message.data = point_step, buffer.shape[1], array("B", buffer.tobytes())
    return message


@given(st.sampled_from(["f4", "f8"]), st.integers(1, 9), st.booleans(), st.integers(0, 5))
def test_any_layout_of_a_cloud_gives_the_same_points(datatype, offset, is_bigendian, row_padding):
    points = np.random.default_rng(1).uniform(-20.0, 20.0, (6, 3)).astype("f4").astype(float)
    got = convert.cloud_from_points(cloud(points, datatype, offset, is_bigendian, row_padding), np.eye(4))
    np.testing.assert_array_equal(got.points_base, points)


def test_points_are_moved_to_the_base():
    mount = np.eye(4)
    mount[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    mount[:3, 3] = (0.2, 0.0, 0.3)
    message = convert.points_from_array(np.array([[1.0, 2.0, 3.0]]), HEADER)
    np.testing.assert_allclose(convert.cloud_from_points(message, mount).points_base, [[-1.8, 1.0, 3.3]], atol=1e-6)


def test_nan_infinite_and_padding_points_are_dropped():
    points = np.array([[1, 2, 3], [np.nan, 0, 0], [np.inf, 0, 0], [0, 0, 0]], np.float32)
    message = convert.points_from_array(points, HEADER)
    np.testing.assert_array_equal(convert.cloud_from_points(message, np.eye(4)).points_base, [[1.0, 2.0, 3.0]])


def test_an_empty_cloud_has_no_points():
    assert convert.cloud_from_points(PointCloud2(), np.eye(4)).points_base.shape == (0, 3)


def test_broken_clouds_are_refused():
    short = convert.points_from_array(np.ones((3, 3)), HEADER)
    short.data = short.data[:-1]
    nameless = convert.points_from_array(np.ones((3, 3)), HEADER)
    nameless.fields[2].name = "range"
    outside = convert.points_from_array(np.ones((3, 3)), HEADER)
    outside.fields[2].offset = 10
    for message, reason in ((short, "35 in all"), (nameless, "wanted x, y, z"), (outside, "byte 14")):
        with pytest.raises(MessageError, match=reason):
            convert.cloud_from_points(message, np.eye(4))


@given(stamps, st.floats(-9e5, 9e5), st.floats(-9e5, 9e5), angle, st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_odometry_survives(stamp, x, y, yaw, vx, vy, wz):
    given_odometry = Odometry(stamp, x, y, yaw, vx, vy, wz)
    message = convert.message_from_odometry(given_odometry, "odom", "base_link")
    back = convert.odometry_from_message(message)
    assert (back.x, back.y, back.vx, back.vy, back.wz) == (x, y, vx, vy, wz)
    assert same_angle(back.yaw, yaw)


def test_odometry_that_was_never_filled_or_is_nan_is_refused():
    unfilled = OdometryMessage()
    unfilled.pose.pose.orientation.w = 0.0
    broken = OdometryMessage()
    broken.pose.pose.position.x = math.nan
    for message in (unfilled, broken):
        with pytest.raises(MessageError, match="wanted finite"):
            convert.odometry_from_message(message)


corner = st.floats(-500.0, 500.0)
side = st.floats(1.0, 500.0)
boxes = st.builds(
    lambda x, y, w, h, score, label: Box(np.array([x, y, x + w, y + h]), score, label),
    corner, corner, side, side, st.floats(0.0, 1.0), st.sampled_from(["person", "7"]),
)  # fmt: skip


@given(st.none() | boxes, st.lists(boxes, max_size=3))
def test_a_sighting_survives(target, others):
    message = convert.detections_from_sighting(Sighting(0.0, target, tuple(others)), HEADER)
    back = convert.sighting_from_detections(message)
    assert (back.box is None) == (target is None)
    assert len(back.others) == len(others)
    for sent, got in zip([target, *others], [back.box, *back.others], strict=True):
        if sent is not None and got is not None:
            np.testing.assert_allclose(got.xyxy, sent.xyxy, atol=1e-9)
            assert (got.score, got.label) == (sent.score, sent.label)


@pytest.mark.parametrize("values", [(math.nan, 5.0, 10.0, 10.0), (5.0, 5.0, 0.0, 10.0), (5.0, 5.0, 10.0, math.inf)])
def test_a_box_without_size_or_not_finite_is_refused(values):
    detection = Detection2D(id="target")
    detection.bbox.center.position.x, detection.bbox.center.position.y = values[:2]
    detection.bbox.size_x, detection.bbox.size_y = values[2:]
    with pytest.raises(MessageError, match="wanted finite and larger than 0"):
        convert.sighting_from_detections(Detection2DArray(detections=[detection]))


poses = st.lists(st.tuples(finite, finite, angle), max_size=6)


@given(poses, st.integers(0, 2_000_000_000), st.integers(0, 999_999_999))
def test_a_trajectory_survives_as_a_path(rows, sec, nanosec):
    header = Header(frame_id="camera_color_optical_frame")
    header.stamp.sec, header.stamp.nanosec = sec, nanosec
    sent = Trajectory(sec + nanosec * 1e-9, np.array(rows).reshape(-1, 3), 0.1 * np.arange(1, len(rows) + 1))
    path = convert.path_from_trajectory(sent, header)
    assert path.header.stamp == header.stamp  # to the nanosecond, which a float cannot hold
    back = convert.trajectory_from_path(path)
    np.testing.assert_array_equal(back.poses_base[:, :2], sent.poses_base[:, :2])
    np.testing.assert_allclose(back.times, sent.times, atol=1e-6)
    assert all(same_angle(a, b) for a, b in zip(back.poses_base[:, 2], sent.poses_base[:, 2], strict=True))


def test_paths_that_are_no_trajectory_are_refused():
    sent = Trajectory(5.0, np.zeros((2, 3)), np.array([0.1, 0.2]))
    other_frame, backward, broken = (convert.path_from_trajectory(sent, HEADER) for _ in range(3))
    other_frame.header.frame_id = "odom"
    backward.poses.reverse()
    broken.poses[1].pose.position.y = math.nan
    for message, reason in ((other_frame, "'odom'"), (backward, "do not rise"), (broken, "not finite")):
        with pytest.raises(MessageError, match=reason):
            convert.trajectory_from_path(message)


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_a_command_survives(vx, vy, wz):
    command = VelocityCommand(vx, vy, wz)
    assert convert.command_from_twist(convert.twist_from_command(command)) == command


def test_numpy_and_whole_numbers_leave_as_floats():
    """Jazzy sends np.float32 and int as garbage without an error where its checks are off."""
    twist = convert.twist_from_command(VelocityCommand(np.float32(0.5), 0, np.float64(0.25)))
    assert [type(v) for v in (twist.linear.x, twist.linear.y, twist.angular.z)] == [float] * 3


def test_a_nan_command_is_refused():
    message = Twist()
    message.angular.z = math.nan
    with pytest.raises(MessageError, match="not finite"):
        convert.command_from_twist(message)


def test_candidates_are_coloured_from_worst_to_best():
    trajectory = Trajectory(
        0.0, np.zeros((0, 3)), np.zeros(0), candidates_base=np.zeros((3, 4, 3)), scores=np.array([1, 3, 2])
    )
    markers = convert.markers_from_candidates(trajectory, HEADER).markers
    assert [len(m.points) for m in markers] == [0, 4, 4, 4]
    assert markers[2].color.r > markers[3].color.r > markers[1].color.r
    assert {m.header.frame_id for m in markers} == {"base_link"}
    assert [m.text for m in markers] == ["", "1.000", "3.000", "2.000"], "the score, which a film shows"


def test_16_bit_pixels_of_ours_say_their_own_byte_order():
    depth = noise(3, 4, 1, "u2")
    np.testing.assert_array_equal(pixels_from_image(image_from_pixels(depth, "16UC1", HEADER)), depth)


# --- what contradicts itself, or is too long, is refused before it is used ---


def info_of(width, height, **more):
    message = convert.info_from_camera(Camera.from_hfov(width, height, 1.2), HEADER)
    for name, value in more.items():
        setattr(message, name, value)
    return message


def test_an_image_of_another_shape_than_its_camera_info_is_refused():
    camera = convert.camera_from_info(info_of(1280, 720), np.eye(4))
    for message, make in (
        (convert.image_from_rgb(noise(48, 64, 3), HEADER), convert.frame_from_image),
        (compressed_from_rgb(noise(48, 64, 3), HEADER), convert.frame_from_image),
    ):
        with pytest.raises(MessageError, match="image is 64x48, its camera_info says 1280x720"):
            make(message, camera)
        assert make(message).rgb.shape == (48, 64, 3)


@given(st.integers(40, 2000))
def test_a_camera_is_scaled_to_a_picture_of_its_shape_so_that_rays_stay(width):
    camera = convert.camera_from_info(info_of(1280, 720), np.eye(4))
    height = round(width * 720 / 1280)
    fitted = convert.fitted_camera(camera, width, height)
    corners = np.array([[0.0, 0.0], [1.0, 1.0]])
    rays = [(corners * (c.width, c.height) - (c.cx, c.cy)) / (c.fx, c.fy) for c in (camera, fitted)]
    np.testing.assert_allclose(*rays, atol=1e-9)
    assert (fitted.width, fitted.height) == (width, height)


def test_binning_and_region_of_interest_are_in_the_camera():
    """The ray through a pixel of the smaller image is that through the pixel it came from."""
    region = RegionOfInterest(x_offset=100, y_offset=40, width=400, height=300)
    whole, part = info_of(640, 480), info_of(640, 480, binning_x=2, binning_y=2, roi=region)
    big, small = (convert.camera_from_info(message, np.eye(4)) for message in (whole, part))
    assert (small.width, small.height) == (200, 150) == convert.image_size_from_info(part)
    x, y = 30.0, 20.0
    assert (x - small.cx) / small.fx == pytest.approx((100 + 2 * x - big.cx) / big.fx)
    assert (y - small.cy) / small.fy == pytest.approx((40 + 2 * y - big.cy) / big.fy)


def test_an_exif_turn_is_not_made():
    rgb, stream = noise(48, 64, 3), io.BytesIO()
    exif = PilImage.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    PilImage.fromarray(rgb).save(stream, "JPEG", exif=exif)
    message = CompressedImage(header=HEADER, format="jpeg", data=array("B", stream.getvalue()))
    assert convert.frame_from_image(message).rgb.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (scans_bomb(4096, 2160, 1000), "more than 10 scans"),
        (scans_bomb(20000, 20000, 0), "20000x20000; wanted at most"),
    ],
)
def test_a_compressed_image_that_would_hold_the_node_up_is_refused(data, said):
    with pytest.raises(MessageError, match=said):
        convert.frame_from_image(CompressedImage(format="jpeg", data=array("B", data)))


def test_a_candidate_without_a_size_leaves_the_target_and_the_others():
    boxes = [Box(np.array([1.0, 1.0, 9.0, 9.0]), 0.5, "person") for _ in range(3)]
    message = convert.detections_from_sighting(Sighting(1.0, boxes[0], tuple(boxes[1:])), HEADER)
    message.detections[1].bbox.size_x = 0.0
    sighting = convert.sighting_from_detections(message)
    assert sighting.box is not None and len(sighting.others) == 1
    message.detections[0].bbox.size_x = math.nan
    with pytest.raises(MessageError, match="wanted finite"):
        convert.sighting_from_detections(message)


def test_more_boxes_or_poses_than_anybody_sends_are_refused_by_their_number():
    many = Detection2DArray(detections=[Detection2D()] * (convert.MAX_DETECTIONS + 1))
    with pytest.raises(MessageError, match="201 detections; wanted at most 200"):
        convert.sighting_from_detections(many)
    long = Path(header=Header(frame_id="base_link"), poses=[PoseStamped()] * (convert.MAX_POSES + 1))
    with pytest.raises(MessageError, match="501 poses; wanted at most 500"):
        convert.trajectory_from_path(long)


@pytest.mark.parametrize("index", [0, 2, 4, 5])
def test_a_camera_info_with_a_number_that_is_none_is_refused(index):
    message = info_of(640, 480)
    message.k[index] = math.nan
    with pytest.raises(MessageError, match="wanted a camera's"):
        convert.camera_from_info(message, np.eye(4))
