"""What a launch file starts.

The expected processes are what the official launch 3.4.3, launch_xml 3.4.3 and launch_ros 0.26.6 (ROS 2 Jazzy) started
for the same text, word by word; only the labels are ours.
"""

import pytest

from trackvla_cli.launch.element import LaunchError
from trackvla_cli.launch.resolver import arguments_of
from trackvla_cli.launch.supervisor import command_line

TALKER = '<node pkg="demo" exec="talker" name="t" '


def test_node_command_has_the_official_order(processes, prefix, tmp_path):
    (process,) = processes(
        '<arg name="y" default="inner"/>' + TALKER + 'namespace="ns" args="--a $(var y) \'b c\'">'
        '<param name="p" value="1"/><remap from="a" to="$(var y)"/></node>'
    )
    assert command_line(process, tmp_path) == [
        *(str(prefix / "lib/demo/talker"), "--a", "inner", "b c", "--ros-args"),
        *("-r", "__node:=t", "-r", "__ns:=/ns", "--params-file", str(tmp_path / "t-1-0.yaml"), "-r", "a:=inner"),
    ]
    assert (tmp_path / "t-1-0.yaml").read_text() == "/ns/t:\n  ros__parameters:\n    p: 1\n"


@pytest.mark.parametrize(
    ("attribute", "namespace", "key"),
    [
        ("", None, "/**"),
        ('namespace=""', "/", "/t"),
        ('namespace="r1"', "/r1", "/r1/t"),
        ('namespace="/a"', "/a", "/a/t"),
    ],
)
def test_namespace_decides_whom_parameters_are_for(processes, attribute, namespace, key):
    ros = processes(TALKER + attribute + "/>")[0].ros
    assert (ros.namespace, ros.parameter_key) == (namespace, key)


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ('value="$(var x)"', 1.5),
        ('value="$(var x)" type="str"', "1.5"),
        ('value="yes"', True),
        ('value="off"', False),
        ('value="1e3"', "1e3"),
        ('value="0x10"', 16),
        ('value="1_000"', 1000),
        ('value="12:30"', 750),
        ('value=".5"', 0.5),
        ('value=" 5 "', 5),
        ('value=""', ""),
        ('value="a: b" type="str"', "a: b"),
        ('value="1" type="float"', 1.0),
        ('value="1" type="bool"', True),
        ('value="[1.0, 2.0]"', [1.0, 2.0]),
        ('value="[1, 2]" type="list_of_int"', [1, 2]),
        ('value="[a, b]" type="list_of_str"', ["a", "b"]),
    ],
)
def test_parameter_values_are_typed_as_launch_ros_types_them(processes, attributes, wanted):
    (process,) = processes(f'<arg name="x" default="1.5"/>{TALKER}><param name="p" {attributes}/></node>')
    value = process.ros.parameters[0]["p"]
    assert (type(value), value) == (type(wanted), wanted)


@pytest.mark.parametrize("attributes", ['value="a: b"', 'value="[1, a]"', 'value="x" type="int"', 'value="2026-01-01"'])
def test_value_that_no_parameter_can_hold_is_refused(processes, attributes):
    with pytest.raises(LaunchError, match=r"a.launch.xml:2: parameter value '.*'; wanted"):
        processes(f'{TALKER}><param name="p" {attributes}/></node>')


def test_parameters_keep_their_order_around_files(processes, tmp_path):
    (tmp_path / "f.yaml").write_text("/**: {ros__parameters: {k: 1}}")
    (process,) = processes(
        f'{TALKER}><param name="a" value="1"/><param name="g"><param name="b" value="2"/></param>'
        f'<param from="{tmp_path}/f.yaml"/><param name="a" value="3"/></node>'
    )
    assert process.ros.parameters == ({"a": 1, "g.b": 2}, tmp_path / "f.yaml", {"a": 3})


