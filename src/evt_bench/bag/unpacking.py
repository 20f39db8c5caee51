"""Unpacks the compressed parts of a bag within limits: a file of a few kilobytes must not fill the memory.

Every part is capped by the size it declares and by the size it really has, and a whole file by a budget.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import zstandard

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1; no CDR message starts so (its first byte is 0)
MAX_UNPACKED = 128 * 2**20  # bytes of one chunk or message; an 8K RGB image has 100 MB
BUDGET_FLOOR = 256 * 2**20  # bytes any file may unpack to ...
BUDGET_RATIO = 200  # ... and bytes for each of its own beyond that; recordings reach ratios of 2 to 50
RECORD_COST = 100  # bytes charged for each record besides its data: what a Python object takes


class UnpackError(ValueError):
    """A compressed part that is damaged."""


class SizeError(UnpackError):
    """A part that is larger than it declares or than it may be; the message says how large."""


class BudgetError(SizeError):
    """A file that unpacks to more than its budget: reading it ends here."""


@dataclass
class Budget:
    """Bytes a file may still unpack to."""

    left: int

    @classmethod
    def of(cls, file_size: int) -> Budget:
        """The budget of a file of ``file_size`` bytes."""
        return cls(BUDGET_FLOOR + BUDGET_RATIO * file_size)

    def spend(self, size: int) -> None:
        """Take ``size`` bytes and the cost of a record away.

        Raises:
            BudgetError: not so much is left.
        """
        self.left -= size + RECORD_COST
        if self.left < 0:
            raise BudgetError("the file unpacks to far more than its size")


def unpack(data: bytes, compression: str, declared: int) -> bytes:
    """Unpack one chunk.

    Args:
        data: as stored.
        compression: "zstd", "lz4" or "" (MCAP specification, "well-known compression formats").
        declared: size after unpacking, in bytes, as the chunk says it.

    Raises:
        UnpackError: unknown compression, or damaged data.
        SizeError: more bytes than declared or than ``MAX_UNPACKED``.
    """
    if declared > MAX_UNPACKED:
        raise SizeError(f"a chunk declares {declared:,} bytes; at most {MAX_UNPACKED:,} are unpacked")
    if compression == "zstd":
        return _zstd(data, declared)
    if compression == "lz4":
        return _lz4(data, declared)
    if compression:
        raise UnpackError(f"a chunk is compressed by '{compression}'; wanted zstd, lz4 or nothing")
    return data


def unpack_message(data: bytes) -> bytes:
    """One message of a bag recorded with per-message zstd; any other message as it is.

    Raises:
        UnpackError: damaged data.
        SizeError: more than ``MAX_UNPACKED`` bytes.
    """
    return _zstd(data, MAX_UNPACKED) if data.startswith(ZSTD_MAGIC) else data


def _zstd(data: bytes, limit: int) -> bytes:
    try:
        declared = zstandard.frame_content_size(data)
        if declared > limit:
            raise SizeError(f"a part unpacks to {declared:,} bytes; at most {limit:,} were expected")
        # the library itself stops at the frame's own size, where the frame gives one
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=0 if declared >= 0 else limit)
    except zstandard.ZstdError as error:
        raise UnpackError(f"zstd: {error}") from error


def _lz4(data: bytes, limit: int) -> bytes:
    frame = importlib.import_module("lz4.frame")
    try:
        decompressor = frame.LZ4FrameDecompressor()
        unpacked = decompressor.decompress(data, max_length=limit)
        is_whole = decompressor.eof or not decompressor.decompress(b"", max_length=1)
    except (RuntimeError, EOFError) as error:
        raise UnpackError(f"lz4: {error}") from error
    if not is_whole:
        raise SizeError(f"a part unpacks to more than the {limit:,} bytes it declares")
    return unpacked
