"""Settings as node parameters: what is allowed changes while the node runs, what is not is refused with its reason."""

import re
from dataclasses import dataclass

import pytest
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters
from rclpy.node import Node
from rclpy.parameter import Parameter

from track_common.config import ConfigError, setting
from track_common.ros.parameters import declare, descriptor

pytestmark = pytest.mark.ros


@dataclass(frozen=True)
class SpeedConfig:
    slow: float = setting(0.5, "slow speed", unit="m/s", low=0.0, high=2.0)
    fast: float = setting(1.0, "fast speed", unit="m/s", low=0.0)
    rate: int = setting(20, "control rate", unit="Hz", low=1, runtime=False)

    def check(self) -> None:
        if self.slow > self.fast:
            raise ConfigError(f"slow {self.slow} is above fast {self.fast}")


@pytest.fixture
def make_node(ros_context):
    nodes = []

    def make(**overrides) -> Node:
        values = [Parameter(name, value=value) for name, value in overrides.items()]
        nodes.append(Node("speedy", context=ros_context, parameter_overrides=values))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()


def test_overrides_given_at_start_are_in_the_config(make_node):
    assert declare(make_node(slow=0.7, rate=30), SpeedConfig()) == SpeedConfig(slow=0.7, rate=30)


def test_a_whole_number_stands_for_a_float(make_node):
    assert type(declare(make_node(slow=1), SpeedConfig()).slow) is float


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"slow": 9.0}, "slow is 9.0; wanted 0.0..2.0 m/s"),
        ({"slow": "a"}, "wanted float"),
        ({"rate": "7.5"}, "rate is '7.5' (str); wanted int"),
        ({"slow": "nan"}, "wanted a finite number"),
        ({"slow": 1.5}, "above fast"),
    ],
)
def test_a_bad_override_stops_the_start_with_its_reason(make_node, overrides, reason):
    with pytest.raises(ConfigError, match=re.escape(reason)):
        declare(make_node(**overrides), SpeedConfig())


def test_a_change_reaches_the_node_as_a_whole_config(make_node, peer):
    node, seen = make_node(), []
    declare(node, SpeedConfig(), on_change=seen.append)
    peer.add(node)
    assert peer.set_parameters("speedy", slow=0.9)[0].successful
    assert seen == [SpeedConfig(slow=0.9)]
    assert node.get_parameter("slow").value == 0.9


def test_what_is_set_again_to_the_same_is_no_change(make_node, peer):
    node, seen = make_node(), []
    declare(node, SpeedConfig(), on_change=seen.append)
    peer.add(node)
    assert all(peer.set_parameters("speedy", slow=0.9)[0].successful for _ in range(2))
    assert seen == [SpeedConfig(slow=0.9)]


def refuse(config: SpeedConfig) -> None:
    raise ConfigError("not while walking")


@pytest.mark.parametrize(
    ("values", "on_change", "reason"),
    [
        ({"slow": 3.0}, None, "slow out of range Min: 0.0, Max: 2.0, value: 3.0"),
        ({"slow": 1.5}, None, "above fast"),
        ({"fast": -1.0}, None, "fast is -1.0; wanted 0.0..inf m/s"),
        ({"rate": 30}, None, "read-only parameter: rate"),
        ({"slow": "quick"}, None, "Wrong parameter type, expected 'Type.DOUBLE'"),
        ({"slow": 0.9}, refuse, "not while walking"),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(make_node, peer, values, on_change, reason):
    node = make_node()
    declare(node, SpeedConfig(), on_change=on_change)
    before = {name: node.get_parameter(name).value for name in values}
    peer.add(node)
    (answer,) = peer.set_parameters("speedy", **values)
    assert not answer.successful
    assert reason in answer.reason
    assert {name: node.get_parameter(name).value for name in values} == before


def test_two_configs_on_one_node_keep_to_their_prefixes(make_node, peer):
    node, one, other = make_node(), [], []
    declare(node, SpeedConfig(), "one.", one.append)
    declare(node, SpeedConfig(), "other.", other.append)
    peer.add(node)
    assert peer.set_parameters("speedy", **{"other.slow": 0.9})[0].successful
    assert (one, other) == ([], [SpeedConfig(slow=0.9)])


def test_what_is_set_atomically_over_prefixes_is_taken_as_a_whole(make_node):
    node, one, other = make_node(), [], []
    declare(node, SpeedConfig(), "one.", one.append)
    declare(node, SpeedConfig(), "other.", other.append)
    result = node.set_parameters_atomically([Parameter("one.slow", value=0.8), Parameter("other.slow", value=0.9)])
    assert result.successful
    assert (one, other) == ([SpeedConfig(slow=0.8)], [SpeedConfig(slow=0.9)])


@pytest.mark.parametrize("bad", ["one", "other"])
def test_one_value_out_of_range_leaves_every_prefix_untold(make_node, bad):
    node, seen = make_node(), []
    declare(node, SpeedConfig(), "one.", seen.append)
    declare(node, SpeedConfig(), "other.", seen.append)
    values = {"one.slow": 0.8, "other.slow": 0.8, f"{bad}.slow": 9.0}
    result = node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])
    assert (result.successful, seen) == (False, [])
    assert "Min: 0.0, Max: 2.0, value: 9.0" in result.reason
    assert [node.get_parameter(f"{name}.slow").value for name in ("one", "other")] == [0.5, 0.5]


