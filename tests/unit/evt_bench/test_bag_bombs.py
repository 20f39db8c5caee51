"""A small file that unpacks to gigabytes costs neither memory nor minutes; what can be read of it still is."""

import resource
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from mcap.writer import MCAP0_MAGIC

from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.reader import BagReader
from evt_bench.bag.unpacking import MAX_UNPACKED, SizeError, unpack, unpack_message

MIB = 2**20
CHUNK, CHANNEL, MESSAGE, DATA_END = 6, 4, 5, 15
LIMIT = 1500 * MIB  # of a process's address space: an interpreter with numpy takes some 400 of them


def record(opcode: int, body: bytes) -> bytes:
    return struct.pack("<BQ", opcode, len(body)) + body


def text(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value


def channel() -> bytes:
    return record(CHANNEL, struct.pack("<HH", 1, 0) + text(b"/a") + text(b"cdr") + text(b""))


def message(data: bytes) -> bytes:
    return record(MESSAGE, struct.pack("<HIQQ", 1, 0, 5, 5) + data)


def chunk(declared: int, packed: bytes, compression: bytes = b"zstd") -> bytes:
    body = struct.pack("<QQQI", 0, 0, declared, 0) + text(compression) + struct.pack("<Q", len(packed)) + packed
    return record(CHUNK, body)


def zeros(mebibytes: int, declares_size: bool) -> bytes:
    size = mebibytes * MIB if declares_size else -1
    packer = zstandard.ZstdCompressor(level=1, write_content_size=declares_size).compressobj(size=size)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mebibytes)) + packer.flush()


def mcap(file: Path, *parts: bytes) -> Path:
    header = record(1, text(b"") + text(b""))
    file.write_bytes(MCAP0_MAGIC + header + b"".join(parts) + record(DATA_END, bytes(4)) + MCAP0_MAGIC)
    return file


GOOD = channel() + message(bytes(8))
BOMBS = {
    "declared and real": lambda: chunk(600 * MIB, zeros(600, declares_size=True)),
    "declares little": lambda: chunk(1000, zeros(600, declares_size=False)),
    "declares much": lambda: chunk(10 << 30, zstandard.compress(b"x" * 100)),
    "many at the limit": lambda: chunk(120 * MIB, zeros(120, declares_size=True)) * 5,
    "a message in a message": lambda: chunk(0, channel() + message(zeros(600, declares_size=True)), b""),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_chunk_bomb_is_left_out_and_the_rest_is_read_in_little_memory(tmp_path, bomb):
    file = mcap(tmp_path / "bomb.mcap", GOOD, BOMBS[bomb](), GOOD)
    assert file.stat().st_size < 200_000
    script = (
        "import sys; from evt_bench.bag.reader import BagReader; survey = BagReader(sys.argv[1]).survey; "
        "print(survey.topics['/a'].count, *survey.warnings)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
    )
    assert done.returncode == 0, done.stderr
    count, _, warning = done.stdout.partition(" ")
    assert int(count) == (1 if bomb == "many at the limit" else 2)  # where the budget is spent, reading ends
    assert "bomb.mcap" in warning


def test_what_a_chunk_declares_and_holds_is_capped():
    packed = zeros(2, declares_size=True)
    assert unpack(packed, "zstd", 2 * MIB) == bytes(2 * MIB)
    assert unpack(zeros(2, declares_size=False), "zstd", 2 * MIB) == bytes(2 * MIB)
    for declared, data in ((MIB, packed), (MAX_UNPACKED + 1, packed)):
        with pytest.raises(SizeError):
            unpack(data, "zstd", declared)
    import lz4.frame

    assert unpack(lz4.frame.compress(bytes(MIB)), "lz4", MIB) == bytes(MIB)
    with pytest.raises(SizeError):
        unpack(lz4.frame.compress(bytes(2 * MIB)), "lz4", MIB)
    assert unpack_message(b"\x00\x01\x00\x00") == b"\x00\x01\x00\x00"


def database(file: Path, *statements: str) -> Path:
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return file


TOPICS = "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT)"
ONE = "INSERT INTO topics VALUES (1, '/a', 'std_msgs/msg/String', 'cdr')"
MESSAGES = "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB)"
ENDLESS = (
    "CREATE VIEW messages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT 1 AS topic_id, i AS timestamp, zeroblob(1000000) AS data FROM n"
)
COMPUTED = "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id, timestamp, data AS (zeroblob(900000000)))"


@pytest.mark.parametrize("table", [ENDLESS, COMPUTED])
def test_a_database_that_makes_its_rows_up_is_refused(tmp_path, table):
    file = database(tmp_path / "made_up.db3", TOPICS, ONE, table)
    with pytest.raises(BagReadError, match="it has no table 'messages'"):
        BagReader(file)


def test_a_message_bomb_in_a_database_is_left_out_and_the_others_are_read(tmp_path):
    file = database(tmp_path / "bomb.db3", TOPICS, ONE, MESSAGES)
    with sqlite3.connect(file) as connection:
        for data in (bytes(8), zeros(600, declares_size=True), "no blob", None, bytes(8)):
            connection.execute("INSERT INTO messages(topic_id, timestamp, data) VALUES (1, 5, ?)", (data,))
    connection.close()
    survey = BagReader(file).survey
    assert survey.topics["/a"].count == 2
    assert survey.warnings[0] == "bomb.db3: 3 damaged records skipped"
    assert "629,145,600 bytes" in survey.warnings[1]


def test_a_whole_file_that_unpacks_to_gigabytes_is_refused(tmp_path):
    (tmp_path / "bomb.db3.zstd").write_bytes(zeros(600, declares_size=False))
    with pytest.raises(BagReadError, match="far more than its size"):
        BagReader(tmp_path / "bomb.db3.zstd")


@pytest.fixture
def filled(tmp_path) -> Path:
    file = database(tmp_path / "run.db3", TOPICS, ONE, MESSAGES)
    with sqlite3.connect(file) as connection:
        rows = [(1, i, bytes(1000)) for i in range(400)]
        connection.executemany("INSERT INTO messages(topic_id, timestamp, data) VALUES (?, ?, ?)", rows)
    connection.close()
    return file


def test_a_damaged_database_is_read_up_to_the_damage(filled):
    content = bytearray(filled.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    filled.write_bytes(content)
    survey = BagReader(filled).survey
    count = survey.topics["/a"].count
    assert 50 < count < 400
    assert survey.warnings == (f"run.db3 is cut off after 0.0 s: {count} messages read",)


def test_a_database_cut_in_half_is_refused_with_the_command_that_saves_its_rows(filled):
    filled.write_bytes(filled.read_bytes()[: filled.stat().st_size // 2])
    with pytest.raises(BagReadError, match=r"malformed; try: sqlite3 \S*run.db3 .recover \| sqlite3 whole.db3"):
        BagReader(filled)
