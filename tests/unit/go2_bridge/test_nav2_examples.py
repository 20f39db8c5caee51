"""The examples for Nav2 users name topics and frames that our launch files and configs really use."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from go2_bridge.config import ControllerConfig
from go2_bridge.recovery.config import RecoveryConfig

ROOT = Path(__file__).resolve().parents[3]


def launch_file(name):
    return ET.parse(ROOT / "launch" / f"{name}.launch.xml").getroot()


def arguments(name):
    return {arg.get("name"): arg.get("default") for arg in launch_file(name).iter("arg")}


def remaps(name, node):
    (element,) = (n for n in launch_file(name).iter("node") if n.get("name") == node)
    return {remap.get("from"): remap.get("to") for remap in element.iter("remap")}


def example(name, node):
    return yaml.safe_load((ROOT / "config/nav2" / name).read_text())[node]["ros__parameters"]


@pytest.fixture
def mux():
    return example("twist_mux.yaml", "/**/twist_mux")


@pytest.fixture
def monitor():
    return example("collision_monitor.yaml", "collision_monitor")


def test_the_mux_takes_what_the_controller_sends_and_the_bridge_takes_what_it_sends(mux):
    """As in the commands at the head of the example."""
    text = (ROOT / "config/nav2/twist_mux.yaml").read_text()
    given = dict(word.split(":=") for line in text.splitlines() for word in line.split() if ":=" in word)
    assert set(given) - {"cmd_vel_out"} <= set(arguments("robot"))
    assert remaps("follow", "controller")["cmd_vel"] == "$(var cmd_vel)"
    assert mux["topics"]["follow"]["topic"] == given["cmd_vel"]
    assert remaps("robot", "bridge")["cmd_vel"] == "$(var driver_cmd_vel)"
    assert given["cmd_vel_out"] == given["driver_cmd_vel"] == arguments("robot")["cmd_vel"]


def test_without_a_mux_the_bridge_listens_where_the_controller_sends():
    assert arguments("robot")["driver_cmd_vel"] == "$(var cmd_vel)"


def test_the_joystick_goes_over_the_follower_and_the_stop_over_both(mux):
    priorities = {name: entry["priority"] for kind in ("topics", "locks") for name, entry in mux[kind].items()}
    assert priorities["follow"] < priorities["joystick"] < priorities["e_stop"]
    assert mux["topics"]["follow"]["timeout"] <= 0.25
    assert (
        f'"{mux["locks"]["e_stop"]["topic"].strip("/")}"' in (ROOT / "src/go2_bridge/nodes/bridge_node.py").read_text()
    )


def test_nav2_hands_its_velocities_to_the_recovery_and_sees_our_lidar(monitor):
    assert monitor["cmd_vel_out_topic"] == arguments("follow")["nav_cmd_vel"]
    assert remaps("follow", "recovery")["nav_cmd_vel"] == "$(var nav_cmd_vel)"
    assert monitor["lidar"]["topic"] == arguments("robot")["points"]
    assert monitor["odom_frame_id"] == RecoveryConfig().odom_frame
    assert set(monitor["polygons"]) | set(monitor["observation_sources"]) <= set(monitor)


def test_the_monitors_polygon_holds_our_footprint(monitor):
    corners = yaml.safe_load(monitor["Footprint"]["points"])
    assert min(abs(x) for x, _ in corners) >= 0.5 * ControllerConfig().robot_length
    assert min(abs(y) for _, y in corners) >= 0.5 * ControllerConfig().robot_width
