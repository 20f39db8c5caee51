"""Every encoding a camera driver sends becomes the rgb that was put in; broken images are refused with a reason."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from track_common.raw_images import CHANNELS, ImageError, RawImage, pixels_of, rgb_of

WIDTH, HEIGHT = 32, 16
LEFT, RIGHT = (200, 40, 60), (30, 90, 180)  # rgb of the picture's halves


def picture() -> np.ndarray:
    rgb = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:, : WIDTH // 2], rgb[:, WIDTH // 2 :] = LEFT, RIGHT
    return rgb


def planes(rgb: np.ndarray, order: str) -> np.ndarray:
    """Brightness and, at half the size, colour; written by hand from OpenCV's I420, the one layout it can write."""
    i420 = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    quarter = HEIGHT * WIDTH // 4
    u, v = i420[HEIGHT:].reshape(2, quarter)
    pair = (u, v) if order == "uv" else (v, u)
    return np.vstack([i420[:HEIGHT], np.stack(pair, axis=1).reshape(HEIGHT // 2, WIDTH)])


def packed(rgb: np.ndarray, order: str) -> np.ndarray:
    """(H, W, 2) of 4:2:2: the letters of ``order`` for two pixels; the colour of a pair is its first pixel's."""
    i420 = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    u, v = (plane.reshape(HEIGHT // 2, WIDTH // 2).repeat(2, axis=0) for plane in i420[HEIGHT:].reshape(2, -1))
    y = i420[:HEIGHT]
    parts = {"u": u, "v": v}
    brightness = iter((y[:, 0::2], y[:, 1::2]))
    values = [next(brightness) if letter == "y" else parts[letter] for letter in order]
    return np.stack(values, axis=2).reshape(HEIGHT, WIDTH, 2)


def mosaic(rgb: np.ndarray, pattern: str) -> np.ndarray:
    """Bayer: each pixel keeps the colour of its place in the 2x2 pattern, read row by row."""
    out = np.empty((HEIGHT, WIDTH), np.uint8)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        out[row::2, column::2] = rgb[row::2, column::2, "rgb".index(letter)]
    return out


def encoded(encoding: str) -> np.ndarray:
    rgb = picture()
    if encoding.startswith("bayer"):
        values = mosaic(rgb, encoding[6:10])
    elif encoding in ("nv12", "nv21"):
        return planes(rgb, "uv" if encoding == "nv12" else "vu")
    elif encoding in ("yuyv", "yuv422_yuy2"):
        return packed(rgb, "yuyv")
    elif encoding in ("uyvy", "yuv422"):
        return packed(rgb, "uyvy")
    else:
        order = {"bgr": (2, 1, 0), "rgba": (0, 1, 2, 0), "bgra": (2, 1, 0, 0)}
        name = encoding.rstrip("0123456789")
        values = rgb[..., order.get(name, (0, 1, 2))]
    return values.astype("<u2") * 257 if encoding.endswith("16") else values


def raw(encoding: str, values: np.ndarray, padding: int = 0, height: int = HEIGHT, **changes) -> RawImage:
    rows = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    fields = {"height": height, "width": WIDTH, "step": rows.shape[1], "data": rows.tobytes(), **changes}
    return RawImage(encoding, **fields)


COLOUR = sorted(name for name in CHANNELS if name[0].isalpha() and not name.startswith("mono"))


@pytest.mark.parametrize("encoding", COLOUR)
@pytest.mark.parametrize("padding", [0, 8])
def test_a_colour_encoding_gives_back_the_picture(encoding, padding):
    rgb = rgb_of(raw(encoding, encoded(encoding), padding)).astype(int)
    scale = 255 / max(*LEFT, *RIGHT) if encoding.endswith("16") else 1.0  # 16 bit: by the image's own maximum
    assert rgb.shape == (HEIGHT, WIDTH, 3)
    for column, colour in ((5, LEFT), (26, RIGHT)):
        assert np.abs(rgb[7, column] - scale * np.array(colour)).max() <= 4


@pytest.mark.parametrize("encoding", ["mono8", "8UC1", "mono16"])
def test_grey_is_the_same_in_all_three_channels(encoding):
    grey = np.tile(np.arange(WIDTH, dtype=np.uint8) * 8, (HEIGHT, 1))
    values = grey.astype("<u2") * 16 if "16" in encoding else grey
    rgb = rgb_of(raw(encoding, values))
    assert (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 0] == rgb[..., 2]).all()
    assert rgb[0, -1, 0] == (255 if "16" in encoding else 248)


def test_either_byte_order_gives_the_same_colours():
    values = encoded("rgb16")
    little, big = raw("rgb16", values), raw("rgb16", values.astype(">u2"), is_bigendian=True)
    assert (rgb_of(little) == rgb_of(big)).all()


def test_a_height_that_counts_the_rows_of_colour_too_is_understood():
    """Some drivers say so of nv12."""
    values = encoded("nv12")
    assert (rgb_of(raw("nv12", values)) == rgb_of(raw("nv12", values, height=len(values)))).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"encoding": "jpeg"}, "'jpeg' unknown; known: .*bayer_rggb8.*nv12.*yuyv"),
        ({"encoding": "16UC1"}, "'16UC1' is depth; wanted a colour or grey image"),
        ({"encoding": "32FC1", "step": 4 * WIDTH, "data": bytes(4 * WIDTH * HEIGHT)}, "is depth"),
        ({"encoding": "nv12"}, "24 rows of 96 need 2304"),
        ({"encoding": "nv21", "height": 15}, "15 px high; wanted an even height"),
        ({"encoding": "yuyv", "width": 31}, "31 px wide; wanted an even width"),
        ({"encoding": "bayer_gbrg8", "width": 31}, "31 px wide; wanted an even width"),
        ({"step": 95}, "step is 95 bytes; 32 px of rgb8 need 96"),
        ({"data": b"123"}, "3 bytes; 16 rows of 96 need 1536"),
        ({"height": 0}, "32x0 px; wanted 1..8192"),
        ({"width": 9000}, "9000x16 px; wanted 1..8192"),
    ],
)
def test_a_broken_image_is_refused_with_its_reason(changes, reason):
    fields = {"encoding": "rgb8", "height": HEIGHT, "width": WIDTH, "step": 96, "data": bytes(96 * HEIGHT), **changes}
    with pytest.raises(ImageError, match=reason):
        rgb_of(RawImage(**fields))


@given(
    encoding=st.sampled_from(sorted(CHANNELS)),
    height=st.integers(-1, 5),
    width=st.integers(-1, 5),
    step=st.integers(0, 24),
    size=st.integers(0, 130),
    is_bigendian=st.booleans(),
)
def test_whatever_the_fields_say_an_image_comes_back_or_a_reason(encoding, height, width, step, size, is_bigendian):
    image = RawImage(encoding, height, width, step, bytes(size), is_bigendian)
    try:
        rgb = rgb_of(image)
    except ImageError as error:
        assert str(error)
    else:
        assert rgb.dtype == np.uint8 and rgb.shape[1:] == (width, 3)
        assert encoding.startswith("nv") or len(pixels_of(image)) == height
