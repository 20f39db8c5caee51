"""`trackvla param`: parameters of running nodes, as `ros2 param` has them, for a ROS without ros2cli."""

from __future__ import annotations

import typer

app = typer.Typer(help="Look at and change parameters of running nodes.", no_args_is_help=True)

TIMEOUT = typer.Option(5.0, "--timeout", help="Seconds to wait for the node.")


@app.command("list")
def list_parameters(node: str, timeout: float = TIMEOUT) -> None:
    """Names and values of a node's parameters."""
    from trackvla_cli.ros.parameter_client import ParameterClient

    with ParameterClient(node, timeout) as client:
        for name, value in client.values(client.names()).items():
            print(f"{name}: {value!r}")


@app.command("get")
def get_parameter(node: str, name: str, timeout: float = TIMEOUT) -> None:
    """One value."""
    from trackvla_cli.ros.parameter_client import ParameterClient

    with ParameterClient(node, timeout) as client:
        print(client.values([name])[name])


@app.command("set", context_settings={"ignore_unknown_options": True})  # a value may begin with a minus
def set_parameter(node: str, name: str, value: str, timeout: float = TIMEOUT) -> None:
    """Change one value, in the parameter's own type: text as it is, numbers and true or false as in YAML."""
    from trackvla_cli.ros.parameter_client import ParameterClient

    with ParameterClient(node, timeout) as client:
        client.set(name, value)
    print(f"{node} {name} = {value}")
