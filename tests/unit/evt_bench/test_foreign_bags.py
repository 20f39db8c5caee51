"""Other recorders' and other robots' bags: every part that can be read is scored, the rest is left out by name."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import CompressionMode, StoragePlugin
from typer.testing import CliRunner

from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.reader import BagReader
from evt_bench.bag.recording import read_recording
from evt_bench.bag.report import headline
from evt_bench.bag.score import score_bag
from helpers.episode_bag import Episode, write_episode
from helpers.foreign_bags import (
    changed,
    livox_type,
    messages_of,
    stamps_fall_back,
    typestore,
    video_type,
    write_bag,
    write_ros1,
)
from trackvla_cli.main import app

NO_STAMPS = ("/instruction", "/cmd_vel", "/target_status", "/tf_static", "/ground_truth/clearance")


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> Path:
    """Two seconds of following: every topic, few of each."""
    return write_episode(tmp_path_factory.mktemp("bags") / "run", Episode(duration=2.0, rate=5.0, truth_rate=10.0))


@pytest.fixture(scope="module")
def messages(bag):
    return messages_of(bag)


@pytest.fixture(scope="module")
def store(bag):
    return typestore(bag)


def counts(path: Path) -> dict[str, int]:
    return {topic: summary.count for topic, summary in BagReader(path).survey.topics.items()}


@pytest.mark.parametrize("mode", [CompressionMode.MESSAGE, CompressionMode.FILE])
@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("has_metadata", [True, False])
def test_zstd_of_each_message_or_of_whole_files_is_unpacked(tmp_path, bag, messages, store, plugin, mode, has_metadata):
    folder = write_bag(tmp_path / "robot", messages, store, plugin, mode)
    if not has_metadata:
        (folder / "metadata.yaml").unlink()
    assert counts(folder) == counts(bag)
    reader = BagReader(folder)
    assert [reader.decode(m).data for m in reader.messages(["/instruction"])][0].startswith("follow the woman")
    assert score_bag(folder).distance == score_bag(bag).distance
    assert bool(reader.survey.warnings) != has_metadata


@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_an_empty_last_part_of_a_split_bag_is_left_out_by_name(tmp_path, bag, messages, store, plugin):
    folder = write_bag(tmp_path / "robot", messages, store, plugin)
    (first,) = (file for file in folder.iterdir() if file.suffix in (".mcap", ".db3"))
    last = first.with_name(f"robot_7{first.suffix}")
    last.touch()
    assert counts(folder) == counts(bag)
    assert any(warning.startswith(f"{last.name} is left out") for warning in BagReader(folder).survey.warnings)
    first.unlink()
    with pytest.raises(BagReadError, match=last.name):
        BagReader(folder)


@pytest.mark.parametrize(
    ("topic", "change", "type_name"),
    [
        ("/image_raw/compressed", video_type, "foxglove_msgs/msg/CompressedVideo"),
        ("/points", livox_type, "livox_ros_driver2/msg/CustomMsg"),
    ],
)
def test_a_topic_of_a_type_nobody_reads_is_left_out_and_the_rest_is_scored(
    tmp_path, bag, messages, store, topic, change, type_name
):
    folder = write_bag(tmp_path / "robot", changed(messages, {topic: change(store)}), store)
    result = CliRunner().invoke(app, ["score", str(folder), "--out", str(tmp_path / "out")], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert f"{topic} is left out: its type is {type_name}; wanted sensor_msgs/msg/" in result.output
    assert (tmp_path / "out" / "film.mp4").exists() == (topic == "/points")
    found, whole = score_bag(folder), score_bag(bag)
    assert found.distance == whole.distance and found.losses == whole.losses
    assert (found.minimum_lidar_gap is None) == (topic == "/points")


def test_a_topic_whose_bytes_do_not_fit_its_type_is_left_out_with_the_reason(tmp_path, bag, messages, store):
    broken = [replace(m, data=m.data[:6]) if m.topic == "/odom" else m for m in messages]
    found = score_bag(write_bag(tmp_path / "robot", broken, store))
    assert any(
        warning.startswith("/odom is left out: none of its messages can be decoded") for warning in found.warnings
    )
    assert found.distance == score_bag(bag).distance


def test_a_ros_1_bag_is_refused_with_a_command_that_makes_it_readable(tmp_path):
    file = write_ros1(tmp_path / "drive.bag")
    with pytest.raises(BagReadError, match="is a ROS 1 bag; convert it: ") as refusal:
        score_bag(file)
    with pytest.raises(BagReadError, match="is a ROS 1 bag"):
        score_bag(tmp_path)
    words = str(refusal.value).partition("convert it: ")[2].partition(", then")[0].split()
    words[0] = str(Path(sys.executable).with_name(Path(words[0]).name))
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    found = score_bag(tmp_path / "drive")
    assert found.motion is not None and found.motion.path_length == pytest.approx(1.9)
    assert found.covered == pytest.approx(1.9)


def test_a_cloud_without_row_step_is_read_as_the_nodes_read_it(tmp_path, bag, messages, store):
    def without(message):
        cloud = store.deserialize_cdr(message.data, message.type_name)
        cloud.row_step = 0
        return replace(message, data=bytes(store.serialize_cdr(cloud, message.type_name)))

    found = score_bag(write_bag(tmp_path / "robot", changed(messages, {"/points": without}), store))
    assert found.minimum_lidar_gap == score_bag(bag).minimum_lidar_gap != None  # noqa: E711


def test_two_robots_in_one_bag_are_scored_one_at_a_time(tmp_path, bag, messages, store):
    truth = ("/ground_truth/people", "/tf_static")  # a simulator publishes these once for all
    twins = [replace(m, topic=m.topic if m.topic in truth else f"/robot{i}{m.topic}") for m in messages for i in (1, 2)]
    fleet = [m for m in twins if m.topic != "/robot2/target_box"]
    folder = write_bag(tmp_path / "fleet", fleet, store)
    with pytest.raises(BagReadError, match="the bag holds 2 robots: robot1, robot2; say which: --robot robot1"):
        score_bag(folder)
    with pytest.raises(BagReadError, match="no robot 'robot3' in the bag; it holds robot1, robot2"):
        score_bag(folder, robot="robot3")
    first, second, alone = score_bag(folder, robot="robot1"), score_bag(folder, robot="/robot2"), score_bag(bag)
    assert first.warnings == second.warnings == ()
    assert first.episode == alone.episode != None  # noqa: E711
    assert first.losses == alone.losses and second.losses is None


def test_one_robot_in_a_namespace_beside_shared_topics_needs_no_choice(tmp_path, bag, messages, store):
    shared = ("/tf_static", "/odom", "/cmd_vel")
    spread = [m if m.topic in shared else replace(m, topic=f"/robot1{m.topic}") for m in messages]
    found = score_bag(write_bag(tmp_path / "one", spread, store))
    assert (found.warnings, found.episode) == ((), score_bag(bag).episode)


def test_a_run_s_folder_means_its_bag(tmp_path, bag):
    shutil.copytree(bag, tmp_path / "runs" / "mine" / "bag")
    result = CliRunner().invoke(app, ["score", str(tmp_path / "runs" / "mine"), "--no-film"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "runs" / "mine" / "bag_score" / "score.json").exists()


def test_a_run_in_which_nobody_moved_has_not_started_and_no_rate(tmp_path):
    still = {"robot": lambda t: (0.0, 0.0, 0.0), "target": lambda t: (2.0, 0.0), "speed": lambda t: 0.0}
    found = score_bag(write_episode(tmp_path / "run", Episode(duration=4.0, has_images=False, **still)))
    assert found.episode is not None
    assert found.episode.status == "not started"
    assert (found.episode.sr, found.episode.tr, found.episode.tr_macro, found.episode.cr) == (None,) * 4
    assert headline(found).startswith("SR n/a   TR n/a   CR n/a   not started")


def test_a_target_that_never_walked_leaves_success_unknown(tmp_path):
    waiting = {"robot": lambda t: (0.1 * t, 0.0, 0.0), "target": lambda t: (2.5, 0.0), "has_images": False}
    episode = score_bag(write_episode(tmp_path / "run", Episode(duration=4.0, **waiting))).episode
    assert episode is not None and (episode.status, episode.sr) == ("unfinished", None)


@pytest.mark.parametrize("seconds", [1, 30])
def test_stamps_that_fall_back_are_said_and_the_longest_part_is_scored(tmp_path, store, seconds):
    whole = write_episode(tmp_path / "run", Episode(duration=6.0, has_images=False, target=lambda t: (t + 2.0, 0.0)))
    recorded = messages_of(whole)
    headed = [t for t in counts(whole) if t not in NO_STAMPS]
    fall = stamps_fall_back(recorded[0].log_time + 4_000_000_000, seconds)
    folder = write_bag(tmp_path / "loop", changed(recorded, dict.fromkeys(headed, fall)), store)
    found = score_bag(folder)
    assert any(f"the stamps fall back by {seconds - 0.05:.2f} s after 4.0 s" in warning for warning in found.warnings)
    assert found.covered == pytest.approx(4.0, abs=0.11)
    assert found.motion is not None and found.motion.max_speed == pytest.approx(1.0, abs=0.01)
    assert found.episode is not None and found.episode.status == "unfinished" and found.episode.sr is None


@pytest.mark.parametrize("second", [0, 10**9])
def test_one_wrong_stamp_costs_one_message(tmp_path, bag, messages, store, second):
    first = next(m for m in messages[len(messages) // 2 :] if m.topic == "/ground_truth/robot")
    stamp = second.to_bytes(4, "little")
    wrong = [replace(m, data=m.data[:4] + stamp + m.data[8:]) if m is first else m for m in messages]
    found, whole = score_bag(write_bag(tmp_path / "one", wrong, store)), score_bag(bag)
    assert found.covered == whole.covered
    assert any("95% of the messages" in warning for warning in found.warnings)


@pytest.mark.parametrize("has_colour", [True, False])
def test_a_depth_image_is_no_camera(tmp_path, messages, store, has_colour):
    def depth(message):
        header = store.deserialize_cdr(message.data, message.type_name).header
        values = {"header": header, "height": 2, "width": 2, "step": 4, "encoding": "16UC1", "is_bigendian": 0}
        image = store.types["sensor_msgs/msg/Image"](**values, data=np.zeros(8, np.uint8))
        data = bytes(store.serialize_cdr(image, "sensor_msgs/msg/Image"))
        return replace(message, topic="/camera/depth/image_raw", type_name="sensor_msgs/msg/Image", data=data)

    images = [m for m in messages if m.topic == "/image_raw/compressed"]
    colour = [replace(m, topic="/camera/color/image_raw") for m in images] if has_colour else []
    others = [m for m in messages if m not in images]
    recording = read_recording(write_bag(tmp_path / "realsense", [*others, *map(depth, images), *colour], store))
    assert recording.names.get("image_raw") == ("/camera/color/image_raw" if has_colour else None)
    assert (recording.image_name is not None) == has_colour


def test_a_bag_without_a_message_is_refused(tmp_path, store):
    with pytest.raises(BagReadError, match="holds no message that can be read"):
        score_bag(write_bag(tmp_path / "empty", [], store))
