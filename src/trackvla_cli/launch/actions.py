"""What a launch file says, as frozen dataclasses; reader.py makes them, resolver.py runs them."""

from __future__ import annotations

from dataclasses import dataclass

from trackvla_cli.launch.element import Place
from trackvla_cli.launch.substitutions import Template


@dataclass(frozen=True)
class Condition:
    """The attribute `if` (or, negated, `unless`)."""

    text: Template
    negated: bool


@dataclass(frozen=True)
class Argument:
    """<arg>: a value the user or the including file may give."""

    name: str
    default: Template | None
    default_text: str | None
    description: str
    choices: tuple[str, ...]
    condition: Condition | None
    place: Place


@dataclass(frozen=True)
class Assignment:
    """<let> (a launch configuration) or <set_env> (an environment variable)."""

    name: Template
    value: Template
    is_environment: bool
    condition: Condition | None


@dataclass(frozen=True)
class Group:
    """<group>: a scoped one forgets its <let> and <set_env> at its end."""

    actions: tuple[Action, ...]
    scoped: bool
    condition: Condition | None


@dataclass(frozen=True)
class Include:
    """<include>: as in the official launch, what it declares and sets stays visible after it."""

    file: Template
    arguments: tuple[tuple[Template, Template], ...]
    condition: Condition | None
    place: Place


@dataclass(frozen=True)
class ParameterFile:
    """<param from="file.yaml">."""

    path: Template


@dataclass(frozen=True)
class Parameter:
    """<param name= value= type=>, or one with nested <param> whose names are joined by dots."""

    name: Template
    value: Template | None
    type: str | None
    nested: tuple[Parameter, ...]
    place: Place


@dataclass(frozen=True)
class Execution:
    """What <node> and <executable> share. ``command`` is the text of `args` or `cmd`."""

    command: Template
    name: Template | None
    environment: tuple[tuple[Template, Template], ...]
    output: Template | None
    ends_launch: bool
    condition: Condition | None
    place: Place


@dataclass(frozen=True)
class Node:
    """<node>: a ROS executable with its name, namespace, parameters and remappings."""

    execution: Execution
    package: Template
    executable: Template
    namespace: Template | None
    parameters: tuple[Parameter | ParameterFile, ...]
    remaps: tuple[tuple[Template, Template], ...]


@dataclass(frozen=True)
class PushedNamespace:
    """<push_ros_namespace>: of the nodes after it, to the end of the group."""

    namespace: Template
    condition: Condition | None
    place: Place


@dataclass(frozen=True)
class CommonRemap:
    """<set_remap>: of the nodes after it, to the end of the group; stands before a node's own."""

    left: Template
    right: Template
    condition: Condition | None


Action = Argument | Assignment | Group | Include | Node | Execution | PushedNamespace | CommonRemap
