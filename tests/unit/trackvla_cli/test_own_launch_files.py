"""Our launch files and configs: documented, resolvable, and the same under the official launch.

For these files the official launch of Jazzy (3.4.3, launch_ros 0.26.6), for robot and follow that of Humble (1.0.7,
0.19.8) too, started the same processes with the same words and parameters.
"""

import dataclasses
from pathlib import Path

import pytest
import yaml

from evt_bench.episodes import EpisodeConfig
from evt_bench.nodes.sim_node import SimNodeConfig
from evt_bench.world.base import BaseConfig
from go2_bridge.drivers.config import BridgeConfig
from trackvla_cli.launch.element import LaunchError
from trackvla_cli.launch.reader import declared, read
from trackvla_cli.launch.resolver import resolve

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "launch").glob("*.launch.xml"))
FOREIGN = {
    "rviz2": ["rviz2"],
    "realsense2_camera": ["realsense2_camera_node"],
}


@pytest.fixture
def started(tmp_path):
    """Processes of one of our files on a machine that has every foreign package, by node name."""
    index = tmp_path / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    for package, executables in FOREIGN.items():
        (index / package).touch()
        (tmp_path / "lib" / package).mkdir(parents=True)
        for executable in executables:
            (tmp_path / "lib" / package / executable).touch(mode=0o755)

    def run(name: str, **arguments: str):
        environment = {"AMENT_PREFIX_PATH": str(tmp_path)}
        processes = resolve(ROOT / "launch" / f"{name}.launch.xml", arguments, environment)
        return {process.ros.name: process for process in processes}

    return run


