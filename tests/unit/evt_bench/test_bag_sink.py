"""The queue before a bag: everything arrives, a full queue or disk is counted and said once, the caller never fails."""

import struct
import threading
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from tests.helpers.jpegs import scans_bomb

from evt_bench.bag.definitions import DefinitionStore
from evt_bench.bag.images import COMPRESSED, RAW, ImageError, compress, rgb_of
from evt_bench.bag.reader import BagReader
from evt_bench.bag.sink import BagItem, BagSink, SinkLimits
from evt_bench.bag.writer import BagWriter

STRING = "std_msgs/msg/String"
START = 1_700_000_000_000_000_000  # ns
ROOM = SinkLimits(free=0)


@pytest.fixture
def definitions() -> DefinitionStore:
    return DefinitionStore([])


def item(definitions: DefinitionStore, number: int, convert=None) -> BagItem:
    store = definitions.typestore
    data = bytes(store.serialize_cdr(store.types[STRING](data=f"text {number}"), STRING))
    return BagItem("/instruction", data, START + number, START + number, convert)


def open_sink(folder, definitions, limits=ROOM) -> tuple[BagSink, list[str]]:
    said: list[str] = []
    sink = BagSink(BagWriter(folder), limits, said.append)
    sink.add_topic("/instruction", definitions.get(STRING))
    return sink, said


def test_messages_from_several_threads_all_arrive(tmp_path, definitions):
    sink, said = open_sink(tmp_path / "run", definitions)
    items = [item(definitions, i) for i in range(600)]
    threads = [
        threading.Thread(target=lambda part=part: [sink.put(i) for i in part]) for part in np.split(np.array(items), 3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sink.close()
    reader = BagReader(tmp_path / "run")
    assert {reader.decode(m).data for m in reader.messages()} == {f"text {i}" for i in range(600)}
    assert (sink.counts.written, sink.counts.dropped, said) == (600, 0, [])


def test_a_full_queue_drops_and_counts(tmp_path, definitions):
    sink, _ = open_sink(tmp_path / "run", definitions, SinkLimits(waiting=10, free=0))
    assert sink.put(item(definitions, 0)) is False
    sink.close()
    assert (sink.counts.written, sink.counts.dropped) == (0, 1)


def test_too_little_free_space_ends_the_recording_with_one_sentence_and_a_whole_bag(tmp_path, definitions):
    sink, said = open_sink(tmp_path / "run", definitions, SinkLimits(free=10**18))
    for i in range(50):
        sink.put(item(definitions, i))
    sink.close()
    assert len(said) == 1
    assert "wanted 1000000000000; what was recorded stays readable" in said[0]
    assert BagReader(tmp_path / "run").survey.warnings == ()
    assert sink.put(item(definitions, 51)) is False


def test_a_message_that_cannot_be_converted_is_left_out_and_said_once(tmp_path, definitions):
    def refuse(data: bytes) -> bytes:
        raise ValueError("no such depth")

    sink, said = open_sink(tmp_path / "run", definitions)
    for i in range(3):
        sink.put(item(definitions, i, refuse))
    sink.put(item(definitions, 3))
    sink.close()
    assert (sink.counts.refused, sink.counts.written) == (3, 1)
    assert said == ["a message on /instruction is not recorded: no such depth"]


def image(definitions: DefinitionStore, rgb: np.ndarray, encoding: str, padding: int = 0) -> bytes:
    store = definitions.typestore
    header = store.types["std_msgs/msg/Header"](store.types["builtin_interfaces/msg/Time"](12, 34), "camera")
    height, width, channels = rgb.shape
    rows = np.pad(rgb.reshape(height, width * channels), ((0, 0), (0, padding)))
    return bytes(
        store.serialize_cdr(store.types[RAW](header, height, width, encoding, 0, rows.shape[1], rows.reshape(-1)), RAW)
    )


@pytest.mark.parametrize("padding", [0, 7])
def test_an_image_becomes_a_jpeg_with_the_same_header_and_colours(definitions, padding):
    rgb = np.full((48, 64, 3), (200, 30, 60), np.uint8)
    out = definitions.typestore.deserialize_cdr(
        compress(image(definitions, rgb, "rgb8", padding), definitions.typestore), COMPRESSED
    )
    bgr = cv2.imdecode(np.asarray(out.data), cv2.IMREAD_COLOR)
    assert (out.header.stamp.sec, out.header.stamp.nanosec, out.header.frame_id) == (12, 34, "camera")
    assert np.abs(bgr[..., ::-1].astype(int) - rgb).max() <= 6


@pytest.mark.parametrize(("encoding", "shape"), [("yuv422_yuy2", (48, 64, 2)), ("bayer_rggb8", (48, 64, 1))])
def test_an_image_of_a_webcam_or_an_industrial_camera_becomes_a_jpeg(definitions, encoding, shape):
    """Grey, which is 128 in every value of both; the colours are held in test_raw_images.py."""
    raw = image(definitions, np.full(shape, 128, np.uint8), encoding)
    out = definitions.typestore.deserialize_cdr(compress(raw, definitions.typestore), COMPRESSED)
    bgr = cv2.imdecode(np.asarray(out.data), cv2.IMREAD_COLOR)
    assert bgr.shape == (48, 64, 3) and np.abs(bgr.astype(int) - 129).max() <= 3


def test_depth_and_broken_images_are_refused_by_name(definitions):
    with pytest.raises(ImageError, match="'16UC1' is depth; wanted a colour or grey image"):
        compress(image(definitions, np.zeros((4, 4, 2), np.uint8), "16UC1"), definitions.typestore)
    short = image(definitions, np.zeros((4, 4, 1), np.uint8), "rgb8")
    with pytest.raises(ImageError, match="image step is 4 bytes; 4 px of rgb8 need 12"):
        compress(short, definitions.typestore)


def test_a_message_whose_conversion_breaks_is_counted_and_the_recording_goes_on(tmp_path, definitions):
    sink, said = open_sink(tmp_path / "run", definitions)

    def convert(_data):
        raise struct.error("unpack requires 4 bytes")

    for number in range(3):
        sink.put(item(definitions, number, convert if number == 1 else None))
    sink.close()
    assert (sink.counts.written, sink.counts.refused) == (2, 1)
    assert said == ["a message on /instruction is not recorded: unpack requires 4 bytes"]


def test_a_writer_that_breaks_is_said_and_the_next_message_is_written(tmp_path, definitions, monkeypatch):
    sink, said = open_sink(tmp_path / "run", definitions)
    write, calls = sink._writer.write, []

    def break_once(*arguments):
        calls.append(None)
        if len(calls) == 1:
            raise KeyError("topic")
        write(*arguments)

    monkeypatch.setattr(sink._writer, "write", break_once)
    sink.put(item(definitions, 0))
    assert wait_for(lambda: bool(said))
    sink.put(item(definitions, 1))
    assert wait_for(lambda: sink.counts.written == 1)
    sink.close()
    assert said == ["a message was lost: KeyError('topic')"]


def wait_for(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_a_compressed_image_of_thousands_of_scans_is_refused_before_it_is_decoded():
    message = SimpleNamespace(format="jpeg", data=np.frombuffer(scans_bomb(4096, 2160, 1000), np.uint8))
    with pytest.raises(ImageError, match="more than 10 scans"):
        rgb_of(message)
