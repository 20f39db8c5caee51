"""What a JPEG or PNG would cost is read from its bytes, and what would cost too much never reaches a decoder."""

import io
import time

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
