"""All launch files under the official launch and ours: the same nodes, words, parameters, environment and topics."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.parameter import parameter_value_to_python
from tests.helpers.launchers import HAS_OFFICIAL, PACKAGE, command, launched, make_prefix, wait_until

from track_common.share import share_directory
from trackvla_cli.executables import MODULES

pytestmark = [
    pytest.mark.ros,
    pytest.mark.apt_ros,
    pytest.mark.skipif(not HAS_OFFICIAL, reason="needs the official launch (apt ROS) beside rclpy"),
]
NODES = [name for name in MODULES if name.endswith("_node")]
EVERYTHING = {PACKAGE: NODES, "rviz2": ["rviz2"], "realsense2_camera": ["realsense2_camera_node"]}
GROUPS = """<launch>
  <group><push_ros_namespace namespace="go2_a"/><set_remap from="/tf" to="tf"/>
    <include file="$(find-pkg-share trackvla_ros)/launch/robot.launch.xml"><arg name="driver" value="fake"/></include>
  </group>
  <group>
    <include file="$(find-pkg-share trackvla_ros)/launch/robot.launch.xml">
      <arg name="driver" value="fake"/><arg name="namespace" value="go2_b"/><arg name="camera" value="False"/></include>
  </group>
</launch>
"""
STARTS = [  # file, arguments, processes
    ("sim", (), 4),
    (
        "sim",
        ("seed:=7", "task:=DT", "record:=true", "rviz:=True", "recovery:=true", "once:=True", "namespace:=go2_a"),
        7,
    ),
    (
        "sim",
        ("driver:=simulator", "deadman:=none", "base:=legs", "real_time_factor:=0", "instruction:=the man: [in] red"),
        5,
    ),
    ("video", ("video:=/somewhere/walk it.mp4", "planner:=true", "loop:=true"), 3),
    ("robot", (), 6),
    (
        "robot",
        ("namespace:=a/b", "driver:=sdk2", "dry_run:=true", "network_interface:=eth0", "points:=/livox/lidar"),
        6,
    ),
    ("robot", ("driver:=none", "camera:=false", "transforms:=false", "cmd_vel:=/cmd_vel", "rviz:=true"), 4),
    ("follow", ("use_sim_time:=true", "robot:=wheeled"), 3),
    ("robot_state", ("robot:=go2", "namespace:=x"), 1),
    ("groups", (), 11),
]


@pytest.fixture
def recorded(tmp_path, ros_environment):
    """How each process of a launch was started: its words, parameters and environment."""
    prefix = make_prefix(tmp_path / "prefix", EVERYTHING, are_real=False)
    (tmp_path / "groups.launch.xml").write_text(GROUPS)

    def run(launcher: str, file: str, words: tuple[str, ...], count: int) -> Counter:
        folder = tmp_path / launcher
        folder.mkdir()
        prefixes = f"{prefix}:{ros_environment['AMENT_PREFIX_PATH']}"  # the official launch looks for itself there too
        environment = {**ros_environment, "AMENT_PREFIX_PATH": prefixes, "RECORD_FOLDER": str(folder)}
        path = str(tmp_path / "groups.launch.xml") if file == "groups" else file
        with launched(command(launcher, path, *words), environment, tmp_path / f"{launcher}.log") as launch:
            wait_until(lambda: len(list(folder.glob("*.json"))) >= count, f"{count} processes", launch)
        found = sorted(folder.glob("*.json"))
        assert len(found) == count
        return Counter(normal(path, prefix) for path in found)

    return run


def normal(path: Path, prefix: Path) -> str:
    """One record without what may differ: which way leads to our share folder, and how many files <param>s make.

    The official launch writes a file for each <param>, ours one for all in a row; the order is the same.
    """
    said = json.loads(path.read_text())
    share = {str(prefix / "share" / PACKAGE): "SHARE", str(share_directory()): "SHARE"}
    contents: list = []
    for name, text in said["files"].items():
        if name.startswith(tuple(share)):
            contents.append(Path(name).name)
            continue
        ((node, block),) = yaml.safe_load(text).items()
        if not contents or isinstance(contents[-1], str):
            contents.append({})
        contents[-1].setdefault(node, {}).update(block["ros__parameters"])
    words = [word for word in said["words"] if word not in ("--params-file", *said["files"])]
    text = json.dumps([path.name.rsplit("-", 1)[0], words, contents, said["environment"]], sort_keys=True, indent=1)
    for place, name in share.items():
        text = text.replace(place, name)
    return text


@pytest.mark.parametrize(("file", "words", "count"), STARTS)
def test_both_launchers_start_the_same_processes_with_the_same_words(recorded, file, words, count):
    ours, official = (recorded(launcher, file, words, count) for launcher in ("ours", "official"))
    assert sorted(ours) == sorted(official)
    assert ours == official


def graph(peer, names: set[str], launch) -> dict[str, object]:
    """Nodes, topics with their ends, and every parameter of a running launch."""
    node = peer.node

    def nodes() -> set[str]:
        return {f"{space.rstrip('/')}/{name}" for name, space in node.get_node_names_and_namespaces()} - {"/peer"}

    peer.wait_until(lambda: nodes() >= names, f"{names} of {nodes()}; {launch.output}", timeout=60.0)
    parameters = {}
    for name in sorted(names):
        listing = peer.node.create_client(ListParameters, f"{name}/list_parameters")
        known = sorted(peer.ask(listing, ListParameters.Request()).result.names)
        getting = peer.node.create_client(GetParameters, f"{name}/get_parameters")
        values = peer.ask(getting, GetParameters.Request(names=known)).values
        parameters[name] = dict(zip(known, (parameter_value_to_python(value) for value in values), strict=True))
    topics = {}
    for topic, kinds in node.get_topic_names_and_types():
        ends = [info.node_name for info in node.get_publishers_info_by_topic(topic)]
        ends += ["<-", *(info.node_name for info in node.get_subscriptions_info_by_topic(topic))]
        topics[topic] = (tuple(kinds), tuple(sorted(end for end in ends if end not in ("peer", "<-"))))
    return {"nodes": nodes(), "parameters": parameters, "topics": topics}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("file", "words", "names"),
    [
        ("sim", ("task:=STT", "namespace:=r"), ("tracker", "planner", "controller", "simulator")),
        (
            "robot",
            ("driver:=fake", "camera:=false", "namespace:=r", "deadman:=none"),
            ("tracker", "planner", "controller", "bridge", "robot_state"),
        ),
    ],
)
def test_real_nodes_make_the_same_graph_under_both_launchers(tmp_path, ros_environment, peer, file, words, names):
    prefix = make_prefix(tmp_path / "prefix", {PACKAGE: NODES}, are_real=True)
    environment = {**ros_environment, "AMENT_PREFIX_PATH": f"{prefix}:{ros_environment['AMENT_PREFIX_PATH']}"}
    wanted, graphs = {f"/r/{name}" for name in names}, []
    for launcher in ("ours", "official"):
        with launched(command(launcher, file, *words), environment, tmp_path / f"{launcher}.log") as launch:
            graphs.append(graph(peer, wanted, launch))
        peer.wait_until(lambda: not wanted & _names(peer), "the nodes to be forgotten", timeout=60.0)
        assert launch.left() == []
    assert graphs[0] == graphs[1]
    absolute = {topic for topic in graphs[0]["topics"] if not topic.startswith("/r/")}
    vendors = re.compile(r"/(rosout|parameter_events|clock|lf/.*|utlidar/.*|api/.*|wirelesscontroller)")
    assert [topic for topic in absolute if not vendors.fullmatch(topic)] == [], "topics must stay in the namespace"


def _names(peer) -> set[str]:
    return {f"{space.rstrip('/')}/{name}" for name, space in peer.node.get_node_names_and_namespaces()}
