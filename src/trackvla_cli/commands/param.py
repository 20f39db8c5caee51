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


@app.command("set")
def set_parameter(node: str, name: str, value: str, timeout: float = TIMEOUT) -> None:
    """Change one value, written as in YAML; says why where the node refuses."""
    from trackvla_cli.ros.parameter_client import ParameterClient

    with ParameterClient(node, timeout) as client:
        client.set(name, value)
    print(f"{node} {name} = {value}")