def test_group_forgets_its_variables_and_environment(processes):
    inner, outer = processes(
        '<let name="y" value="outer"/><set_env name="FOO" value="outer"/>'
        '<group><let name="y" value="inner"/><set_env name="FOO" value="inner"/>'
        '<executable cmd="echo $(var y)"/></group>'
        '<executable cmd="echo $(var y)"/>'
    )
    assert (inner.command, inner.environment["FOO"]) == (("echo", "inner"), "inner")
    assert (outer.command, outer.environment["FOO"]) == (("echo", "outer"), "outer")


def test_group_that_is_not_scoped_keeps_them(processes):
    (process,) = processes('<group scoped="false"><let name="y" value="1"/></group><executable cmd="echo $(var y)"/>')
    assert process.command == ("echo", "1")


def test_include_leaks_what_it_declares_and_sets_as_the_official_does(processes, launch_file, tmp_path):
    launch_file('<arg name="z" default="zz"/><arg name="inb" default="leak"/><let name="y" value="b"/>', "b.launch.xml")
    (process,) = processes(
        '<let name="y" value="a"/>'
        f'<include file="{tmp_path}/b.launch.xml"><arg name="z" value="given"/></include>'
        '<executable cmd="echo $(var y) $(var z) $(var inb)"/>'
    )
    assert process.command == ("echo", "b", "given", "leak")


def test_argument_of_an_included_file_may_be_given(processes, launch_file, tmp_path):
    launch_file('<arg name="z" default="zz"/>', "b.launch.xml")
    (process,) = processes(f'<include file="{tmp_path}/b.launch.xml"/><executable cmd="echo $(var z)"/>', z="mine")
    assert process.command == ("echo", "mine")


@pytest.mark.parametrize(
    ("attribute", "runs"),
    [('if="true"', 1), ('if="TRUE "', 1), ('if="1"', 1), ('if="False"', 0), ('unless="0"', 1), ('unless="true"', 0)],
)
def test_condition_words(processes, attribute, runs):
    assert len(processes(f'<executable cmd="echo" {attribute}/>')) == runs


@pytest.mark.parametrize("word", ["yes", "on", "", "2"])
def test_other_condition_words_are_refused(processes, word):
    with pytest.raises(LaunchError, match="wanted true, false, 1 or 0"):
        processes(f'<executable cmd="echo" if="{word}"/>')


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo $(var s)x y$(var s)z $(var s)$(var s)", ("echo", "two wordsx", "ytwo wordsz", "two wordstwo words")),
        ("echo 'a b'c $(var s)", ("echo", "a bc", "two words")),
        ("echo $(var empty) end", ("echo", "", "end")),
    ],
)
def test_substitutions_in_a_command_are_never_split(processes, command, words):
    (process,) = processes(
        f'<let name="s" value="two words"/><let name="empty" value=""/><executable cmd="{command}"/>'
    )
    assert process.command == words


def test_environment_of_one_process(processes):
    first, second = processes(
        '<executable cmd="a"><env name="Z" value="$(env HOME)/z"/></executable><executable cmd="b"/>'
    )
    assert first.environment["Z"] == "/root/z"
    assert "Z" not in second.environment


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<timer period='1'/>", "a.launch.xml:2: <timer> inside <launch> unknown; known: arg, executable"),
        ("<node pkg='demo' exec='talker' respawn='true'/>", "a.launch.xml:2: attribute 'respawn' of <node> unknown"),
        ("<node exec='talker'/>", "<node> lacks the attribute 'pkg'"),
        ("<node pkg='demo' exec='walker'/>", "executable 'walker' of package 'demo' not found; did you mean 'talker'?"),
        ("<node pkg='absent' exec='x'/>", "ROS package 'absent' not found"),
        ("<node pkg='demo' exec='talker' output='tv'/>", "output is 'tv'"),
        ("<node pkg='demo' exec='talker'><param from='/absent.yaml'/></node>", "/absent.yaml does not exist"),
        ("<include file='/x/rs_launch.py'/>", "rs_launch.py is no XML; only `ros2 launch` of an apt ROS runs"),
        ("<let name='a' value='1' if='1' unless='1'/>", "both 'if' and 'unless'"),
        ("<arg name='needed'/>", "argument 'needed' is required; type needed:=..."),
        ("<executable cmd='a' on_exit='restart'/>", "wanted shutdown"),
        ('<executable cmd="a \'b"/>', "No closing quotation"),
        ("<node", "a.launch.xml:3: not well-formed XML"),
    ],
)
def test_what_is_not_understood_is_refused_by_name_and_line(processes, inside, said):
    with pytest.raises(LaunchError) as caught:
        processes(inside)
    assert said in str(caught.value)


