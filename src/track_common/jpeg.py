"""A look at a JPEG or PNG before a decoder sees it: how large it becomes, and how often a decoder passes over it.

A progressive JPEG may hold thousands of scans of a few bytes each, and each one costs a pass over the whole image:
117 kB keep a decoder busy for 52 s. Marker codes: ITU-T T.81, table B.1; PNG's header: RFC 2083, 11.2.2 (IHDR).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

MAX_SCANS = 10  # libjpeg's own progression of a colour image has 10; cameras send 1
MAX_SEGMENTS = 500  # tables, metadata and scans; a camera's JPEG has about 10, one with colour profiles 40
MAX_TEXTS = 4  # compressed texts of a PNG
COMPRESSED_TEXT = (b"zTXt", b"iTXt")
BASELINE = {0xC0, 0xC1}  # SOF0, SOF1: one scan has all coefficients
PIXELS_A_BYTE = 256  # a block of 8x8 has two Huffman codes of at least a bit
START, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
END = b"\xff\xd9"  # of every JPEG
SOS, EOI, SOI, TEM = 0xDA, 0xD9, 0xD8, 0x01
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0..SOF15 without DHT, JPG and DAC, which share their range
# In a scan's data FF is followed by 00 or by a restart marker (D0..D7); any other code begins a segment.
_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")


class ImageFormatError(ValueError):
    """Bytes that are no image to decode; the text says what was got and what was wanted."""


@dataclass(frozen=True)
class ImageHeader:
    """Width and height (px) of an encoded image, and the passes that its decoder makes over it."""

    width: int
    height: int
    scans: int


def checked_header(data: bytes, max_pixels: int) -> ImageHeader:
    """The header of a JPEG or PNG that is safe to decode.

    Args:
        data: the encoded image.
        max_pixels: width times height, at most.

    Raises:
        ImageFormatError: it is neither, holds no size, more pixels, more than ``MAX_SCANS`` scans or ``MAX_SEGMENTS``.
    """
    if data.startswith(PNG):
        header = _png_header(data)
    elif data.startswith(START):
        header = _jpeg_header(data)
    else:
        raise ImageFormatError(f"got {len(data)} bytes that are no JPEG or PNG")
    if not header.width or not header.height:
        raise ImageFormatError(f"got {len(data)} bytes that are no JPEG or PNG with a size")
    if header.width * header.height > max_pixels:
        raise ImageFormatError(f"got an image of {header.width}x{header.height}; wanted at most {max_pixels} pixels")
    return header


def _png_header(data: bytes) -> ImageHeader:
    if len(data) < 24 or data[12:16] != b"IHDR":
        raise ImageFormatError(f"got a PNG of {len(data)} bytes without its header; wanted all of it")
    width, height = struct.unpack(">II", data[16:24])
    _check_chunks(data)
    return ImageHeader(width, height, 1)


def _check_chunks(data: bytes) -> None:
    """A decoder unpacks each compressed text beside the image: 300 kB of them keep it busy for 3 s."""
    position, chunks, texts = len(PNG), 0, 0
    while position + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[position : position + 8])
        chunks += name != b"IDAT"
        texts += name in COMPRESSED_TEXT
        if chunks > MAX_SEGMENTS or texts > MAX_TEXTS:
            raise ImageFormatError(
                f"got a PNG of more than {MAX_SEGMENTS} chunks or {MAX_TEXTS} compressed texts; wanted a camera's image"
            )
        position += 12 + length


def _jpeg_header(data: bytes) -> ImageHeader:
    size, scans, position = (0, 0), 0, len(START)
    for _ in range(MAX_SEGMENTS):
        marker = _MARKER.search(data, position)
        if marker is None or data[marker.end() - 1] == EOI:
            return ImageHeader(*size, scans)
        code, position = data[marker.end() - 1], marker.end()
        if code in (SOI, TEM):
            continue
        body = data[position : position + 7]
        if len(body) < 2:
            return ImageHeader(*size, scans)
        if code in FRAMES and len(body) == 7:
            height, width = struct.unpack(">HH", body[3:7])
            size = max(size, (width, height), key=lambda one: one[0] * one[1])
            if code in BASELINE and width * height > PIXELS_A_BYTE * len(data):
                raise ImageFormatError(f"got {len(data)} bytes for a JPEG of {width}x{height}; wanted all of it")
        scans += code == SOS
        if scans > MAX_SCANS:
            raise ImageFormatError(
                f"got a JPEG of more than {MAX_SCANS} scans; wanted a baseline one, or a progressive one of fewer scans"
            )
        position += int.from_bytes(body[:2], "big")
    raise ImageFormatError(f"got a JPEG of more than {MAX_SEGMENTS} segments; wanted a camera's, which has about 10")
