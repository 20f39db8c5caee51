"""Which processes leave Fast DDS's shared memory, and what they then say to ROS."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from track_common.ros.environment import leave_shared_memory
from track_common.share import share_directory

CONFIG = Path(share_directory()) / "config"
OURS = {"FASTRTPS_DEFAULT_PROFILES_FILE": str(CONFIG / "fastdds_local.xml")}
LOCAL = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
NAMES = (
    *("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS", "RMW_IMPLEMENTATION", "ROS_LOCALHOST_ONLY"),
    *("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_STATIC_PEERS"),
)


@pytest.fixture
def leave(monkeypatch):
    """Leaves in an environment; returns the answer and what the environment then says."""

    def run(environment):
        monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if k not in NAMES} | environment)
        return leave_shared_memory(), {name: os.environ[name] for name in NAMES if name in os.environ}

    return run


@pytest.mark.parametrize("environment", [{**OURS, **LOCAL}, LOCAL, {"ROS_LOCALHOST_ONLY": "1"}])
def test_on_one_machine_the_loopback_is_kept_and_the_range_is_the_profiles(leave, environment):
    has_left, said = leave(environment)
    assert has_left
    assert said == {
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(CONFIG / "fastdds_udp_local.xml"),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT",
    }


@pytest.mark.parametrize(
    "environment", [{}, OURS, {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "ROS_STATIC_PEERS": "a"}]
)
def test_with_a_network_range_and_peers_stay_as_they_are(leave, environment):
    has_left, said = leave(environment)
    assert has_left
    assert said == {**environment, "FASTRTPS_DEFAULT_PROFILES_FILE": str(CONFIG / "fastdds_udp.xml")}


@pytest.mark.parametrize(
    "environment",
    [
        {**LOCAL, "FASTRTPS_DEFAULT_PROFILES_FILE": "/home/me/mine.xml"},
        {**LOCAL, "FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA"},
        {**LOCAL, "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"},
        {**LOCAL, "ROS_STATIC_PEERS": "192.168.123.18"},
    ],
)
def test_what_the_user_chose_is_kept(leave, environment):
    assert leave(environment) == (False, environment)


@pytest.mark.parametrize("name", ["fastdds_udp.xml", "fastdds_udp_local.xml"])
def test_profiles_have_no_transport_but_udp_and_announce_like_the_other_one(name):
    def strings(file, tag):
        return [element.text for element in ElementTree.parse(CONFIG / file).iter() if element.tag.endswith("}" + tag)]

    assert strings(name, "type") == ["UDPv4"]
    assert strings(name, "useBuiltinTransports") == ["false"]
    assert {*strings(name, "address")} <= {"127.0.0.1"}
    for tag in ("sec", "nanosec"):
        assert strings(name, tag) == strings("fastdds_local.xml", tag)
