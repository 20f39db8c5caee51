"""The reference pages, written from the code: parameters, topics, services, the command line and launch arguments.

`make docs` puts them under docs/reference/ of the site; `python scripts/docs/reference.py FOLDER` writes them to read.
Topics and services are described in docs/architecture.md, the one page that a person keeps; a name without a
description there is refused.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("parameters.md", "topics.md", "services.md", "cli.md", "launch_arguments.md")
NODE_ORDER = ("tracker", "planner", "controller", "bridge", "recovery", "robot_state", "simulator", "video", "recorder")
GRAPH_TIMEOUT = 300.0  # s; three on an idle core


class UndescribedError(RuntimeError):
    """The code has what the documentation does not describe; the message says what and where to write it."""


def main() -> None:
    """Write every page into the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(observed_graph()).items():
        (folder / name).write_text(text, encoding="utf-8")


def observed_graph() -> dict[str, list[dict[str, Any]]]:
    """Ends and settings of all nodes, from a process of their own: `scripts/docs/graph.py`.

    Raises:
        subprocess.CalledProcessError: the nodes cannot be made; its stderr says why.
    """
    command = [sys.executable, str(ROOT / "scripts" / "docs" / "graph.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=GRAPH_TIMEOUT, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def pages(graph: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Every reference page by its file name.

    Raises:
        UndescribedError: a topic or service that docs/architecture.md does not describe.
    """
    makers = (
        parameters_page(graph["settings"]),
        topics_page(graph["ends"], described("Topics")),
        services_page(graph["ends"], described("Services")),
        cli_page(),
        launch_page(),
    )
    return dict(zip(PAGES, makers, strict=True))


def described(title: str) -> dict[str, tuple[str, ...]]:
    """The rows of the table under ``## title`` of docs/architecture.md, by each name in its first column."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    part = re.split(r"^## ", text.split(f"\n## {title}", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    found: dict[str, tuple[str, ...]] = {}
    for line in part.partition("|---|")[2].splitlines()[1:]:
        cells = tuple(cell.strip() for cell in line.strip("|").split(" | "))
        if line.startswith("| ") and len(cells) > 2:
            linked = tuple(re.sub(r"\]\((?=\w)", "](../", cell) for cell in cells)  # the pages lie one folder deeper
            found.update({name.strip(" `"): linked for name in cells[0].split(",")})
    return found


def parameters_page(settings: Iterable[dict[str, Any]]) -> str:
    """A table for each node, and one for each prefix of its parameters."""
    tables: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for one in settings:
        prefix = one["name"].rpartition(".")[0]
        tables[one["node"]][prefix].append(one)
    lines = [
        "# Parameters",
        "",
        "`ros2 param set /controller max_linear_vel 0.5`, or `trackvla param set` without ros2cli, changes a parameter "
        "while the node runs. A parameter marked *start* is fixed at start: give it in a parameter file or as a launch "
        "argument. An empty range is open.",
    ]
    for node in sorted(tables, key=_node_rank):
        lines += ["", f"## {node}"]
        for prefix, ones in tables[node].items():
            lines += ["", *([f"### {node}: {prefix}", ""] if prefix else [])]
            lines += ["| parameter | default | unit | range | reason |", "|---|---|---|---|---|"]
            lines += [_parameter_row(one) for one in ones]
    return "\n".join(lines) + "\n"


def _parameter_row(one: dict[str, Any]) -> str:
    reason = one["reason"] + (" (*start*)" if one["is_fixed"] else "")
    cells = (f"`{one['name']}`", _default(one["default"]), one["unit"], _range(one), reason)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value != "" else "(empty)"


def _range(one: dict[str, Any]) -> str:
    if one["choices"]:
        return ", ".join(choice or "(empty)" for choice in one["choices"])
    low, high = one["low"], one["high"]
    if low is None and high is None:
        return ""
    return f"≤ {high:g}" if low is None else f"≥ {low:g}" if high is None else f"{low:g} to {high:g}"


def topics_page(ends: Iterable[dict[str, Any]], meanings: dict[str, tuple[str, ...]]) -> str:
    """Every topic with its type, its publishers and subscribers and their QoS, and what it carries.

    Raises:
        UndescribedError: a topic without a row in ``meanings``.
    """
    topics: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for end in ends:
        if end["kind"] != "serves":
            topics[end["name"]].append(end)
    _refuse_unknown("topic", topics, meanings)
    lines = [
        "# Topics",
        "",
        "Names are relative: `namespace:=go2_a` puts them into `/go2_a`. Names with a slash are absolute. QoS is "
        "reliability and depth; *latched* is transient local. Topics of an operator have three subscribers each, so "
        "that every publisher is heard.",
        "",
        "| topic | type | published by | subscribed by | meaning |",
        "|---|---|---|---|---|",
    ]
    for name in sorted(topics):
        types = " or ".join(sorted({end["type"] for end in topics[name]}))
        sides = (_side(topics[name], "publishes"), _side(topics[name], "subscribes"))
        cells = (f"`{name}`", types, *sides, meanings[name][-1])
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _side(ends: Iterable[dict[str, Any]], kind: str) -> str:
    nodes: dict[str, list[str]] = defaultdict(list)
    for end in ends:
        if end["kind"] == kind and end["qos"] not in nodes[end["node"]]:
            nodes[end["node"]].append(end["qos"])
    texts = [f"{node} ({qos[0] if len(qos) == 1 else 'any'})" for node, qos in nodes.items() if qos]
    return "; ".join(texts)


def services_page(ends: Iterable[dict[str, Any]], meanings: dict[str, tuple[str, ...]]) -> str:
    """Every service and action with its node, its type and what a call does.

    Raises:
        UndescribedError: a service without a row in ``meanings``.
    """
    services = [end for end in ends if end["kind"] == "serves"]
    _refuse_unknown("service", [end["name"] for end in services], meanings)
    lines = ["# Services and actions", "", "| name | node | type | a call |", "|---|---|---|---|"]
    for end in services:
        cells = (f"`{end['name']}`", end["node"], end["type"], meanings[end["name"]][-1])
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    actions = {name: cells for name, cells in meanings.items() if "/action/" in cells[1]}
    lines += [f"| `{name}` | recovery | {cells[1]} | {_cell(cells[-1])} |" for name, cells in actions.items()]
    return "\n".join(lines) + "\n"


def _refuse_unknown(kind: str, names: Iterable[str], meanings: dict[str, tuple[str, ...]]) -> None:
    unknown = sorted({name for name in names if name not in meanings})
    if unknown:
        raise UndescribedError(
            f"docs/architecture.md describes no {kind} {', '.join(unknown)}; add a row under '## {kind.title()}s'"
        )


def cli_page() -> str:
    """Every command of `trackvla` with its arguments and options."""
    import typer

    from trackvla_cli.main import app

    lines = [
        "# The command trackvla",
        "",
        "`trackvla COMMAND --help` shows the same. Exit codes: 0 done, 1 failed, 2 a wrong command line, "
        "130 interrupted.",
    ]
    for name, command in _commands("trackvla", typer.main.get_command(app)):
        lines += ["", f"## {name}", "", *_command_help(command)]
    return "\n".join(lines) + "\n"


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command without commands of its own, by its whole name."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield name, command
        return
    for key, subcommand in subcommands.items():
        yield from _commands(f"{name} {key}", subcommand)


def _command_help(command: Any) -> list[str]:
    summary = re.sub(r"\s*\n\s*", " ", (command.help or "").split("\f")[0].strip())
    lines = [_cell(summary), "", "| argument or option | default | meaning |", "|---|---|---|"]
    rows = [_option_row(parameter) for parameter in command.params if parameter.name not in ("help", "debug")]
    return [*lines, *rows] if rows else lines[:1]


def _option_row(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    name = ", ".join((*parameter.opts, *parameter.secondary_opts)) if is_option else parameter.name.upper()
    default = "required" if parameter.required else parameter.default
    is_empty = default in (None, "", (), []) or callable(default)
    shown = "" if is_empty else str(default).lower() if isinstance(default, bool) else str(default)
    return f"| `{name}` | {_cell(shown)} | {_cell(getattr(parameter, 'help', None) or '')} |"


def launch_page() -> str:
    """Every argument of every launch file."""
    from track_common.ros.environment import ros_environment
    from trackvla_cli.launch.files import own_files
    from trackvla_cli.launch.resolver import arguments_of

    lines = ["# Launch arguments", "", "`ros2 launch trackvla_ros FILE.launch.xml NAME:=VALUE`, or `trackvla launch`."]
    for name, path in own_files().items():
        lines += ["", f"## {name}.launch.xml", "", "| argument | default | choices | meaning |", "|---|---|---|---|"]
        for argument in arguments_of(path, {}, ros_environment()):
            default = "required" if argument.default_text is None else f"`{argument.default_text}`"
            choices = [choice for choice in argument.choices if choice not in ("True", "False")]
            meaning = re.sub(r"\s+", " ", argument.description or "")
            cells = (f"`{argument.name}`", default if default != "``" else "(empty)", ", ".join(choices), meaning)
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that stays within its cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ").replace(str(ROOT), "").replace("<", "&lt;")


def _node_rank(node: str) -> int:
    return NODE_ORDER.index(node) if node in NODE_ORDER else len(NODE_ORDER)


if __name__ == "__main__":
    main()
