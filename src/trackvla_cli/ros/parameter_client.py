"""Asks one running node for its parameters through the standard services; every wait has the same deadline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import rclpy
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.utilities import try_shutdown

from track_common.config import suggest
from track_common.ros.question import Question
from trackvla_cli.launch.element import LaunchError, Place
from trackvla_cli.launch.parameters import typed


class ParameterClientError(RuntimeError):
    """The node is not there, does not answer or refuses; the message says which and why."""


class ParameterClient:
    """A short-lived node; use as a context manager."""

    def __init__(self, node: str, timeout: float) -> None:
        """``node`` is the other node's name, with or without the leading slash; ``timeout`` in seconds."""
        self._target = "/" + node.strip("/")
        self._deadline = time.monotonic() + timeout
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("trackvla_param", context=self._context, enable_rosout=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def __enter__(self) -> ParameterClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def names(self) -> list[str]:
        """Names of all parameters, sorted."""
        return sorted(self._call(ListParameters, "list_parameters", ListParameters.Request()).result.names)

    def values(self, names: Sequence[str]) -> dict[str, Any]:
        """Values by name.

        Raises:
            ParameterClientError: the node has no such parameter; names the nearest it has.
        """
        response = self._call(GetParameters, "get_parameters", GetParameters.Request(names=list(names)))
        values = dict(zip(names, (parameter_value_to_python(value) for value in response.values), strict=False))
        for name in names:
            if values.get(name) is None:
                raise ParameterClientError(f"{self._target} has no parameter '{name}'; {suggest(name, self.names())}")
        return values

    def set(self, name: str, text: str) -> None:
        """Change one parameter; ``text`` is read as the type the parameter has.

        Raises:
            ParameterClientError: no such parameter, a text not of its type, or the node refuses; with the reason.
        """
        value = value_from(text, self.values([name])[name], name)
        message = Parameter(name, value=value).to_parameter_msg()
        response = self._call(SetParameters, "set_parameters", SetParameters.Request(parameters=[message]))
        if not response.results[0].successful:
            reason = response.results[0].reason.rstrip(".")
            raise ParameterClientError(
                f"{self._target} refused {name} = {text}: {reason}; {name}: {self._describe(name)}"
            )

    def _describe(self, name: str) -> str:
        response = self._call(DescribeParameters, "describe_parameters", DescribeParameters.Request(names=[name]))
        described = response.descriptors[0]
        bounds = f" {described.additional_constraints}" if described.additional_constraints else ""
        return f"{described.description}{bounds}"

    def _call(self, kind: Any, service: str, request: Any) -> Any:
        client = self._node.create_client(kind, f"{self._target}/{service}")
        while not client.service_is_ready():
            self._check_time("is not there", f"; running: {', '.join(self._running()) or 'none'}")
            time.sleep(0.02)
        question = Question(client, request)
        while not question.is_answered:
            self._check_time("is there but does not answer")
            self._executor.spin_once(timeout_sec=0.05)
        return question.answer

    def _check_time(self, what: str, hint: str = "") -> None:
        if time.monotonic() > self._deadline:
            raise ParameterClientError(f"node {self._target} {what}{hint}")

    def _running(self) -> list[str]:
        found = self._node.get_node_names_and_namespaces()
        return sorted({f"{space.rstrip('/')}/{name}" for name, space in found if name != self._node.get_name()})


def value_from(text: str, current: Any, name: str) -> Any:
    """A value in the type of ``current``: for a string any text stands for itself, for the rest it is read as YAML.

    Args:
        text: as the user typed it.
        current: value of the parameter, which has the type.
        name: of the parameter, for the message.

    Raises:
        ParameterClientError: a text that is no value of that type.
    """
    if isinstance(current, str):
        return text
    try:
        value = typed(text, None, Place(Path("value"), 1))
    except LaunchError:
        value = text
    if isinstance(current, float) and not isinstance(value, bool):
        value = _number(value)
    if type(value) is not type(current):
        raise ParameterClientError(f"{name} = {text}: wanted {type(current).__name__}, as in {current!r}")
    return value


def _number(value: Any) -> Any:
    """An integer, or a text as 1e-3 which YAML does not take for a number, as a float; anything else as it is."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
