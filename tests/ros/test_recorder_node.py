"""The recorder over real DDS: nothing is lost at camera and LiDAR rates; killed, it leaves a readable bag."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evt_bench.bag.reader import BagReader

pytestmark = pytest.mark.ros

FAKE_ROBOT = Path(__file__).parents[1] / "helpers" / "fake_robot.py"
SECONDS = 3
N_IMAGES, N_CLOUDS = 30 * SECONDS, 15 * SECONDS


@pytest.fixture
def recorder(tmp_path, ros_environment) -> Iterator[subprocess.Popen]:
    """A recorder of the bag tmp_path/run with raw images; ended with the test."""
    process = start(ros_environment, tmp_path / "run", "-p", "images:=raw")
    yield process
    process.kill()
    process.wait()


def start(environment: dict[str, str], folder: Path, *settings: str) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "evt_bench.nodes.recorder_node",
        "--ros-args",
        "-p",
        f"output:={folder}",
        *settings,
    ]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def publish(environment: dict[str, str], seconds: float, *arguments: str) -> None:
    command = [sys.executable, str(FAKE_ROBOT), str(seconds), *arguments]
    subprocess.run(command, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)


def counts(folder: Path) -> dict[str, int]:
    return {topic: summary.count for topic, summary in BagReader(folder).survey.topics.items()}


def test_30_hz_images_and_15_hz_clouds_are_all_in_the_bag(recorder, tmp_path, ros_environment):
    publish(ros_environment, SECONDS)
    recorder.send_signal(signal.SIGINT)
    _, said = recorder.communicate(timeout=30)
    assert recorder.returncode == 0
    assert "lost on the way 0, dropped 0, refused 0" in said
    reader = BagReader(tmp_path / "run")
    assert reader.survey.warnings == ()
    found = counts(tmp_path / "run")
    assert (found["/image_raw"], found["/points"], found["/cmd_vel"]) == (N_IMAGES, N_CLOUDS, N_IMAGES)
    assert found["/instruction"] == 1  # latched, sent before the recorder knew of it


def test_what_is_recorded_carries_stamps_and_sending_times_in_order(recorder, tmp_path, ros_environment):
    before = time.time_ns()
    publish(ros_environment, 1)
    recorder.terminate()
    recorder.communicate(timeout=30)
    reader = BagReader(tmp_path / "run")
    images = list(reader.messages(["/image_raw"]))
    stamps = [reader.decode(m).header.stamp for m in images]
    assert [s.sec * 30 + s.nanosec // 33_000_000 for s in stamps] == list(range(30))
    assert all(before < m.publish_time <= m.log_time < time.time_ns() for m in images)
    assert bytes(reader.decode(images[0]).data) == random.Random(0).randbytes(921_600)


def test_a_killed_recorder_leaves_a_bag_that_reads_up_to_its_last_chunk(recorder, tmp_path, ros_environment):
    publish(ros_environment, SECONDS)
    recorder.kill()
    recorder.communicate(timeout=30)
    reader = BagReader(tmp_path / "run")
    assert "cut off" in reader.survey.warnings[0]
    # an image of 921 kB fills a chunk of 1 MB: only one in a chunk not yet full may die with the process
    assert counts(tmp_path / "run")["/image_raw"] in (N_IMAGES - 1, N_IMAGES)


def test_raw_images_become_jpeg_by_default(tmp_path, ros_environment):
    recorder = start(ros_environment, tmp_path / "run")
    publish(ros_environment, 1)
    recorder.terminate()
    recorder.communicate(timeout=30)
    found = counts(tmp_path / "run")
    assert found["/image_raw/compressed"] == 30
    assert "/image_raw" not in found


def test_remapped_topics_are_recorded_under_the_names_they_have(tmp_path, ros_environment):
    remaps = ("-r", "image_raw:=/camera/color/image_raw", "-r", "cmd_vel:=/robot/cmd_vel")
    recorder = start(ros_environment, tmp_path / "run", *remaps)
    publish(ros_environment, 0.5, "--ros-args", *remaps)
    recorder.terminate()
    recorder.communicate(timeout=30)
    found = counts(tmp_path / "run")
    assert (found["/camera/color/image_raw/compressed"], found["/robot/cmd_vel"], found["/points"]) == (15, 15, 8)


def test_a_full_disk_ends_the_recording_with_one_error_and_the_node_lives(tmp_path, ros_environment):
    recorder = start(ros_environment, tmp_path / "run", "-p", "min_free_mb:=1000000000")
    publish(ros_environment, 1)
    assert recorder.poll() is None
    recorder.terminate()
    _, said = recorder.communicate(timeout=30)
    assert recorder.returncode == 0
    assert said.count("recording has ended") == 1


def test_a_folder_that_exists_is_refused_in_one_line(tmp_path, ros_environment):
    recorder = start(ros_environment, tmp_path)
    _, said = recorder.communicate(timeout=40)
    assert recorder.returncode == 2
    assert said.startswith("error: output")
    assert "name a folder that does not exist yet" in said