def test_pushed_namespace_comes_before_a_nodes_own_and_ends_with_its_group(processes):
    inside = (
        '<group><push_ros_namespace namespace="go2_a"/><push-ros-namespace namespace="$(env none head)"/>'
        '<node pkg="demo" exec="talker" name="a" namespace="ns"/><node pkg="demo" exec="talker" name="b"/>'
        '<node pkg="demo" exec="talker" name="c" namespace=""/><node pkg="demo" exec="talker" name="d" namespace="/x"/>'
        '</group><node pkg="demo" exec="talker" name="e" namespace="ns"/><node pkg="demo" exec="talker" name="f"/>'
    )
    got = {process.ros.name: process.ros.namespace for process in processes(inside)}
    assert got == {"a": "/go2_a/head/ns", "b": "/go2_a/head", "c": "/go2_a/head", "d": "/x", "e": "/ns", "f": None}


def test_common_remaps_come_before_a_nodes_own_and_end_with_their_group(processes):
    node = '<node pkg="demo" exec="talker"><remap from="a" to="own"/></node>'
    inside = f'<group><set_remap from="/tf" to="tf"/><set_remap from="a" to="b" if="0"/>{node}</group>{node}'
    assert [process.ros.remaps for process in processes(inside)] == [(("/tf", "tf"), ("a", "own")), (("a", "own"),)]


@pytest.mark.parametrize("namespace", ["a-b", "a b", "1a", "a//b"])
def test_what_is_no_namespace_is_refused_before_anything_starts(processes, namespace):
    for inside in (f'<push_ros_namespace namespace="{namespace}"/>', f'{TALKER} namespace="{namespace}"/>'):
        with pytest.raises(LaunchError, match=f"namespace is '/{namespace}'"):
            processes(inside)


def test_unknown_argument_is_refused_with_the_known_ones(processes):
    with pytest.raises(LaunchError, match="no argument 'sede'; did you mean 'seed'. known: seed, task"):
        processes('<arg name="seed" default="0"/><arg name="task" default="STT"/>', sede="1")


def test_argument_outside_its_choices_is_refused(processes):
    with pytest.raises(LaunchError, match="argument 'm' is 'c'; known: a, b"):
        processes('<arg name="m" default="a"><choice value="a"/><choice value="b"/></arg>', m="c")


def test_file_that_includes_itself_is_refused(processes, tmp_path):
    with pytest.raises(LaunchError, match="includes itself"):
        processes(f'<include file="{tmp_path}/a.launch.xml"/>')


def test_arguments_are_listed_with_those_of_included_files_but_not_the_ones_given_to_them(launch_file, tmp_path):
    launch_file('<arg name="z"/><arg name="w" default="1"/>', "b.launch.xml")
    path = launch_file(
        '<arg name="x" default="$(env HOME)" description="d"/>'
        f'<group if="false"><include file="{tmp_path}/b.launch.xml">'
        '<arg name="z" value="1"/></include></group>'
    )
    listed = arguments_of(path, {}, {})
    assert [(argument.name, argument.default_text, argument.description) for argument in listed] == [
        ("x", "$(env HOME)", "d"),
        ("w", "1", ""),
    ]
