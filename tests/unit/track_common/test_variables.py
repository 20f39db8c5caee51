"""Variables that keep ROS from working are named with what was got, what was wanted and what to type."""

import pytest

from track_common.config import ConfigError
from track_common.ros.variables import check_variables, faults


@pytest.fixture
def prefix(tmp_path):
    """An ament prefix with Fast DDS alone."""
    folder = tmp_path / "share/ament_index/resource_index/rmw_typesupport"
    folder.mkdir(parents=True)
    for name in ("rmw_fastrtps_cpp", "rmw_implementation"):
        (folder / name).touch()
    return str(tmp_path)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ROS_DOMAIN_ID": "go2"}, "ROS_DOMAIN_ID is 'go2'; wanted a number 0..232; type `unset ROS_DOMAIN_ID`"),
        ({"ROS_DOMAIN_ID": "-1"}, "ROS_DOMAIN_ID is '-1'; wanted a number"),
        ({"ROS_DOMAIN_ID": "300"}, "ROS_DOMAIN_ID is '300'; wanted a number"),
        ({"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}, "not installed; there is rmw_fastrtps_cpp; type `unset RMW"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, "nodes find nobody"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "host"}, "is 'HOST'; wanted SUBNET, LOCALHOST, SYSTEM_DEFAULT; type `unset"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "ROS_LOCALHOST_ONLY": "1"}, "type `unset ROS_LOCALHOST_ONLY`"),
    ],
)
def test_a_variable_that_cannot_work_is_one_line(prefix, variables, said):
    (line,) = faults({"AMENT_PREFIX_PATH": prefix, **variables})
    assert said in line


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"ROS_DOMAIN_ID": "0"},
        {"ROS_DOMAIN_ID": "232", "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp"},
        {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
        {"ROS_LOCALHOST_ONLY": "1"},
    ],
)
def test_what_works_is_left_alone(prefix, variables):
    assert faults({"AMENT_PREFIX_PATH": prefix, **variables}) == []
    check_variables({"AMENT_PREFIX_PATH": prefix, **variables})


def test_a_start_is_refused_only_where_no_node_could_start(prefix):
    check_variables({"AMENT_PREFIX_PATH": prefix, "ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"})
    with pytest.raises(ConfigError, match="ROS_DOMAIN_ID is 'go2'.*; RMW_IMPLEMENTATION is 'rmw_x'"):
        check_variables({"AMENT_PREFIX_PATH": prefix, "ROS_DOMAIN_ID": "go2", "RMW_IMPLEMENTATION": "rmw_x"})
