"""A missing module is one line with what to type, by the ROS that is sourced."""

import pytest

from track_common.missing import describe, remedy_for


@pytest.mark.parametrize(
    ("distribution", "module", "remedy"),
    [
        ("humble", "vision_msgs", "sudo apt install ros-humble-vision-msgs"),
        ("jazzy", "cv_bridge", "sudo apt install ros-jazzy-cv-bridge"),
        ("jazzy", "unitree_go", "make colcon"),
        ("jazzy", "onnxruntime", "make setup"),
        ("", "unitree_go", "make setup"),
        ("", "onnxruntime", "make setup"),
        ("jazzy", "torch", "make setup-models"),
    ],
)
def test_each_module_has_its_remedy(monkeypatch, distribution, module, remedy):
    monkeypatch.setenv("ROS_DISTRO", distribution)
    assert remedy in remedy_for(module)


def test_a_description_is_one_line_with_reason_and_remedy(monkeypatch):
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    said = describe(ModuleNotFoundError("No module\nnamed 'vision_msgs.msg'", name="vision_msgs.msg"))
    assert said == "No module named 'vision_msgs.msg'; type `sudo apt install ros-jazzy-vision-msgs`"