@pytest.mark.parametrize("refusing", ["one", "other"])
def test_a_refusal_gives_the_others_their_old_config_again(make_node, refusing):
    """Whichever is asked first; the next change starts from what the node really has."""
    node = make_node()
    held = {}
    for name in ("one", "other"):
        on_change = refuse if name == refusing else lambda config: held.update(config=config)
        held["config"] = declare(node, SpeedConfig(), f"{name}.", on_change)
    result = node.set_parameters_atomically([Parameter("one.slow", value=0.8), Parameter("other.slow", value=0.9)])
    assert (result.successful, result.reason) == (False, "not while walking")
    assert held["config"] == SpeedConfig()
    willing = "one" if refusing == "other" else "other"
    assert node.set_parameters_atomically([Parameter(f"{willing}.fast", value=2.0)]).successful
    assert held["config"] == SpeedConfig(fast=2.0)


def test_a_descriptor_tells_reason_unit_and_range():
    field = SpeedConfig.__dataclass_fields__["slow"]
    described = descriptor(field)
    assert (described.description, described.additional_constraints) == ("slow speed [m/s]", "0.0..2.0")


def test_a_change_that_breaks_the_nodes_own_code_is_refused_and_what_changed_before_is_set_back(make_node):
    node, taken = make_node(), []

    def break_down(_config):
        raise RecursionError("too deep")

    declare(node, SpeedConfig(), "broken.", break_down)
    declare(node, SpeedConfig(), "sound.", taken.append)
    values = {"sound.slow": 0.7, "broken.slow": 0.7}
    result = node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])
    assert not result.successful
    assert "broken.slow" in result.reason and "RecursionError: too deep" in result.reason
    assert [config.slow for config in taken] == [0.7, 0.5]


def described_by(peer, *names):
    client = peer.node.create_client(DescribeParameters, "speedy/describe_parameters")
    return peer.ask(client, DescribeParameters.Request(names=names)).descriptors


def test_described_are_type_range_and_what_is_read_only_for_sliders(make_node, peer):
    node = make_node()
    declare(node, SpeedConfig())
    peer.add(node)
    slow, fast, rate = described_by(peer, "slow", "fast", "rate")
    assert [(r.from_value, r.to_value) for r in slow.floating_point_range] == [(0.0, 2.0)]
    assert (slow.type, slow.dynamic_typing, slow.read_only) == (ParameterType.PARAMETER_DOUBLE, False, False)
    assert (list(fast.floating_point_range), fast.additional_constraints) == ([], "0.0..inf")
    assert (rate.type, rate.read_only) == (ParameterType.PARAMETER_INTEGER, True)


def test_after_a_refused_wrong_type_the_described_type_is_the_old_one(make_node, peer):
    node = make_node()
    declare(node, SpeedConfig())
    peer.add(node)
    assert not peer.set_parameters("speedy", slow="quick")[0].successful
    assert described_by(peer, "slow")[0].type == ParameterType.PARAMETER_DOUBLE


@pytest.mark.skipif(not hasattr(Node, "add_pre_set_parameters_callback"), reason="Humble takes no 1 for 1.0")
def test_whole_numbers_are_stored_as_doubles_where_a_double_is_meant(make_node, peer):
    node, seen = make_node(fast=2), []
    declare(node, SpeedConfig(), on_change=seen.append)
    peer.add(node)
    assert node.get_parameter("fast").type_ == Parameter.Type.DOUBLE
    assert peer.set_parameters("speedy", slow=1)[0].successful
    assert node.get_parameter("slow").type_ == Parameter.Type.DOUBLE
    assert [type(config.slow) for config in seen] == [float]


def test_text_from_a_launch_file_is_read_in_the_settings_type(make_node):
    node = make_node(slow="1e-1", rate="30")
    assert declare(node, SpeedConfig()) == SpeedConfig(slow=0.1, rate=30)
    assert node.get_parameter("rate").type_ == Parameter.Type.INTEGER
