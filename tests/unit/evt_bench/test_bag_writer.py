"""A bag written here is a rosbag2 folder: rosbags reads it, and metadata.yaml has every key Jazzy asks for."""

import resource
from pathlib import Path

import pytest
import yaml
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader

from evt_bench.bag.definitions import DefinitionError, DefinitionStore
from evt_bench.bag.qos import QosOffer
from evt_bench.bag.reader import BagReader
from evt_bench.bag.writer import BagWriteError, BagWriter

STRING = "std_msgs/msg/String"
START = 1_700_000_000_000_000_000  # ns
STEP = 10_000_000  # ns
LATCHED = QosOffer(durability="transient_local", depth=1)
# every key that convert<BagMetadata>, <TopicMetadata>, <FileInformation> and <QoS> of rosbag2_storage (jazzy) decode
BAG_KEYS = {
    *("version", "storage_identifier", "duration", "starting_time", "message_count", "topics_with_message_count"),
    *("compression_format", "compression_mode", "relative_file_paths", "files", "custom_data", "ros_distro"),
}
TOPIC_KEYS = {"name", "type", "serialization_format", "offered_qos_profiles", "type_description_hash"}
FILE_KEYS = {"path", "starting_time", "duration", "message_count"}
QOS_KEYS = {
    *("history", "depth", "reliability", "durability", "deadline", "lifespan", "liveliness"),
    *("liveliness_lease_duration", "avoid_ros_namespace_conventions"),
}


@pytest.fixture
def definitions() -> DefinitionStore:
    return DefinitionStore([])


def encode(definitions: DefinitionStore, text: str) -> bytes:
    store = definitions.typestore
    return bytes(store.serialize_cdr(store.types[STRING](data=text), STRING))


def write_strings(folder: Path, definitions: DefinitionStore, count: int = 5, compression: str = "zstd") -> BagWriter:
    with BagWriter(folder, compression) as writer:
        writer.add_topic("/instruction", definitions.get(STRING), [LATCHED])
        writer.add_topic("/silent", definitions.get("geometry_msgs/msg/Twist"))
        for i in range(count):
            writer.write("/instruction", encode(definitions, f"text {i}"), START + i * STEP, START + i * STEP - 1000)
    return writer


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_rosbags_reads_back_what_was_written(tmp_path, definitions, compression):
    write_strings(tmp_path / "run", definitions, compression=compression)
    with AnyReader([tmp_path / "run"]) as reader:
        found = [(c.topic, t, reader.deserialize(raw, c.msgtype).data) for c, t, raw in reader.messages()]
    assert found == [("/instruction", START + i * STEP, f"text {i}") for i in range(5)]


def test_rosbags_agrees_on_counts_hashes_and_qos(tmp_path, definitions):
    write_strings(tmp_path / "run", definitions)
    with Reader(tmp_path / "run") as reader:
        assert reader.message_count == 5
        assert reader.duration == 4 * STEP + 1  # rosbags counts the last nanosecond in
        topic = next(c for c in reader.connections if c.topic == "/instruction")
        assert topic.msgcount == 5
        assert topic.digest == definitions.typestore.hash_rihs01(STRING)
        assert topic.ext.offered_qos_profiles[0].durability.name == "TRANSIENT_LOCAL"


