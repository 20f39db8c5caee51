"""The commands that the documentation tells people to type exist, with every option they are given."""

import re
from pathlib import Path

import pytest
import typer

from trackvla_cli.launch.files import own_files
from trackvla_cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
ROOT_COMMAND = typer.main.get_command(app)


def code_of(page: Path) -> list[str]:
    """Lines of code blocks, joined where they end with a backslash, and code within text."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return [*indented, *(line for block in blocks for line in block.splitlines()), *re.findall(r"`([^`\n]+)`", text)]


def commands_of(page: Path) -> list[list[str]]:
    """Words of each call of `trackvla`, without comments and without what follows it in the shell."""
    calls = []
    for line in code_of(page):
        match = re.match(r"(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?trackvla (.+)", line.strip())
        if match:
            calls.append(re.split(r"\s#|[;&|>]", match.group(1))[0].split())
    return calls


def resolved(words: list[str]) -> tuple[object, list[str]]:
    """The command that the words name, and its arguments."""
    command, rest = ROOT_COMMAND, list(words)
    while getattr(command, "commands", None) and rest:
        known = command.commands
        if rest[0] not in known:
            raise LookupError(f"`trackvla {' '.join(words)}`: there is no '{rest[0]}' but {', '.join(known)}")
        command = known[rest.pop(0)]
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_exists(page):
    for words in commands_of(page):
        if not words[0].isidentifier():  # a placeholder, such as COMMAND or …
            continue
        if words[0].isupper():
            continue
        command, rest = resolved(words)
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert given <= options | {"--help"}, f"{page.name}: `trackvla {' '.join(words)}` has no {given - options}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_launch_file_make_target_and_script_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in code_of(page):
        for file in re.findall(r"(?:ros2 launch trackvla_ros|trackvla launch) ([\w.]+)", line):
            assert file.removesuffix(".launch.xml") in {*own_files(), "FILE"}, f"{page.name}: {line}"
        for target in re.findall(r"^make ([a-z-]+(?: [a-z-]+)*)", line):
            assert set(target.split()) <= targets, f"{page.name}: {line}"
        for script in re.findall(r"python3? ((?:scripts|benchmarks)/\S+\.py)", line):
            assert (ROOT / script).is_file(), f"{page.name}: {line}"
