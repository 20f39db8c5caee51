"""`trackvla launch` with real processes: how they end, and what is said about it. The fake nodes need no ROS."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.helpers.running_launch import is_running, wait_for

NODE = """
import os, signal, sys, time
if "stubborn" in sys.argv:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
if "parent" in sys.argv:
    import subprocess
    subprocess.Popen([sys.executable, __file__, "stubborn", sys.argv[-1]])
try:
    open(sys.argv[-1] + f"/{os.getpid()}", "w").close()
    time.sleep(0.3 if "brief" in sys.argv else 60)
except KeyboardInterrupt:
    print("stopped by Ctrl-C", flush=True)
sys.exit(3 if "failing" in sys.argv else 0)
"""


class Launch:
    """A running `trackvla launch` of fake nodes, one for each word of ``kinds``."""

    def __init__(self, folder: Path, kinds: str, prefix: str = "", attributes: str = "") -> None:
        self._pids = folder / "pids"
        self._pids.mkdir()
        self.folder = folder
        (folder / "node.py").write_text(NODE)
        nodes = "\n".join(
            f'<executable cmd="{sys.executable} {folder}/node.py {kind} {self._pids}" name="{kind}" output="screen" '
            f"{attributes}/>"
            for kind in kinds.split()
        )
        (folder / "fake.launch.xml").write_text(f"<launch>{nodes}</launch>")
        self._output = (folder / "output").open("w+")
        command = f"{prefix} exec {sys.executable} -m trackvla_cli.main launch {folder}/fake.launch.xml"
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "ROS_LOG_DIR": str(folder)},
            start_new_session=True,
        )
        self._wanted = len(kinds.split()) + kinds.count("parent")
        self.wait_for(lambda: len(self.pids) == self._wanted or self.process.poll() is not None)
        assert len(self.pids) == self._wanted, self.output

    @property
    def pids(self) -> list[int]:
        return sorted(int(path.name) for path in self._pids.iterdir())

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    def pid_of(self, name: str) -> int:
        found = re.search(rf"\[launch\] {name}-\d+ started, pid (\d+)", self.output)
        assert found is not None
        return int(found[1])

    def running(self) -> list[int]:
        return [pid for pid in self.pids if is_running(pid)]

    def wait_for(self, condition, seconds: float = 10.0) -> float:
        return wait_for(condition, seconds, lambda: f"something; the launch printed:\n{self.output}")


@pytest.fixture
def launch(tmp_path):
    started: list[Launch] = []

    def start(*arguments, **options) -> Launch:
        started.append(Launch(tmp_path, *arguments, **options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        for pid in one.running():
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_to_the_launcher_ends_every_child_cleanly(launch, number):
    run = launch("one two")
    run.process.send_signal(number)
    assert run.process.wait(5) == 0
    assert run.running() == []
    assert run.output.count("stopped by Ctrl-C") == 2


def test_ctrl_c_to_the_whole_process_group_ends_every_child_cleanly(launch):
    run = launch("one two")
    os.killpg(run.process.pid, signal.SIGINT)
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.process.wait(5) == 0
    assert run.running() == []
    assert run.output.count("stopped by Ctrl-C") == 2


def test_ctrl_c_works_where_the_shell_made_it_ignored(launch):
    run = launch("one", prefix="trap '' INT;")
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(5) == 0
    assert run.output.count("stopped by Ctrl-C") == 1


def test_death_of_the_launcher_ends_every_child_cleanly(launch):
    run = launch("one two")
    run.process.kill()
    run.process.wait()
    run.wait_for(lambda: run.running() == [], seconds=3.0)


def test_death_of_the_launcher_ends_even_what_ignores_signals_and_its_children(launch):
    run = launch("stubborn parent")
    run.process.kill()
    run.process.wait()
    run.wait_for(lambda: run.running() == [], seconds=8.0)


def test_node_that_ignores_signals_is_killed_and_named(launch):
    run = launch("stubborn one")
    run.process.terminate()
    run.process.wait(8)
    assert run.running() == []
    assert "still running, sent SIGKILL: stubborn-1" in run.output


def test_killed_node_is_named_within_half_a_second_and_the_others_go_on(launch):
    run = launch("one two")
    os.kill(run.pid_of("one"), signal.SIGKILL)
    assert run.wait_for(lambda: "one (pid" in run.output.split("died")[0] and "died" in run.output) < 0.5
    assert f"one (pid {run.pid_of('one')}) died: killed by signal 9 (SIGKILL)" in run.output
    assert run.running() == [run.pid_of("two")]
    run.process.terminate()
    assert run.process.wait(5) == 1


def test_what_a_dead_node_left_running_is_ended(launch):
    run = launch("parent two")
    os.kill(run.pid_of("parent"), signal.SIGKILL)
    run.wait_for(lambda: run.running() == [run.pid_of("two")])


def test_launch_ends_by_itself_when_all_nodes_have_ended(launch):
    run = launch("brief")
    assert run.process.wait(5) == 0
    assert "brief (pid" in run.output


def test_exit_code_tells_of_a_failed_node(launch):
    run = launch("brief failing", attributes="")
    os.kill(run.pid_of("failing"), signal.SIGINT)
    assert run.process.wait(5) == 1
    assert "died: exit code 3" in run.output


def test_end_of_a_node_with_on_exit_shutdown_ends_the_launch(launch):
    run = launch("one brief", attributes='on_exit="shutdown"')
    assert run.process.wait(5) == 0
    assert run.running() == []
    assert "stopped by Ctrl-C" in run.output


def test_reader_that_does_not_read_does_not_hang_the_launch(tmp_path):
    (tmp_path / "loud.launch.xml").write_text('<launch><executable cmd="yes" output="screen"/></launch>')
    command = [sys.executable, "-m", "trackvla_cli.main", "launch", str(tmp_path / "loud.launch.xml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "ROS_LOG_DIR": str(tmp_path)})
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    process.terminate()
    try:
        assert process.wait(8) == 0
    finally:
        process.kill()


def test_command_that_cannot_be_started_is_named_and_the_rest_is_ended(tmp_path):
    (tmp_path / "bad.launch.xml").write_text(
        '<launch><executable cmd="sleep 60" name="first"/><executable cmd="/no/such/thing"/></launch>'
    )
    command = [sys.executable, "-m", "trackvla_cli.main", "launch", str(tmp_path / "bad.launch.xml")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=10, env={**os.environ, "ROS_LOG_DIR": str(tmp_path)}
    )
    assert done.returncode == 2
    assert "thing-2: /no/such/thing cannot be started" in done.stderr
    assert "first (pid" in done.stdout