def test_metadata_has_every_key_rosbag2_of_jazzy_reads(tmp_path, definitions):
    write_strings(tmp_path / "run", definitions)
    bag = yaml.safe_load((tmp_path / "run" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert set(bag) == BAG_KEYS
    assert bag["version"] == 9
    assert bag["relative_file_paths"] == ["run_0.mcap"]
    assert set(bag["files"][0]) == FILE_KEYS
    topic = bag["topics_with_message_count"][0]
    assert set(topic) == {"topic_metadata", "message_count"}
    assert set(topic["topic_metadata"]) == TOPIC_KEYS
    qos = topic["topic_metadata"]["offered_qos_profiles"][0]
    assert set(qos) == QOS_KEYS
    assert qos["deadline"] == {"sec": 9223372036, "nsec": 854775807}
    assert isinstance(bag["custom_data"], dict)


def test_bare_mcap_carries_schema_channel_metadata_and_both_times(tmp_path, definitions):
    writer = write_strings(tmp_path / "run", definitions)
    with writer.file.open("rb") as stream:
        reader = make_reader(stream)
        schema, channel, message = next(iter(reader.iter_messages()))
        records = [record.name for record in reader.iter_metadata()]
    assert (schema.name, schema.encoding, schema.data.decode().strip()) == (STRING, "ros2msg", "string data")
    assert channel.message_encoding == "cdr"
    assert set(channel.metadata) == {"offered_qos_profiles", "topic_type_hash"}
    assert (message.log_time, message.publish_time) == (START, START - 1000)
    assert records == ["rosbag2"]


def test_metadata_is_there_before_the_bag_is_closed(tmp_path, definitions):
    writer = BagWriter(tmp_path / "run")
    writer.add_topic("/instruction", definitions.get(STRING))
    bag = yaml.safe_load((tmp_path / "run" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert [t["topic_metadata"]["name"] for t in bag["topics_with_message_count"]] == ["/instruction"]
    writer.close()


def test_no_chunk_is_larger_than_a_megabyte_unless_one_message_is(tmp_path, definitions):
    with BagWriter(tmp_path / "run", "none") as writer:
        writer.add_topic("/instruction", definitions.get(STRING))
        for i in range(40):
            writer.write("/instruction", encode(definitions, "x" * 90_000), START + i)
    with writer.file.open("rb") as stream:
        summary = make_reader(stream).get_summary()
    assert summary is not None
    assert len(summary.chunk_indexes) == 4  # 11 messages of 90 kB each but the last
    assert max(chunk.uncompressed_size for chunk in summary.chunk_indexes) < 1_010_000


def test_a_slow_topic_reaches_the_file_within_a_second_of_the_next_message(tmp_path, definitions):
    writer = BagWriter(tmp_path / "run")
    writer.add_topic("/instruction", definitions.get(STRING))
    before = writer.file.stat().st_size
    writer.write("/instruction", encode(definitions, "a"), START)
    writer.write("/instruction", encode(definitions, "b"), START + 1_000_000_000)
    assert writer.file.stat().st_size > before
    writer.close()


def test_refuses_a_folder_that_exists_an_unknown_compression_and_an_unknown_topic(tmp_path, definitions):
    with pytest.raises(BagWriteError, match="cannot write the bag"):
        BagWriter(tmp_path)
    with pytest.raises(ValueError, match="'brotli' unknown; use none, lz4, zstd"):
        BagWriter(tmp_path / "run", "brotli")
    with BagWriter(tmp_path / "run") as writer, pytest.raises(KeyError):
        writer.write("/nowhere", b"", START)


@pytest.fixture
def small_disk():
    """The operating system refuses files above 300 kB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_error_that_names_the_bag_and_what_fitted_is_readable(tmp_path, definitions, small_disk):
    writer = BagWriter(tmp_path / "run", "none")
    writer.add_topic("/instruction", definitions.get(STRING))
    with pytest.raises(BagWriteError, match=f"cannot write the bag {tmp_path / 'run'}: .*File too large"):
        for i in range(10):
            writer.write("/instruction", encode(definitions, "x" * 100_000), START + i)
            writer.flush()
    writer.abort()
    assert BagReader(tmp_path / "run").survey.topics["/instruction"].count == 2


def test_definitions_of_packages_rosbags_does_not_know_are_read_with_what_they_are_made_of(tmp_path):
    folder = tmp_path / "robot_msgs" / "msg"
    folder.mkdir(parents=True)
    (folder / "Leg.msg").write_text("uint8 FRONT=1\ngeometry_msgs/Point foot\n")
    (folder / "Body.msg").write_text("std_msgs/Header header\nLeg[4] legs\nfloat64[<=3] extra\n")
    definition = DefinitionStore([tmp_path]).get("robot_msgs/msg/Body")
    assert "MSG: robot_msgs/Leg" in definition.text
    assert "uint8 FRONT=1" in definition.text
    assert definition.type_hash.startswith("RIHS01_")


def test_a_type_without_definition_is_named_with_where_it_was_looked_for(tmp_path):
    with pytest.raises(DefinitionError, match=f"robot_msgs/msg/Body in {tmp_path}; install the package robot_msgs"):
        DefinitionStore([tmp_path]).get("robot_msgs/msg/Body")
