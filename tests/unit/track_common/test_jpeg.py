"""What a JPEG or PNG would cost is read from its bytes, and what would cost too much never reaches a decoder."""

import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers.jpegs import scans_bomb
from track_common.jpeg import MAX_SCANS, MAX_SEGMENTS, ImageFormatError, ImageHeader, checked_header

RGB = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8), (0, 0), 3)
PIXELS = 4096 * 2160


def encoded(kind="JPEG", **options):
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, kind, **options)
    return stream.getvalue()


def with_segments(jpeg, count):
    return jpeg[:2] + b"\xff\xfe\x00\x04ab" * count + jpeg[2:]


@pytest.mark.parametrize(
    ("data", "scans"),
    [
        (encoded(), 1),
        (encoded(progressive=True), 10),
        (encoded(restart_marker_rows=1), 1),
        (encoded(comment=b"\xff\xda" * 100), 1),  # what looks like a scan within a comment is none
        (encoded("PNG"), 1),
    ],
)
def test_size_and_scans_are_read(data, scans):
    assert checked_header(data, PIXELS) == ImageHeader(80, 60, scans)


@pytest.mark.parametrize("width", [40, 80, 8000])
@pytest.mark.parametrize("height", [30, 60])
def test_the_size_is_what_the_decoder_makes(width, height):
    data = cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8))[1].tobytes()
    header = checked_header(data, PIXELS)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), 1).shape[:2] == (header.height, header.width)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no JPEG or PNG"),
        (b"GIF89a", "no JPEG or PNG"),
        (encoded("WEBP"), "no JPEG or PNG"),
        (encoded("PNG")[:20], "without its header"),
        (encoded()[:2], "with a size"),
        (scans_bomb(64, 64, MAX_SCANS), f"more than {MAX_SCANS} scans"),
        (scans_bomb(4096, 2160, 5000), f"more than {MAX_SCANS} scans"),
        (scans_bomb(65000, 65000, 0), "65000x65000; wanted at most"),
        (with_segments(encoded(), MAX_SEGMENTS), f"more than {MAX_SEGMENTS} segments"),
    ],
)
def test_what_would_cost_too_much_is_refused_before_decoding(data, said):
    with pytest.raises(ImageFormatError, match=said):
        checked_header(data, PIXELS)


def test_a_look_at_four_megabytes_of_tiny_segments_ends_early():
    """The look itself must be no way to keep a server busy: the work is bounded by the segments it counts."""
    data = with_segments(encoded(), 700_000)
    start = time.process_time()
    with pytest.raises(ImageFormatError, match="segments"):
        checked_header(data, PIXELS)
    assert time.process_time() - start < 1.0


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, 3000), st.binary(max_size=8), st.booleans())
def test_spoilt_bytes_are_refused_or_read_and_raise_nothing_else(position, patch, is_cut):
    data = bytearray(encoded(progressive=True))
    data[position : position + len(patch)] = patch
    try:
        header = checked_header(bytes(data[:position] if is_cut else data), PIXELS)
    except ImageFormatError:
        return
    assert header.scans <= MAX_SCANS and 0 < header.width * header.height <= PIXELS


def png_with(name: bytes, body: bytes, count: int) -> bytes:
    """A small PNG with further chunks behind its header."""
    data = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data[:33] + count * chunk + data[33:]


@pytest.mark.parametrize(("name", "count"), [(b"zTXt", 5), (b"iTXt", 5), (b"tEXt", MAX_SEGMENTS)])
def test_a_png_with_many_texts_is_refused_before_it_is_decoded(name: bytes, count: int) -> None:
    body = b"a\0\0" + zlib.compress(bytes(100_000))
    assert checked_header(png_with(name, body, 4), PIXELS).scans == 1
    with pytest.raises(ImageFormatError, match="or 4 compressed texts; wanted a camera's image"):
        checked_header(png_with(name, body, count), PIXELS)


def test_a_jpeg_of_fewer_bytes_than_its_size_needs_is_refused() -> None:
    data = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))[1].tobytes()
    size = data.find(b"\xff\xc0") + 5
    with pytest.raises(ImageFormatError, match="bytes for a JPEG of 3000x4000; wanted all of it"):
        checked_header(data[:size] + struct.pack(">HH", 4000, 3000) + data[size + 4 :], 4096 * 4096)


@pytest.mark.parametrize("optimised", [0, 1])
@pytest.mark.parametrize("quality", [1, 95])
def test_a_sound_jpeg_of_one_colour_is_not_too_small(optimised: int, quality: int) -> None:
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, optimised]
    for shape in ((1080, 1920), (1080, 1920, 3), (7, 9, 3)):
        data = cv2.imencode(".jpg", np.zeros(shape, np.uint8), settings)[1].tobytes()
        assert checked_header(data, 4096 * 4096).width == shape[1]
