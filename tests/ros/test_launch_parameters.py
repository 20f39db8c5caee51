"""Parameters of running nodes: those the launch files give exist, `trackvla param` changes them, or says why not."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from rcl_interfaces.srv import ListParameters

from track_common.share import share_directory
from trackvla_cli.launch.resolver import resolve
from trackvla_cli.ros.parameter_client import ParameterClientError, value_from

pytestmark = pytest.mark.ros
BIN = Path(sys.executable).parent
SHARE = share_directory()


@pytest.fixture
def start(ros_environment):
    """Starts a node's executable; ends all of them with the test."""
    started = []

    def run(executable: str, *words: str) -> None:
        command = [str(BIN / executable), "--ros-args", *words]
        started.append(subprocess.Popen(command, env=ros_environment))

    yield run
    for process in started:
        process.terminate()
    for process in started:
        process.wait(10)


@pytest.fixture
def param(ros_environment):
    """`trackvla param ...` as a user types it."""

    def run(*words: str, timeout: int = 15) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "trackvla_cli.main", "param", *words, "--timeout", str(timeout)]
        return subprocess.run(command, env=ros_environment, capture_output=True, text=True, timeout=40)

    return run


def given_parameters(tmp_path, environment) -> dict[str, set[str]]:
    """Names that sim.launch.xml, video.launch.xml and the files in config/ give to each node."""
    given: dict[str, set[str]] = {}
    for name, arguments in (("sim", {"record": "true", "recovery": "true"}), ("video", {"video": "x"})):
        for process in resolve(SHARE / "launch" / f"{name}.launch.xml", arguments, environment):
            names = {key for source in process.ros.parameters if isinstance(source, dict) for key in source}
            given.setdefault(process.ros.name, set()).update(names)
    for path in (SHARE / "config/follow.yaml", *(SHARE / "config/robots").glob("*.yaml")):
        for node, block in yaml.safe_load(path.read_text()).items():
            given.setdefault(node.removeprefix("/**/"), set()).update(flat(block["ros__parameters"]))
    return given


def flat(block: dict, prefix: str = ""):
    for key, value in block.items():
        yield from flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]


def test_every_parameter_that_launch_files_give_exists(start, peer, ros_environment, tmp_path):
    given = given_parameters(tmp_path, ros_environment)
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((8, 8, 3), np.uint8))
    extra = {"video": ("-p", f"video:={tmp_path}", "-p", "loop:=true"), "recorder": ("-p", f"output:={tmp_path}/bag")}
    for node in given:
        start(f"{'sim' if node == 'simulator' else node}_node", *extra.get(node, ()))
    for node, names in given.items():
        client = peer.node.create_client(ListParameters, f"/{node}/list_parameters")
        answer = peer.ask(client, ListParameters.Request(), timeout=90.0)  # nine nodes start at once
        assert names - set(answer.result.names) == set(), node


def test_param_changes_what_may_change_and_tells_why_not(start, param):
    start("controller_node")
    assert param("set", "controller", "max_linear_vel", "1").returncode == 0
    assert param("get", "controller", "max_linear_vel").stdout == "1.0\n"
    for name, value, reason in (
        ("max_linear_vel", "99", "out of range Min: 0.0, Max: 3.0, value: 99.0; max_linear_vel: fastest command"),
        ("max_linear_vel", "fast", "wanted float"),
        ("max_linear_vel", "-0.1", "Min: 0.0"),
        ("control_rate", "20.0", "control_rate; control_rate: commands a second [Hz]; fixed at start"),
        ("max_linear_vle", "1.0", "did you mean 'max_linear_vel'?"),
    ):
        done = param("set", "controller", name, value)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert reason in done.stderr
    assert param("get", "controller", "max_linear_vel").stdout == "1.0\n"


@pytest.mark.parametrize("text", ["the man: in the red shirt", " ", "-1", "123", "yes", "--timeout"])
def test_value_of_a_string_parameter_is_the_text_as_it_is(text):
    assert value_from(text, "before", "instruction") == text


@pytest.mark.parametrize(
    ("text", "current", "value"), [("1", 0.5, 1.0), ("1e-3", 0.5, 0.001), ("-1", 3, -1), ("true", False, True)]
)
def test_value_of_another_parameter_is_read_in_its_type(text, current, value):
    got = value_from(text, current, "x")
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(("text", "current"), [("yes!", False), ("1.5", 3), ("true", 3), ("true", 0.5), ("[1, a]", 1)])
def test_value_that_is_not_of_the_parameters_type_is_refused(text, current):
    with pytest.raises(ParameterClientError, match="wanted"):
        value_from(text, current, "x")


def test_param_sets_a_string_that_yaml_would_take_for_something_else(start, param):
    start("planner_node")
    for text in ("the man: in the red shirt", "-1"):
        assert (param("set", "planner", "instruction", text).returncode, text) == (0, text)
        assert param("get", "planner", "instruction").stdout == f"{text}\n"


def test_param_names_the_running_nodes_where_the_asked_one_is_not_there(start, param):
    start("planner_node")
    assert "policy: 'box_servo'" in param("list", "planner").stdout
    refused = param("set", "planner", "policy", "box_sarvo")
    assert "did you mean 'box_servo'" in refused.stderr
    assert "node /plannr is not there; running: /planner" in param("get", "plannr", "policy", timeout=2).stderr
