"""Whether a video file is whole, by its own lengths: MP4 and MOV by their boxes, AVI by its RIFF header.

OpenCV opens a film that was cut off and ends early without a word, or fails without a reason.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

BOX = struct.Struct(">I4s")  # ISO/IEC 14496-12, 4.2: size, type; size 1 = 64 bits follow, 0 = to the end of the file
LONG = struct.Struct(">Q")
MAX_BOXES = 10_000  # looked at; a fragmented film of hours has fewer
SHORT = 0.02  # share of its frames by which a container's count may be wrong ...
FEW = 2  # ... and frames, for short films


def cut_note(path: Path) -> str:
    """Why the file is not whole, "" where nothing says so; formats other than MP4, MOV and AVI are not looked into."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        stream.seek(0)
        if head[4:8] == b"ftyp":
            return _mp4_note(stream, path, size)
    if head[:4] == b"RIFF" and head[8:] == b"AVI ":
        declared = int.from_bytes(head[4:8], "little") + 8
        if size < declared:
            return f"{path} is cut off: {size:,} of {declared:,} bytes"
    return ""


def short_note(path: Path, read: int, count: int) -> str:
    """What to say where ``read`` frames of the ``count`` the file declares (0 = it does not say) could be read."""
    if read < count - max(FEW, SHORT * count):
        return f"{path} ends after {read} of {count} frames: it is cut off or damaged"
    return ""


def _mp4_note(stream: BinaryIO, path: Path, size: int) -> str:
    """By the boxes at the top level: the last one must end with the file, and one must be the index (moov)."""
    at, has_index = 0, False
    for _ in range(MAX_BOXES):
        stream.seek(at)
        head = stream.read(BOX.size)
        if len(head) < BOX.size:
            break
        length, kind = BOX.unpack(head)
        has_index |= kind == b"moov"
        if length == 1:
            length = LONG.unpack(stream.read(LONG.size).ljust(LONG.size, b"\0"))[0]
        at = size if length == 0 else at + max(length, BOX.size)
    if at > size:
        lost = "" if has_index else ", its index (moov) is lost: copy or record it again"
        return f"{path} is cut off: {size:,} of {at:,} bytes{lost}"
    return "" if has_index else f"{path} has no index (moov): its recording was not finished"
