"""Every launch file started wrong in every way, under both launchers: it says why, and no process is left."""

import pytest
from tests.helpers.launchers import HAS_OFFICIAL, PACKAGE, command, launched, make_prefix

from trackvla_cli.executables import MODULES

pytestmark = pytest.mark.ros
BEFORE_THE_FIRST_NODE = [  # file, argument, what the official launch says; ours names the argument
    *(("sim", f"{name}:=maybe", name) for name in ("task", "style", "once", "driver", "deadman", "base")),
    *(
        ("sim", f"{name}:=yes", name)
        for name in ("planner", "controller", "recovery", "record", "rviz", "use_sim_time")
    ),
    ("sim", "rviz:=true", "rviz2"),
    ("video", "video:=x loop:=maybe", "loop"),
    ("video", "video:=x planner:=maybe", "planner"),
    ("video", "video:=x rviz:=true", "rviz2"),
    ("video", "", "video"),
    *(("robot", f"{name}:=maybe", name) for name in ("camera", "driver", "odometry_source", "dry_run", "deadman")),
    ("robot", "transforms:=maybe", "transforms"),
    ("robot", "camera:=true", "realsense2_camera"),
    ("robot", "rviz:=true camera:=false", "rviz2"),
    ("follow", "use_sim_time:=maybe", "use_sim_time"),
    ("follow", "namespace:=a-b", "namespace"),
]
REFUSED_BY_A_NODE = [  # file, arguments, what is said
    ("sim", "seed:=abc planner:=false controller:=false", "seed is 'abc' (str); wanted int"),
    ("sim", "seed:={a:[1,b]} planner:=false controller:=false", "seed is '{a:[1,b]}'"),
    ("sim", "real_time_factor:=fast planner:=false controller:=false", "real_time_factor is 'fast'"),
    ("sim", "tracker:=grouded planner:=false controller:=false", "did you mean 'grounded'"),
    ("sim", "policy:=box_sarvo controller:=false", "did you mean 'box_servo'"),
    ("sim", "robot:=Sim planner:=false", "Sim.yaml does not exist; did you mean 'sim'"),
    ("robot", "camera:=false driver:=fake robot:=Go2", "Go2.yaml does not exist; did you mean 'go2'"),
    ("robot", "camera:=false driver:=webrtc", "set odometry_source to sport_state"),
    ("robot_state", "robot:=Go2", "Go2.yaml does not exist; did you mean 'go2'"),
    ("follow", "params_file:=/nowhere/mine.yaml planner:=false controller:=false", "mine.yaml does not exist"),
    ("follow", "params_file:=@misspelt.yaml planner:=false controller:=false", "did you mean 'max_image_age'"),
    ("follow", "params_file:=@misnamed.yaml planner:=false controller:=false", "did you mean 'tracker'"),
    ("follow", "record:=true bag:=@misspelt.yaml planner:=false controller:=false", "misspelt.yaml"),
    ("follow", "image:=//x planner:=false controller:=false", "image_raw:=//x"),
    ("video", "video:=/nix.mp4", "/nix.mp4"),
]
EVERY, QUICK = (
    3,
    3,
)  # every third of the first list and the first three of the second run each time, the others are slow


def launchers(quick: bool = True):
    """Ours, and the official one where it is installed."""
    official = pytest.mark.skipif(not HAS_OFFICIAL, reason="needs the official launch (apt ROS) beside rclpy")
    marks = [] if quick else [pytest.mark.slow]
    return [pytest.param("ours", marks=marks), pytest.param("official", marks=[official, pytest.mark.apt_ros])]


@pytest.fixture
def start(tmp_path, ros_environment):
    """Starts a file under a launcher over the real executables."""
    prefix = make_prefix(tmp_path / "prefix", {PACKAGE: [n for n in MODULES if n.endswith("_node")]}, are_real=True)
    (tmp_path / "misspelt.yaml").write_text("/**/tracker:\n  ros__parameters:\n    max_image_ago: 0.7\n")
    (tmp_path / "misnamed.yaml").write_text("/**/trakcer:\n  ros__parameters:\n    max_image_age: 0.7\n")
    inherited = ros_environment["AMENT_PREFIX_PATH"]
    environment = {**ros_environment, "AMENT_PREFIX_PATH": f"{prefix}:{inherited}"}

    def run(launcher: str, file: str, text: str):
        words = [word.replace("@", f"{tmp_path}/") for word in text.split()]
        return launched(command(launcher, file, *words), environment, tmp_path / "output")

    return run


@pytest.mark.parametrize(
    ("launcher", "file", "text", "said"),
    [
        pytest.param(*launcher.values, *case, marks=[*launcher.marks])
        for index, case in enumerate(BEFORE_THE_FIRST_NODE)
        for launcher in launchers(quick=index % EVERY == 0)
    ],
)
def test_wrong_argument_ends_the_launch_before_its_first_node(start, launcher, file, text, said):
    with start(launcher, file, text) as launch:
        assert launch.wait_for_its_end() != 0
        assert launch.left() == []
        assert said in launch.output and "Traceback" not in launch.output
        assert "pid" not in launch.output, "nothing may have been started"


@pytest.mark.parametrize(
    ("launcher", "file", "text", "said"),
    [
        pytest.param(*launcher.values, *case, marks=[*launcher.marks])
        for index, case in enumerate(REFUSED_BY_A_NODE)
        for launcher in launchers(quick=index < QUICK)
    ],
)
def test_refusal_of_a_node_ends_the_whole_launch(start, launcher, file, text, said):
    with start(launcher, file, text) as launch:
        code = launch.wait_for_its_end()
        assert launch.left() == []
        assert said in launch.output and "Traceback" not in launch.output
        assert code != 0 or launcher == "official", "which ends with 0 after a node's refusal"
