"""The rules of docs/architecture.md, read from the source: who may import whom, and how long things may get."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
LOWER = {  # package: what it may import of ours
    "track_common": set(),
    "vlt_ros": {"track_common"},
    "trackvla_ros": {"track_common"},
    "go2_bridge": {"track_common"},
    "evt_bench": {"track_common", "vlt_ros", "trackvla_ros", "go2_bridge"},
    "trackvla_cli": {"track_common", "vlt_ros", "trackvla_ros", "go2_bridge", "evt_bench"},
}
ROS_FOLDERS = {"nodes", "ros"}
TORCH_FOLDERS = {"model", "training", "search", "server"}
TORCH_FILES = {"policy.py", "tracker.py"}
TORCH = {"torch", "torchvision", "transformers", "diffusers", "timm", "accelerate"}
HEAVY = TORCH | {"rclpy", "mujoco", "cv2", "onnxruntime", "matplotlib", "scipy", "av", "numpy"}
MAX_FILE, MAX_FUNCTION = 300, 50  # lines

FILES = sorted(path for path in SRC.rglob("*.py") if ".egg-info" not in str(path))


def name_of(path: Path) -> str:
    return str(path.relative_to(SRC))


def imported(path: Path) -> Iterator[str]:
    """Modules a file imports anywhere, also inside functions, but not those for type checkers only."""
    yield from _imported(ast.parse(path.read_text()))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")):
            yield from _imported(child)


def is_ros(module: str) -> bool:
    root = module.split(".")[0]
    is_messages = root.endswith("_msgs") or root.endswith("_interfaces") or root in {"unitree_api", "unitree_go"}
    return root in {"rclpy", "ament_index_python", "std_srvs", "tf2_py", "tf2_ros", "cv_bridge"} or is_messages


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_one_way(path):
    package = path.relative_to(SRC).parts[0]
    ours = {module.split(".")[0] for module in imported(path)} & set(LOWER)
    assert ours - {package} <= LOWER[package]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_ros_stays_in_nodes_and_ros_folders(path):
    if not ROS_FOLDERS & set(path.relative_to(SRC).parts):
        assert [module for module in imported(path) if is_ros(module)] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_torch_stays_with_the_models(path):
    parts = set(path.relative_to(SRC).parts)
    if not TORCH_FOLDERS & parts and path.name not in TORCH_FILES:
        assert [module for module in imported(path) if module.split(".")[0] in TORCH] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_thread_is_a_worker(path):
    """A bare thread that raises ends without a word; ``track_common.worker.Worker`` says so and starts again."""
    made = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    threads = [n.lineno for n in made if ast.unparse(n.func) in {"threading.Thread", "Thread"}]
    assert threads == [] or name_of(path) == "track_common/worker.py"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_stay_short(path):
    """Docstrings do not count: they may be as long as they need to be."""
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    assert [f.name for f in functions if body_length(f) > MAX_FUNCTION] == []


def body_length(function: "ast.FunctionDef | ast.AsyncFunctionDef") -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_command_line_starts_without_anything_heavy():
    code = "import sys, trackvla_cli.main; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert set(done.stdout.split()) & HEAVY == set()


def test_the_rules_see_what_they_forbid(tmp_path):
    """Were the reading of imports broken, every rule above would hold."""
    path = tmp_path / "sample.py"
    path.write_text(
        "def f():\n    import torch\n    from sensor_msgs.msg import Image\nif TYPE_CHECKING:\n    import rclpy\n"
    )
    assert list(imported(path)) == ["torch", "sensor_msgs.msg"]
