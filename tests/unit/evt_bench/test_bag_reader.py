"""Whatever is left of a bag is read: every whole chunk, with a warning that says where it ends; never a crash."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from evt_bench.bag.definitions import DefinitionStore
from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.reader import BagReader
from evt_bench.bag.writer import BagWriter

STRING = "std_msgs/msg/String"
START = 1_700_000_000_000_000_000  # ns
N_MESSAGES, N_CHUNKS = 60, 6


@pytest.fixture(scope="module")
def whole_bag(tmp_path_factory) -> Path:
    """60 strings of /instruction, flushed after every tenth: six chunks."""
    folder = tmp_path_factory.mktemp("bags") / "run"
    definitions = DefinitionStore([])
    store = definitions.typestore
    with BagWriter(folder, "none") as writer:
        writer.add_topic("/instruction", definitions.get(STRING))
        for i in range(N_MESSAGES):
            data = bytes(store.serialize_cdr(store.types[STRING](data=f"text {i}"), STRING))
            writer.write("/instruction", data, START + i * 100_000_000, START + i * 100_000_000 - 5)
            if i % 10 == 9:
                writer.flush()
    return folder


@pytest.fixture(scope="module")
def chunk_ends(whole_bag) -> list[int]:
    """Offset of the first byte after each chunk."""
    with (whole_bag / "run_0.mcap").open("rb") as stream:
        summary = make_reader(stream).get_summary()
    assert summary is not None
    return sorted(chunk.chunk_start_offset + chunk.chunk_length for chunk in summary.chunk_indexes)


def texts(reader: BagReader) -> list[str]:
    return [reader.decode(message).data for message in reader.messages()]


def test_a_whole_bag_reads_without_warning_from_folder_and_bare_file(whole_bag):
    for path in (whole_bag, whole_bag / "run_0.mcap"):
        reader = BagReader(path)
        assert reader.survey.warnings == ()
        assert reader.survey.duration == pytest.approx(5.9)
        assert reader.survey.topics["/instruction"].count == N_MESSAGES
        assert texts(reader) == [f"text {i}" for i in range(N_MESSAGES)]


def test_messages_keep_log_and_publish_time(whole_bag):
    first = next(BagReader(whole_bag).messages(["/instruction"]))
    assert (first.log_time, first.publish_time) == (START, START - 5)
    assert list(BagReader(whole_bag).messages(["/other"])) == []


@settings(derandomize=True, deadline=None, max_examples=150)
@given(data=st.data())
@example(data=None)
def test_cut_at_any_byte_every_whole_chunk_is_read(whole_bag, chunk_ends, data, tmp_path_factory):
    content = (whole_bag / "run_0.mcap").read_bytes()
    cut = len(content) - 1 if data is None else data.draw(st.integers(1, len(content) - 1))
    path = tmp_path_factory.mktemp("cut") / "cut.mcap"
    path.write_bytes(content[:cut])
    whole = sum(end <= cut for end in chunk_ends)
    reader = BagReader(path)
    assert texts(reader) == [f"text {i}" for i in range(10 * whole)]
    if whole < N_CHUNKS:
        assert re.search(rf"cut off after [\d.]+ s: {whole} whole chunks read", reader.survey.warnings[0])


@settings(derandomize=True, deadline=None, max_examples=100)
@given(data=st.data())
def test_flipped_bytes_never_crash_the_reader(whole_bag, data, tmp_path_factory):
    content = bytearray((whole_bag / "run_0.mcap").read_bytes())
    for _ in range(3):
        content[data.draw(st.integers(8, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("flip") / "flip.mcap"
    path.write_bytes(bytes(content))
    reader = BagReader(path)
    assert sum(topic.count for topic in reader.survey.topics.values()) <= N_MESSAGES
    for message in reader.messages():
        try:
            reader.decode(message)
        except BagReadError as error:
            assert "cannot" in str(error)  # noqa: PT017 - decoding may fail, but only so


def test_a_damaged_chunk_is_skipped_and_the_rest_is_read(whole_bag, chunk_ends, tmp_path):
    content = bytearray((whole_bag / "run_0.mcap").read_bytes())
    content[chunk_ends[1] - 20] ^= 255
    path = tmp_path / "damaged.mcap"
    path.write_bytes(bytes(content))
    reader = BagReader(path)
    assert texts(reader) == [f"text {i}" for i in range(N_MESSAGES) if i // 10 != 1]
    assert reader.survey.warnings == ("damaged.mcap: 1 damaged records skipped",)


def test_a_folder_without_metadata_is_read_and_says_so(whole_bag, tmp_path):
    folder = tmp_path / "bag"
    folder.mkdir()
    shutil.copy(whole_bag / "run_0.mcap", folder)
    reader = BagReader(folder)
    assert len(texts(reader)) == N_MESSAGES
    assert "metadata.yaml is missing" in reader.survey.warnings[0]


def test_a_split_bag_is_read_in_the_order_of_its_numbers(whole_bag, tmp_path):
    folder = tmp_path / "bag"
    folder.mkdir()
    for number in (10, 2):
        shutil.copy(whole_bag / "run_0.mcap", folder / f"run_{number}.mcap")
    reader = BagReader(folder)
    assert [file.name for file in reader._storage.files] == ["run_2.mcap", "run_10.mcap"]
    assert len(texts(reader)) == 2 * N_MESSAGES


@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_reads_another_recorder_s_bag_with_types_of_its_own(tmp_path, plugin):
    store = get_typestore(Stores.ROS2_JAZZY)
    store.register(get_types_from_msg("std_msgs/Header header\nfloat32[12] torques\n", "robot_msgs/msg/Legs"))
    header = store.types["std_msgs/msg/Header"](store.types["builtin_interfaces/msg/Time"](7, 5), "base")
    legs = store.types["robot_msgs/msg/Legs"](header, np.arange(12, dtype=np.float32))
    with Writer(tmp_path / "robot", version=9, storage_plugin=plugin) as writer:
        topic = writer.add_connection("/legs", "robot_msgs/msg/Legs", typestore=store)
        writer.write(topic, START, store.serialize_cdr(legs, "robot_msgs/msg/Legs"))
    reader = BagReader(tmp_path / "robot")
    message = next(reader.messages())
    assert reader.decode(message).torques[11] == 11.0
    assert message.publish_time == START


def test_what_is_no_bag_is_refused_by_name(tmp_path):
    (tmp_path / "notes.mcap").write_text("not a bag")
    (tmp_path / "empty").mkdir()
    for name, reason in (("missing", "no bag at"), ("notes.mcap", "wanted an MCAP file"), ("empty", "is no bag")):
        with pytest.raises(BagReadError, match=reason):
            BagReader(tmp_path / name).survey  # noqa: B018
