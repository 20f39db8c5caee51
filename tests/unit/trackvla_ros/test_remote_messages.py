"""What robot and server say to each other: it arrives as it was sent, and whatever is anything else is refused."""

import pickle
from dataclasses import MISSING, fields, replace

import cv2
import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from track_common.interfaces import Observation
from track_common.types import Box, Camera, Frame, Odometry, Sighting, TargetStatus, Trajectory
from trackvla_ros.remote.fields import ProtocolError
from trackvla_ros.remote.images import decode_jpeg, encode_jpeg
from trackvla_ros.remote.messages import (
    NO_NUMBER,
    Answer,
    Begin,
    Hello,
    Look,
    Refusal,
    Seconds,
    Welcome,
    pack,
    unpack,
)

BOX = Box(np.array([1.0, 2.0, 30.5, 40.25]), 0.75, "target")
CAMERA = Camera.from_hfov(640, 480, 1.5)
ODOMETRY = Odometry(7.25, 1.0, -2.0, 0.5, 0.1, 0.2, 0.3, 0.4, 0.05, -0.06)
RGB = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
LOOK = Look(
    3,
    1,
    encode_jpeg(RGB, 80),
    Observation(Frame(RGB, 1763791234.123456789, CAMERA), Sighting(7.0, BOX, (BOX,)), None, ODOMETRY),
)
TRAJECTORY = Trajectory(7.0, np.full((10, 3), 0.1), 0.1 * np.arange(1, 11), reason="behind a pillar")
ANSWER = Answer(3, TRAJECTORY, Seconds(0.01, 0.002, 0.05), dropped=2)
EVERY = [Hello(1, "ab"), Welcome(1, "box_servo"), Begin(4, "follow her"), LOOK, ANSWER, Refusal(NO_NUMBER, "why")]


def same(a, b):
    """Whether two values hold the same, pixels apart: they travel as JPEG."""
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(vars(a)[k], vars(b)[k]) for k in vars(a) if k != "rgb")
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.parametrize("message", EVERY, ids=lambda m: type(m).__name__)
def test_a_message_arrives_as_it_was_sent(message):
    assert same(message, unpack(pack(message)))


def test_an_observation_may_lack_everything_but_its_frame():
    bare = replace(LOOK, observation=Observation(Frame(RGB, 2.0)))
    assert same(bare, unpack(pack(bare)))
    lost = replace(LOOK, observation=Observation(Frame(RGB, 2.0), Sighting(2.0, None)))
    assert same(lost, unpack(pack(lost)))


@pytest.mark.parametrize(("kind", "values"), [(Odometry, ODOMETRY), (Trajectory, TRAJECTORY)])
def test_every_field_of_what_travels_is_in_the_message_above(kind, values):
    """A field that is new in the type would else arrive as its default."""
    unset = {"status", "target_base", "candidates_base", "scores"}  # sent in the test below and in test_remote
    defaults = {f.name: f.default for f in fields(kind) if f.default is not MISSING and f.name not in unset}
    assert defaults and all(getattr(values, name) != default for name, default in defaults.items())


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(TargetStatus), st.integers(0, 200))
def test_numbers_arrive_bit_for_bit(stamp, status, n):
    poses = np.random.default_rng(n).normal(size=(n, 3))
    sent = replace(ANSWER, trajectory=Trajectory(stamp, poses, np.arange(n) / 10.0, status, poses.sum(0)))
    assert same(sent, unpack(pack(sent)))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data):
    with pytest.raises(ProtocolError):
        unpack(data)


@given(st.sampled_from(EVERY), st.data())
def test_a_message_cut_off_or_changed_is_still_one_or_refused(message, data):
    packed = bytearray(pack(message))
    cut = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(ProtocolError):
        unpack(bytes(packed[:cut]))
    packed[cut] = data.draw(st.integers(0, 255))
    try:
        unpack(bytes(packed))
    except ProtocolError as error:
        assert str(error)


