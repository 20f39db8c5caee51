"""Parameter files at a node's start: what would be lost without a word is refused, with the nearest known name."""

from pathlib import Path

import pytest

from track_common.config import ConfigError
from track_common.parameter_files import NODES, VARIABLE, check_names, given_blocks, read_blocks
from track_common.share import share_directory

KNOWN = ("max_image_age", "use_sim_time", "csrt.psr_threshold", "tracker")


@pytest.fixture
def write(tmp_path):
    """Writes a parameter file."""

    def run(text: str, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return run


def judge(path: Path, full_name: str = "/tracker") -> None:
    """As a node of that name does at its start."""
    check_names(given_blocks(["--ros-args", "--params-file", str(path)], {}), full_name, KNOWN)


AGE = "max_image_age: 0.7"


@pytest.mark.parametrize(
    ("text", "full_name"),
    [
        (f"/**/tracker:\n  ros__parameters:\n    {AGE}\n", "/robot1/tracker"),
        (f"tracker:\n  ros__parameters:\n    {AGE}\n", "/tracker"),
        (f"robot1:\n  tracker:\n    ros__parameters:\n      {AGE}\n", "/robot1/tracker"),
        (f"/robot1/tracker:\n  ros__parameters:\n    {AGE}\n", "/robot1/tracker"),
        (f"/**:\n  tracker:\n    ros__parameters:\n      {AGE}\n", "/robot1/tracker"),
        (f"/*/tracker:\n  ros__parameters:\n    {AGE}\n", "/robot1/tracker"),
        ("/**:\n  ros__parameters:\n    use_sim_time: true\n    max_linear_vel: 1.0\n", "/tracker"),
        ("/**/tracker:\n  ros__parameters:\n    csrt:\n      psr_threshold: 0.1\n", "/tracker"),
        ("/**/tracker:\n  ros__parameters:\n    qos_overrides:\n      /tf:\n        depth: 5\n", "/tracker"),
        ("/**/controller:\n  ros__parameters:\n    stop_margin: 0.2\n", "/tracker"),
        ("", "/tracker"),
    ],
)
def test_sound_file_is_taken(write, text, full_name):
    judge(write(text), full_name)


@pytest.mark.parametrize(
    ("text", "full_name", "reason"),
    [
        ("/**/tracker:\n  ros__parameters:\n    max_image_ago: 0.7\n", "/tracker", "did you mean 'max_image_age'"),
        ("/**:\n  ros__parameters:\n    max_image_ago: 0.7\n", "/tracker", "did you mean 'max_image_age'"),
        (f"/**/trakcer:\n  ros__parameters:\n    {AGE}\n", "/tracker", "no node 'trakcer'; did you mean 'tracker'"),
        (f"/**/amcl:\n  ros__parameters:\n    {AGE}\n", "/tracker", "no node 'amcl'; known: bridge"),
        (f"tracker:\n  ros__parameters:\n    {AGE}\n", "/robot1/tracker", "does not fit the node /robot1/tracker"),
        (f"/*/tracker:\n  ros__parameters:\n    {AGE}\n", "/tracker", "write /\\*\\*/tracker"),
        (f"{AGE}\n", "/tracker", "holds no ros__parameters"),
        (f"/**/tracker:\n  ros_parameters:\n    {AGE}\n", "/tracker", "holds no ros__parameters"),
        (f"/**/tracker:\n  ros__parameters:\n\t{AGE}\n", "/tracker", "cannot be read"),
        ("/**/tracker:\n  ros__parameters:\n    csrt:\n      psr: 0.1\n", "/tracker", "has no parameter 'csrt.psr'"),
    ],
)
def test_what_would_be_lost_is_refused(write, text, full_name, reason):
    with pytest.raises(ConfigError, match=reason):
        judge(write(text), full_name)


def test_misspelt_file_is_refused_with_the_nearest_of_its_folder(write):
    path = write("", "go2.yaml")
    with pytest.raises(ConfigError, match="Go2.yaml does not exist; did you mean 'go2'"):
        given_blocks(["--ros-args"], {VARIABLE: f"{path}:{path.with_name('Go2.yaml')}"})


def test_parameter_on_the_command_line_is_judged_too():
    blocks = given_blocks(["--ros-args", "-p", "max_image_ago:=0.7", "-p", "tracker:max_image_age:=1"], {})
    with pytest.raises(ConfigError, match="-p max_image_ago:=0.7: node /tracker has no parameter 'max_image_ago'"):
        check_names(blocks, "/tracker", KNOWN)


def test_renamed_node_may_have_a_block_of_that_name(write):
    path = write(f"/**/front_tracker:\n  ros__parameters:\n    {AGE}\n")
    words = ["--ros-args", "-r", "__node:=front_tracker", "--params-file", str(path)]
    check_names(given_blocks(words, {}), "/front_tracker", KNOWN)


@pytest.mark.parametrize("path", sorted((share_directory() / "config/robots").glob("*.yaml")), ids=lambda p: p.name)
def test_our_own_files_name_our_nodes(path):
    assert {block.node for block in read_blocks(path)} <= set(NODES)


def test_nodes_are_those_of_the_launch_files():
    text = "".join(path.read_text() for path in (share_directory() / "launch").glob("*.xml"))
    assert [node for node in NODES if f'name="{node}"' not in text] == []
    executables = text.count('<node pkg="trackvla_ros"') - text.count('exec="bridge_node"') + 1
    assert executables == len(NODES)
