"""`trackvla launch`: our ROS 2 launch files, with or without an apt ROS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from trackvla_cli.launch.actions import Argument
    from trackvla_cli.launch.resolver import Process


def launch(
    file: str = typer.Argument(..., help="A path, or one of our files: sim, video, robot, follow."),
    arguments: list[str] = typer.Argument(None, metavar="[NAME:=VALUE]...", help="Arguments of the file."),
    show_args: bool = typer.Option(False, "--show-args", "-s", help="Show the file's arguments and end."),
    show_commands: bool = typer.Option(False, "--print", "-p", help="Show the commands it would start and end."),
) -> None:
    """Run a ROS 2 XML launch file; Ctrl-C ends every node.

    Reads the files that `ros2 launch` reads. Unlike it, SIGTERM and even the death of the launcher end the nodes too.
    """
    from track_common.ros.environment import ros_environment
    from trackvla_cli.launch.files import find, run_folder
    from trackvla_cli.launch.resolver import arguments_of, resolve
    from trackvla_cli.launch.supervisor import Supervisor

    path, given, environment = find(file), parse_arguments(arguments or []), ros_environment()
    if show_args:
        _show_arguments(path, arguments_of(path, given, environment))
        return
    processes = resolve(path, given, environment)
    if show_commands:
        _show_processes(processes)
        return
    folder = run_folder()
    print(f"[launch] {path.name}: {len(processes)} processes, logs in {folder}", flush=True)
    raise typer.Exit(Supervisor(processes, folder).run())


def parse_arguments(words: list[str]) -> dict[str, str]:
    """`name:=value` words as a mapping.

    Raises:
        LaunchError: a word without `:=` or without a name.
    """
    from trackvla_cli.launch.element import LaunchError

    pairs = [word.partition(":=") for word in words]
    for word, (name, separator, _) in zip(words, pairs, strict=True):
        if not separator or not name:
            raise LaunchError(f"argument '{word}' is not of the form name:=value")
    return {name: value for name, _, value in pairs}


def _show_arguments(path: Path, arguments: list[Argument]) -> None:
    print(f"Arguments of {path.name} (pass them as name:=value):\n")
    for argument in arguments:
        default = "required" if argument.default_text is None else f"default: '{argument.default_text}'"
        choices = f"; one of {', '.join(argument.choices)}" if argument.choices else ""
        print(f"    {argument.name}  ({default}{choices})")
        print(f"        {argument.description or 'no description'}")


def _show_processes(processes: tuple[Process, ...]) -> None:
    import shlex
    import tempfile

    from trackvla_cli.launch.supervisor import command_line

    folder = Path(tempfile.mkdtemp(prefix="trackvla-launch-"))
    for process in processes:
        print(f"[{process.label}] {shlex.join(command_line(process, folder))}")
