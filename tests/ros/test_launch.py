"""`trackvla launch` with our own files and real nodes."""

import os
import signal

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from tests.helpers.running_launch import RunningLaunch, is_running, wait_for
from vision_msgs.msg import Detection2DArray

pytestmark = pytest.mark.ros


@pytest.fixture
def images(tmp_path):
    """A short film of noise: nobody in it."""
    folder = tmp_path / "images"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    for number in range(40):
        cv2.imwrite(str(folder / f"{number:04d}.png"), np.roll(noise, number, axis=1))
    return folder


@pytest.fixture
def video(images, ros_environment, tmp_path):
    """`trackvla launch video` over those images, running."""

    def start(*words: str) -> RunningLaunch:
        arguments = ["video", f"video:={images}", "instruction:=the man in the blue shirt", *words]
        return RunningLaunch(arguments, ros_environment, tmp_path / "output")

    return start


def wait_for_nodes(peer, *names: str) -> None:
    """Until every node is there and reports, so that it is past its start."""
    reports = peer.collect(DiagnosticArray, "/diagnostics", writers=len(names))
    peer.wait_until(lambda: {r.status[0].name.strip("/") for r in reports} >= set(names), f"reports of {names}")


def test_video_launch_tracks_every_image_and_ends_with_the_video(video, peer):
    with video() as launch:
        boxes = peer.collect(Detection2DArray, "/target_box")
        peer.wait_until(lambda: len(boxes) > 3, "boxes")
        assert launch.process.wait(60) == 0
    assert "video (pid" in launch.output
    assert not any(is_running(pid) for pid in launch.nodes().values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_to_the_launcher_ends_real_nodes_cleanly(video, peer, number):
    with video("loop:=true", "planner:=true") as launch:
        wait_for_nodes(peer, "tracker", "planner", "video")
        launch.process.send_signal(number)
        assert launch.process.wait(20) == 0
        assert not any(is_running(pid) for pid in launch.nodes().values())
    assert "Traceback" not in launch.output
    assert "SIGKILL" not in launch.output


def test_death_of_the_launcher_ends_real_nodes(video):
    with video("loop:=true") as launch:
        launch.wait_for_text("[video]: ")
        launch.process.kill()
        launch.process.wait()
        pids = launch.nodes().values()
        wait_for(lambda: not any(is_running(pid) for pid in pids), 20.0, lambda: f"the end of {list(pids)}")


def test_killed_node_is_named(video):
    with video("loop:=true") as launch:
        launch.wait_for_text("[video]: ")
        os.kill(launch.nodes()["tracker"], signal.SIGKILL)
        launch.wait_for_text(f"tracker (pid {launch.nodes()['tracker']}) died: killed by signal 9")


def test_node_that_refuses_its_parameters_says_why_and_the_launch_fails(video):
    with video("tracker:=grouded") as launch:
        assert launch.process.wait(60) == 1
    assert "did you mean 'grounded'" in launch.output
    assert "tracker (pid" in launch.output and "refused to start: exit code 2" in launch.output
