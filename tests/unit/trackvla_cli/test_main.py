"""The command line from outside: exit codes, one-line errors, suggestions, and a start that imports nothing heavy."""

import os
import subprocess
import sys

import pytest


def run(*words, timeout=30):
    return subprocess.run(
        [sys.executable, "-m", "trackvla_cli.main", *words], capture_output=True, text=True, timeout=timeout
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["lanch"], 2, "Did you mean 'launch'"),
        (["launch", "simm"], 2, "trackvla: launch file 'simm' not found; did you mean 'sim'?"),
        (["launch", "sim", "sede:=1"], 2, "has no argument 'sede'; did you mean 'seed'?"),
        (["launch", "sim", "seed=1"], 2, "argument 'seed=1' is not of the form name:=value"),
        (["launch", "sim", "--print", "record:=yes"], 2, "argument 'record' is 'yes'; known: False, True, false, true"),
        (["info", "box_sarvo"], 2, "did you mean 'box_servo'?"),
        (["bench", "follow", "--seeds", "1-x"], 2, "not of the form 1000-1049"),
        (["bench", "control", "--lidar", "l2"], 2, "lidar 'l2'; there are: l1, mid360"),
        (["bench", "control", "--only", "bond"], 2, "no row's name holds 'bond'; there are: band + stop layer;"),
        (["track", "/no/such/video.mp4", "-i", "the man"], 1, "/no/such/video.mp4"),
        (["track", "v.mp4", "-i", "stop following her"], 2, "trackvla: asked to stop: 'stop following her'"),
        (["track", "v.mp4", "-i", "the man in a reed shirt"], 2, "'reed' is not known; did you mean 'red'?"),
        (["track", "v.mp4", "--tracker", "grouded"], 2, "did you mean 'grounded'?"),
        (["track", "v.mp4", "--box", "1,2"], 2, "wanted four numbers"),
        (["score", "/no/such/bag"], 1, "/no/such/bag"),
        (["score", "bag", "--topic", "odom"], 2, "not of the form ROLE=TOPIC"),
    ],
)
def test_mistakes_are_told_without_a_traceback(words, code, said):
    done = run(*words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_debug_shows_where_an_error_comes_from():
    done = run("--debug", "launch", "simm")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_missing_extra_is_named_with_what_to_type():
    program = "import sys; sys.modules['torch'] = None; from trackvla_cli.main import main; main()"
    words = [sys.executable, "-c", program, "model", "heads"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (
        1,
        "trackvla: this needs torch, which is not installed; type `make setup-models`\n",
    )


def test_help_imports_nothing_heavy():
    program = (
        "import sys, trackvla_cli.main; "
        "print([m for m in ('numpy', 'rclpy', 'cv2', 'mujoco', 'onnxruntime', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_info_lists_what_may_be_chosen_and_shows_settings_with_units():
    assert {"grounded", "box_servo", "sim"} <= set(run("info").stdout.replace(",", " ").split())
    assert "m/s" in run("info", "controller").stdout


def test_show_args_lists_the_arguments_of_included_files():
    listed = run("launch", "sim", "--show-args").stdout
    assert "seed  (default: '0')" in listed
    assert "policy  (default: 'box_servo')" in listed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_text_a_terminal_lacks_is_printed_as_code_points(encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "trackvla_cli.main", "launch", "跟着.launch.xml"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stderr.startswith(r"trackvla: launch file '\u8ddf\u7740.launch.xml' not found")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_shown_commands_hold_any_text_on_any_terminal(encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "trackvla_cli.main", "launch", "sim", "--print", "image:=跟着"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"image_raw:=\u8ddf\u7740" in done.stdout
