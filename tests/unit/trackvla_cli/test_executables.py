"""Each executable ends with one line where a package it needs is missing, or where Ctrl-C comes while it imports."""

import importlib.util
import subprocess
import sys

import pytest

from trackvla_cli import executables


def run_without(module: str, executable: str, exception: str = "ModuleNotFoundError") -> subprocess.CompletedProcess:
    """Run an executable in a Python that cannot import ``module``."""
    code = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "{module}":
            raise {exception}("No module named '{module}'")
sys.meta_path.insert(0, Missing())
from trackvla_cli.executables import {executable}
{executable}()
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("executable", "module"), [("tracker_node", "vision_msgs"), ("trackvla", "typer")])
def test_a_missing_package_ends_an_executable_in_one_line(executable, module):
    done = run_without(module, executable)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: No module named '{module}'; type `") and done.stderr.count("\n") == 1


def test_ctrl_c_while_a_node_imports_is_one_line():
    done = run_without("vision_msgs", "tracker_node", exception="KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "interrupted while it was starting\n")


def test_every_executable_names_a_module_that_is_there():
    assert all(importlib.util.find_spec(module) for module in executables.MODULES.values())
    with pytest.raises(AttributeError, match="no executable 'trakker_node'; it has bridge_node"):
        _ = executables.trakker_node