@given(
    st.dictionaries(
        st.sampled_from(["kind", "number", "episode", "jpeg", "stamp", "camera", "sighting", "odometry", "poses"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=5) | st.binary(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    ),
    st.sampled_from(["look", "answer", "hello", "begin", "refusal", "welcome", "?"]),
)
def test_maps_of_anything_are_refused(values, kind):
    with pytest.raises(ProtocolError):
        unpack(msgpack.packb({**values, "kind": kind}))


def changed(message, *path, **values):
    """``message`` on the wire with fields of the map at ``path`` replaced."""
    unpacked = msgpack.unpackb(pack(message))
    inner = unpacked
    for name in path:
        inner = inner[name]
    inner.update(values)
    return msgpack.packb(unpacked)


def array(values):
    values = np.asarray(values, "<f8")
    return {"shape": list(values.shape), "data": values.tobytes()}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("hello", "text message of 5 characters; wanted msgpack"),
        (pickle.dumps(print), "no msgpack"),
        (b"\x93\x01\x02\x03", "list .* wanted a map"),
        (msgpack.packb({"kind": "look"}), "no field 'number'"),
        (changed(LOOK, kind="stop"), "kind is 'stop'; wanted one of hello"),
        (changed(LOOK, extra=1), r"unknown fields \['extra'\]"),
        (changed(LOOK, number=True), "number is bool True; wanted a whole number"),
        (changed(LOOK, number=-1), "number is int -1"),
        (changed(LOOK, stamp=float("nan")), "stamp is float nan; wanted a finite"),
        (changed(LOOK, stamp=5), "stamp is int 5; wanted a finite float"),
        (changed(LOOK, jpeg="text"), "jpeg is str of 4; wanted at most"),
        (changed(LOOK, "camera", lens=array([0.0, 1.0, 1.0, 1.0])), "focal lengths"),
        (changed(LOOK, "camera", width=0), "width is int 0; wanted a whole number in 1.."),
        (changed(LOOK, "camera", mount=array(np.zeros(16))), r"mount is list \[16\]; wanted \[4, 4\]"),
        (changed(LOOK, "sighting", others=[{}] * 65), "others is list .*; wanted a list of at most 64"),
        (changed(LOOK, "sighting", "box", xyxy=array([1.0, 2.0, np.inf, 4.0])), "xyxy holds numbers that are not fini"),
        (changed(LOOK, odometry={"shape": [7], "data": b"short"}), "odometry is bytes of 5; wanted the bytes of"),
        (changed(LOOK, odometry={"shape": [10**12], "data": b""}), "odometry is list"),
        (changed(ANSWER, poses=array(np.full((10, 3), np.nan))), "poses holds numbers that are not finite"),
        (changed(ANSWER, poses=array(np.full((10, 3), 1e6))), "beyond 100"),
        (changed(ANSWER, poses=array(np.zeros((10, 2)))), "other than 3 columns"),
        (changed(ANSWER, poses=array(np.zeros((201, 3)))), r"poses is list \[201, 3\]; wanted at most \[200, 3\]"),
        (changed(ANSWER, times=array(np.zeros(10))), "times does not rise"),
        (changed(ANSWER, times=array(np.arange(9.0))), "times is list"),
        (changed(ANSWER, status="bored"), "status is 'bored'; wanted one of tracked"),
        (changed(ANSWER, scores=array([1.0])), "scores is list"),
        (changed(ANSWER, "seconds", infer=-1.0), "infer is float -1.0; wanted"),
        (changed(Begin(1, ""), instruction="x" * 2001), "instruction is str of 2001; wanted a text of at most 2000"),
    ],
)
def test_what_is_wrong_is_named(data, said):
    with pytest.raises(ProtocolError, match=said):
        unpack(data)


def test_a_jpeg_is_decoded_alike_on_both_sides_and_close_to_what_it_was():
    smooth = cv2.GaussianBlur(RGB, (0, 0), 5.0)
    decoded = decode_jpeg(encode_jpeg(smooth, 95))
    assert decoded.shape == smooth.shape
    assert np.abs(decoded.astype(int) - smooth).mean() < 2.0
    assert smooth[..., 0].mean() == pytest.approx(decoded[..., 0].mean(), abs=1.0)  # red is still red


@pytest.mark.parametrize(
    ("jpeg", "said"),
    [
        (b"", "0 bytes that is no JPEG"),
        (cv2.imencode(".png", RGB)[1].tobytes(), "no JPEG"),
        (LOOK.jpeg[:-20], "cut short or spoilt"),
        (LOOK.jpeg[:15], "no JPEG"),
        (encode_jpeg(np.zeros((4096, 4096, 3), np.uint8), 10), "4096x4096; wanted at most 8847360 pixels"),
    ],
)
def test_images_that_are_no_jpeg_or_too_large_are_refused(jpeg, said):
    with pytest.raises(ProtocolError, match=said):
        decode_jpeg(jpeg)


def test_an_image_without_pixels_is_not_sent():
    with pytest.raises(ProtocolError, match="wanted one with pixels"):
        encode_jpeg(np.zeros((0, 0, 3), np.uint8), 80)
