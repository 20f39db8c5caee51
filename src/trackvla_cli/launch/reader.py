"""XML launch file -> actions: exactly the subset our files use, anything else refused by name with file and line.

The subset and its meaning are those of the official XML front end (launch_xml 3.4.3, launch_ros 0.26.6, ROS 2 Jazzy).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from track_common.config import suggest
from trackvla_cli.launch.actions import (
    Action,
    Argument,
    Assignment,
    CommonRemap,
    Condition,
    Execution,
    Group,
    Include,
    Node,
    Parameter,
    ParameterFile,
    PushedNamespace,
)
from trackvla_cli.launch.element import Element, LaunchError, read_xml
from trackvla_cli.launch.parameters import TYPES
from trackvla_cli.launch.substitutions import Template, parse

CONDITIONS = ("if", "unless")
TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")


def read(path: Path) -> tuple[Action, ...]:
    """The actions of one file; included files are read when they are run.

    Raises:
        LaunchError: naming file, line and what is not understood.
    """
    if path.suffix in (".py", ".yaml", ".yml"):
        raise LaunchError(
            f"{path.name} is no XML; only `ros2 launch` of an apt ROS runs launch files in Python or YAML"
        )
    root = read_xml(path)
    if root.tag != "launch":
        raise LaunchError(f"{root.place}: the root tag is <{root.tag}>; wanted <launch>")
    root.allow(children=READERS)
    return tuple(_action(child) for child in root.children)


def _action(element: Element) -> Action:
    return READERS[element.tag](element)


def _text(element: Element, name: str) -> Template:
    return parse(element.attributes[name], element.place)


def _optional(element: Element, name: str) -> Template | None:
    return _text(element, name) if name in element.attributes else None


def _plain(element: Element, name: str) -> str:
    """An attribute in which substitutions have no meaning."""
    template = parse(element.attributes[name], element.place)
    if any(not isinstance(part, str) for part in template.parts):
        raise LaunchError(f"{element.place}: '{name}' of <{element.tag}> may not hold a substitution")
    return "".join(part for part in template.parts if isinstance(part, str))


def _condition(element: Element) -> Condition | None:
    given = [name for name in CONDITIONS if name in element.attributes]
    if len(given) == 2:
        raise LaunchError(f"{element.place}: <{element.tag}> has both 'if' and 'unless'; wanted one")
    return Condition(_text(element, given[0]), given[0] == "unless") if given else None


def _pairs(element: Element, tag: str, left: str, right: str) -> tuple[tuple[Template, Template], ...]:
    found = [child for child in element.children if child.tag == tag]
    for child in found:
        child.allow(required=(left, right))
    return tuple((_text(child, left), _text(child, right)) for child in found)


def _argument(element: Element) -> Argument:
    element.allow(("name",), ("default", "description", *CONDITIONS), ("choice",))
    for choice in element.children:
        choice.allow(required=("value",))
    return Argument(
        name=_plain(element, "name"),
        default=_optional(element, "default"),
        default_text=element.attributes.get("default"),
        description=element.attributes.get("description", ""),
        choices=tuple(_plain(choice, "value") for choice in element.children),
        condition=_condition(element),
        place=element.place,
    )


def _assignment(element: Element) -> Assignment:
    element.allow(("name", "value"), CONDITIONS)
    is_environment = element.tag == "set_env"
    return Assignment(_text(element, "name"), _text(element, "value"), is_environment, _condition(element))


def _group(element: Element) -> Group:
    element.allow((), ("scoped", *CONDITIONS), READERS)
    scoped = element.attributes.get("scoped", "true").lower()
    if scoped not in (*TRUE_WORDS, *FALSE_WORDS):
        raise LaunchError(f"{element.place}: scoped is '{scoped}'; wanted true or false")
    return Group(tuple(_action(child) for child in element.children), scoped in TRUE_WORDS, _condition(element))


def _include(element: Element) -> Include:
    element.allow(("file",), CONDITIONS, ("arg",))
    return Include(_text(element, "file"), _pairs(element, "arg", "name", "value"), _condition(element), element.place)


def _pushed_namespace(element: Element) -> PushedNamespace:
    element.allow(("namespace",), CONDITIONS)
    return PushedNamespace(_text(element, "namespace"), _condition(element), element.place)


def _common_remap(element: Element) -> CommonRemap:
    element.allow(("from", "to"), CONDITIONS)
    return CommonRemap(_text(element, "from"), _text(element, "to"), _condition(element))


def _execution(element: Element, command: str) -> Execution:
    on_exit = element.attributes.get("on_exit")
    if on_exit not in (None, "shutdown"):
        raise LaunchError(f"{element.place}: on_exit is '{on_exit}'; wanted shutdown")
    return Execution(
        command=parse(element.attributes.get(command, ""), element.place),
        name=_optional(element, "name"),
        environment=_pairs(element, "env", "name", "value"),
        output=_optional(element, "output"),
        ends_launch=on_exit == "shutdown",
        condition=_condition(element),
        place=element.place,
    )


def _executable(element: Element) -> Execution:
    element.allow(("cmd",), ("name", "output", "on_exit", *CONDITIONS), ("env",))
    return _execution(element, "cmd")


def _node(element: Element) -> Node:
    optional = ("name", "namespace", "args", "output", "on_exit", *CONDITIONS)
    element.allow(("pkg", "exec"), optional, ("param", "remap", "env"))
    return Node(
        execution=_execution(element, "args"),
        package=_text(element, "pkg"),
        executable=_text(element, "exec"),
        namespace=_optional(element, "namespace"),
        parameters=tuple(_any_parameter(child) for child in element.children if child.tag == "param"),
        remaps=_pairs(element, "remap", "from", "to"),
    )


def _any_parameter(element: Element) -> Parameter | ParameterFile:
    if "from" not in element.attributes:
        return _parameter(element)
    element.allow(required=("from",))
    return ParameterFile(_text(element, "from"))


def _parameter(element: Element) -> Parameter:
    element.allow(("name",), ("value", "type"), ("param",))
    kind = element.attributes.get("type")
    if kind is not None and kind not in TYPES:
        raise LaunchError(f"{element.place}: parameter type '{kind}' unknown; {suggest(kind, TYPES)}")
    if ("value" in element.attributes) == bool(element.children):
        raise LaunchError(f"{element.place}: <param> wants either a value or nested <param> elements")
    nested = tuple(_parameter(child) for child in element.children)
    return Parameter(_text(element, "name"), _optional(element, "value"), kind, nested, element.place)


READERS: dict[str, Callable[[Element], Action]] = {
    "arg": _argument,
    "let": _assignment,
    "set_env": _assignment,
    "push_ros_namespace": _pushed_namespace,
    "push-ros-namespace": _pushed_namespace,
    "set_remap": _common_remap,
    "group": _group,
    "include": _include,
    "node": _node,
    "executable": _executable,
}


def declared(actions: Iterable[Action]) -> list[Argument]:
    """The <arg> elements of one file, groups included, in order."""
    found: list[Argument] = []
    for action in actions:
        if isinstance(action, Argument):
            found.append(action)
        elif isinstance(action, Group):
            found += declared(action.actions)
    return found