def parameters(process):
    """Those given by the launch file itself."""
    return {
        name: value for source in process.ros.parameters if isinstance(source, dict) for name, value in source.items()
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_argument_is_described(path):
    assert [argument.name for argument in declared(read(path)) if not argument.description] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_default_of_ours_begins_with_a_slash(path):
    """An absolute name would be shared by all robots, whatever their namespaces."""
    assert [a.name for a in declared(read(path)) if (a.default_text or "").startswith("/")] == []


@pytest.mark.parametrize("name", ["sim", "robot", "follow", "robot_state"])
def test_every_topic_of_a_launch_is_relative_to_its_namespace(started, name):
    arguments = {"record": "true", "rviz": "true", "recovery": "true"} if name != "robot_state" else {}
    processes = started(name, namespace="go2_a", **arguments)
    assert {process.ros.namespace for process in processes.values()} == {"/go2_a"}
    targets = [right for process in processes.values() for _, right in process.ros.remaps]
    assert [target for target in targets if target.startswith("/")] == []


def test_tf_of_camera_and_rviz_is_remapped_as_that_of_our_nodes_is_named(started):
    processes = started("robot", rviz="true")
    for name in ("camera", "rviz"):
        assert {("/tf", "tf"), ("/tf_static", "tf_static")} <= set(processes[name].ros.remaps)


CHOICES = [  # file, argument, config, setting, words of the launch file only, words it leaves to another file
    ("robot", "driver", BridgeConfig, "driver", {"none"}, {"simulator"}),
    ("robot", "deadman", BridgeConfig, "deadman", set(), set()),
    ("robot", "odometry_source", BridgeConfig, "odometry_source", set(), set()),
    ("sim", "deadman", BridgeConfig, "deadman", set(), set()),
    ("sim", "task", SimNodeConfig, "task", set(), set()),
    ("sim", "style", EpisodeConfig, "style", set(), set()),
    ("sim", "base", BaseConfig, "kind", set(), set()),
]


@pytest.mark.parametrize(("file", "argument", "config", "setting", "more", "less"), CHOICES)
def test_choices_of_an_argument_are_those_of_the_parameter(file, argument, config, setting, more, less):
    path = ROOT / "launch" / f"{file}.launch.xml"
    choices = next(a.choices for a in declared(read(path)) if a.name == argument)
    known = next(f for f in dataclasses.fields(config) if f.name == setting).metadata["choices"]
    assert set(choices) - more == set(known) - less


def test_sim_starts_the_loop_and_nothing_else(started):
    assert list(started("sim")) == ["tracker", "planner", "controller", "simulator"]


def test_a_bridge_before_the_simulated_robot_comes_on_request_and_takes_the_command(started):
    assert ("cmd_vel", "cmd_vel") in started("sim")["simulator"].ros.remaps
    processes = started("sim", driver="simulator", deadman="none", cmd_vel="wanted")
    assert parameters(processes["bridge"]) == {"driver": "simulator", "deadman": "none"}
    assert ("cmd_vel", "wanted") in processes["bridge"].ros.remaps
    assert ("cmd_vel", "simulator/cmd_vel") in processes["simulator"].ros.remaps


def test_recorder_and_rviz_come_on_request(started):
    assert {"recorder", "rviz"} <= set(started("sim", record="true", rviz="true"))


def test_video_starts_the_tracker_alone(started):
    assert list(started("video", video="walk.mp4")) == ["tracker", "video"]


def test_robot_starts_camera_and_transforms_but_no_simulator(started):
    names = list(started("robot"))
    assert names == ["tracker", "planner", "controller", "bridge", "camera", "robot_state"]
    assert {"camera", "robot_state"} & set(started("robot", camera="false", transforms="false")) == set()


@pytest.mark.parametrize(
    ("driver", "is_bridged"),
    [
        ("sport_topics", True),
        ("obstacles_avoid", True),
        ("sdk2", True),
        ("webrtc", True),
        ("fake", True),
        ("none", False),
    ],
)
def test_bridge_to_the_robot_starts_unless_the_robot_brings_its_own(started, driver, is_bridged):
    processes = started("robot", driver=driver)
    assert ("bridge" in processes) is is_bridged
    if is_bridged:
        given = parameters(processes["bridge"])
        assert (given["driver"], given["deadman"], given["dry_run"]) == (driver, "heartbeat", False)
        assert set(given) <= {field.name for field in dataclasses.fields(BridgeConfig)}


def test_unknown_driver_is_refused(started):
    with pytest.raises(
        LaunchError, match="argument 'driver' is 'sport'; known: fake, none, obstacles_avoid, sdk2, sport_topics"
    ):
        started("robot", driver="sport")


def test_instruction_stays_one_string_whatever_is_in_it(started):
    sentence = "the man: [in] 'red' $5"
    processes = started("sim", instruction=sentence)
    assert parameters(processes["tracker"])["instruction"] == sentence
    assert parameters(processes["planner"])["instruction"] == sentence


def test_simulated_time_reaches_every_node(started):
    processes = started("sim", rviz="true")
    assert {name for name, process in processes.items() if parameters(process).get("use_sim_time") is True} == {
        *("tracker", "planner", "controller", "rviz"),
    }


def test_robot_topics_are_remapped_for_every_reader(started):
    processes = started("robot", points="/livox/lidar")
    for name in ("planner", "controller"):
        assert ("points", "/livox/lidar") in processes[name].ros.remaps


def test_robot_file_is_read_below_the_parameter_file_and_arms_no_real_robot(started):
    files = [source for source in started("robot")["controller"].ros.parameters if isinstance(source, Path)]
    assert [path.name for path in files] == ["go2.yaml", "follow.yaml"]
    assert yaml.safe_load(files[0].read_text())["/**/controller"]["ros__parameters"]["armed"] is False


def test_images_larger_than_fast_dds_takes_by_default_get_a_profile_unless_the_user_has_one(started):
    profile = str(ROOT / "config/fastdds_local.xml")
    assert {p.environment["FASTRTPS_DEFAULT_PROFILES_FILE"] for p in started("sim").values()} == {profile}


def test_parameter_files_have_no_block_that_would_go_over_launch_arguments():
    for path in (ROOT / "config/follow.yaml", *(ROOT / "config/robots").glob("*.yaml")):
        names = list(yaml.safe_load(path.read_text()))
        assert names
        assert [name for name in names if not name.startswith("/**/")] == []


def test_rviz_shows_topics_that_the_graph_has():
    displays = yaml.safe_load((ROOT / "config/follow.rviz").read_text())["Visualization Manager"]["Displays"]
    topics = {display["Topic"]["Value"] for display in displays if "Topic" in display}
    documented = (ROOT / "docs/architecture.md").read_text()
    assert {"image_annotated", "trajectory", "trajectory/candidates", "points", "odom"} <= topics
    assert [topic for topic in topics if topic not in documented] == []
