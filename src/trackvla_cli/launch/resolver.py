"""Actions and arguments -> the processes to start, in order; reads included files, starts nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from track_common.config import ConfigError, suggest
from track_common.parameter_files import require_file
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
from trackvla_cli.launch.element import LaunchError, Place
from trackvla_cli.launch.namespaces import combine
from trackvla_cli.launch.packages import Packages
from trackvla_cli.launch.parameters import Value, typed
from trackvla_cli.launch.reader import declared, read
from trackvla_cli.launch.substitutions import Scope, Template, expand

OUTPUTS = ("log", "screen", "both")
CONDITION_WORDS = {"true": True, "1": True, "false": False, "0": False}
"""The only words the official launch takes for `if` and `unless`, in any case."""


@dataclass(frozen=True)
class RosArguments:
    """What follows `--ros-args`; ``parameters`` holds files and sets of values, in the order they apply."""

    name: str | None
    namespace: str | None
    parameters: tuple[Path | dict[str, Value], ...]
    remaps: tuple[tuple[str, str], ...]

    @property
    def parameter_key(self) -> str:
        """Which node a written parameter file names: the full name where it is known, else every node."""
        if self.name is None or self.namespace is None:
            return "/**"
        return f"{self.namespace.rstrip('/')}/{self.name}"


@dataclass(frozen=True)
class Process:
    """One process to start. ``label`` is unique in the launch, `tracker-1`; ``output`` is log, screen or both."""

    label: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    output: str
    ends_launch: bool
    ros: RosArguments | None


def resolve(path: Path, arguments: Mapping[str, str], environment: Mapping[str, str]) -> tuple[Process, ...]:
    """The processes a launch file asks for.

    Args:
        path: an XML launch file.
        arguments: what the user typed as name:=value.
        environment: environment variables of the processes before <set_env> and <env>.

    Raises:
        LaunchError: unknown argument, or anything in the files that cannot be done.
    """
    known = {argument.name for argument in arguments_of(path, arguments, environment)}
    for name in arguments:
        if name not in known:
            raise LaunchError(f"{path.name} has no argument '{name}'; {suggest(name, known)}")
    run = _Run(arguments, environment)
    run.file(path)
    return tuple(run.processes)


def arguments_of(path: Path, given: Mapping[str, str], environment: Mapping[str, str]) -> list[Argument]:
    """Every argument a user may give: those of the file and, as they are visible too, of the files it includes.

    An include whose file name depends on a value not yet known is left out.

    Args:
        path: launch file.
        given: arguments that are known already.
        environment: as ``os.environ``.
    """
    run = _Run(given, environment)
    found: dict[str, Argument] = {}
    _collect((path.resolve(),), run, found, frozenset())
    return list(found.values())


def _collect(files: tuple[Path, ...], run: _Run, found: dict[str, Argument], fixed: frozenset[str]) -> None:
    """Arguments of the last of ``files`` (each included by the one before it) except the ``fixed`` ones."""
    actions = read(files[-1])
    for argument in declared(actions):
        if argument.name not in fixed:
            found.setdefault(argument.name, argument)
    for include in _includes(actions):
        try:
            file, names = Path(run.text(include.file)).resolve(), [run.text(name) for name, _ in include.arguments]
        except LaunchError:
            continue
        if file.suffix == ".xml" and file not in files:
            _collect((*files, file), run, found, fixed.union(names))


def _includes(actions: tuple[Action, ...]) -> list[Include]:
    nested = [include for action in actions if isinstance(action, Group) for include in _includes(action.actions)]
    return [action for action in actions if isinstance(action, Include)] + nested


class _Run:
    """One pass over the actions with the configurations and environment they change."""

    def __init__(self, arguments: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self.processes: list[Process] = []
        self._configurations = dict(arguments)
        self._environment = dict(environment)
        self._pushed_namespace: str | None = None
        self._common_remaps: tuple[tuple[str, str], ...] = ()
        self._open_files: list[Path] = []

    def text(self, template: Template) -> str:
        packages = Packages(self._environment)
        return expand(template, Scope(self._configurations, self._environment, packages.share))

    def file(self, path: Path) -> None:
        if path.resolve() in self._open_files:
            raise LaunchError(f"{path} includes itself")
        self._open_files.append(path.resolve())
        self._actions(read(path))
        self._open_files.pop()

    def _actions(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            condition = action.execution.condition if isinstance(action, Node) else action.condition
            if condition is None or self._holds(condition):
                self._act(action)

    def _act(self, action: Action) -> None:
        if isinstance(action, Argument):
            self._argument(action)
        elif isinstance(action, Assignment):
            target = self._environment if action.is_environment else self._configurations
            target[self.text(action.name)] = self.text(action.value)
        elif isinstance(action, PushedNamespace):
            self._pushed_namespace = combine(self._pushed_namespace, self.text(action.namespace), action.place)
        elif isinstance(action, CommonRemap):
            self._common_remaps += ((self.text(action.left), self.text(action.right)),)
        elif isinstance(action, Group):
            self._group(action)
        elif isinstance(action, Include):
            self._include(action)
        elif isinstance(action, Node):
            self.processes.append(self._node(action))
        else:
            self.processes.append(self._executable(action))

    def _holds(self, condition: Condition) -> bool:
        word = self.text(condition.text).strip().lower()
        if word not in CONDITION_WORDS:
            raise LaunchError(f"{condition.text.place}: condition is '{word}'; wanted true, false, 1 or 0")
        return CONDITION_WORDS[word] is not condition.negated

    def _argument(self, action: Argument) -> None:
        if action.name not in self._configurations:
            if action.default is None:
                what = f" ({action.description})" if action.description else ""
                raise LaunchError(
                    f"{action.place}: argument '{action.name}'{what} is required; type {action.name}:=..."
                )
            self._configurations[action.name] = self.text(action.default)
        value = self._configurations[action.name]
        if action.choices and value not in action.choices:
            raise LaunchError(f"argument '{action.name}' is '{value}'; {suggest(value, action.choices)}")

    def _group(self, action: Group) -> None:
        before = dict(self._configurations), dict(self._environment)
        names = self._pushed_namespace, self._common_remaps
        self._actions(action.actions)
        if action.scoped:
            self._configurations, self._environment = before
            self._pushed_namespace, self._common_remaps = names

    def _include(self, action: Include) -> None:
        path = Path(self.text(action.file))
        for name, value in action.arguments:
            self._configurations[self.text(name)] = self.text(value)
        self.file(path)

    def _executable(self, action: Execution) -> Process:
        words = self._words(action.command)
        if not words:
            raise LaunchError(f"{action.place}: <executable> has an empty cmd")
        name = self.text(action.name) if action.name else Path(words[0]).name
        return self._process(action, name, tuple(words), None)

    def _node(self, action: Node) -> Process:
        executable = self.text(action.executable)
        path = Packages(self._environment).executable(self.text(action.package), executable)
        name = self.text(action.execution.name) if action.execution.name else None
        own = self.text(action.namespace) if action.namespace else None
        ros = RosArguments(
            name=name,
            namespace=combine(self._pushed_namespace, own, action.execution.place),
            parameters=self._parameters(action),
            remaps=(*self._common_remaps, *((self.text(left), self.text(right)) for left, right in action.remaps)),
        )
        return self._process(action.execution, name or executable, (path, *self._words(action.execution.command)), ros)

    def _process(self, action: Execution, name: str, command: tuple[str, ...], ros: RosArguments | None) -> Process:
        output = self.text(action.output) if action.output else "log"
        if output not in OUTPUTS:
            raise LaunchError(f"{action.place}: output is '{output}'; {suggest(output, OUTPUTS)}")
        added = {self.text(key): self.text(value) for key, value in action.environment}
        label = f"{name}-{len(self.processes) + 1}"
        return Process(label, command, {**self._environment, **added}, output, action.ends_launch, ros)

    def _parameters(self, action: Node) -> tuple[Path | dict[str, Value], ...]:
        sources: list[Path | dict[str, Value]] = []
        for parameter in action.parameters:
            if isinstance(parameter, ParameterFile):
                sources.append(self._parameter_file(parameter))
                continue
            last = sources[-1] if sources else None
            if isinstance(last, dict):
                last.update(self._values(parameter))
            else:
                sources.append(self._values(parameter))
        return tuple(sources)

    def _parameter_file(self, parameter: ParameterFile) -> Path:
        path = Path(self.text(parameter.path)).absolute()
        try:
            require_file(path)
        except ConfigError as error:
            raise LaunchError(f"{parameter.path.place}: {error}") from error
        return path

    def _values(self, parameter: Parameter, prefix: str = "") -> dict[str, Value]:
        name = prefix + self.text(parameter.name)
        if parameter.value is not None:
            return {name: typed(self.text(parameter.value), parameter.type, parameter.place)}
        return {key: value for child in parameter.nested for key, value in self._values(child, name + ".").items()}

    def _words(self, template: Template) -> list[str]:
        """Words of a command line; what a substitution gives is never split, text beside it sticks to it."""
        words: list[str] = []
        is_open = False
        for part in template.parts:
            text = part if isinstance(part, str) else self.text(Template((part,), template.place))
            tokens = _split(text, template.place) if isinstance(part, str) else [text]
            if isinstance(part, str) and text[:1].isspace():
                is_open = False
            if is_open and tokens:
                words[-1] += tokens.pop(0)
            words += tokens
            is_open = not isinstance(part, str) or not text[-1:].isspace()
        return words


def _split(text: str, place: Place) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise LaunchError(f"{place}: command line '{text}': {error}") from error
