"""What the set-up decides and says before it installs anything."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def setup(monkeypatch):
    """scripts/setup.py as a module; the file of the same name in the root is colcon's."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    spec = importlib.util.spec_from_file_location("project_setup", SCRIPTS / "setup.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "project_setup", module)
    spec.loader.exec_module(module)
    return module


def test_on_this_machine_ros_comes_from_pypi_with_this_python(setup):
    plan = setup.make_plan(["dev"])
    assert (plan.ros, plan.groups) == ("pypi", ("base", "ros", "dev"))
    assert Path(plan.python).exists()


@pytest.mark.parametrize("machine", ["aarch64", "armv7l"])
def test_another_machine_is_told_that_it_needs_an_apt_ros(setup, monkeypatch, machine):
    monkeypatch.setattr(setup.platform, "machine", lambda: machine)
    with pytest.raises(setup.SetupError, match=f"on {machine}; install ROS 2 with apt"):
        setup.make_plan([])


def test_an_unfit_python_gives_way_to_a_fitting_one_on_the_path(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "PYTHONS", ("3.99", "3.98"))
    (tmp_path / "python3.98").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert setup.make_plan([]).python == str(tmp_path / "python3.98")
    (tmp_path / "python3.98").unlink()
    with pytest.raises(setup.SetupError, match="they need 3.98-3.99"):
        setup.make_plan([])


def test_a_sourced_ros_whose_python_has_no_rclpy_is_named(setup, monkeypatch):
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setattr(setup, "_can_import_rclpy", lambda _: False)
    with pytest.raises(setup.SetupError, match="source /opt/ros/jazzy/setup.bash"):
        setup.make_plan([])


def test_with_an_apt_ros_nothing_comes_from_pypis(setup, monkeypatch):
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setattr(setup, "_can_import_rclpy", lambda _: True)
    plan = setup.make_plan([])
    assert (plan.is_apt, plan.groups) == (True, ("base", "apt-ros"))


def test_a_failed_command_says_why_in_one_line(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "LOG", tmp_path / "setup.log")
    for said, reason in (
        ("x\nERROR: no such wheel\n", "ERROR: no such wheel"),
        ("NewConnectionError(...)", "check the network"),
    ):
        with pytest.raises(setup.SetupError, match=reason) as caught:
            setup._call([sys.executable, "-c", f"print({said!r}); raise SystemExit(1)"], "pip failed")
        assert "\n" not in str(caught.value)


def test_a_missing_part_is_named_with_the_command_that_installs_it(setup, monkeypatch):
    parts = setup.system_parts
    monkeypatch.setattr(parts.os, "geteuid", lambda: 1000)
    said: list[str] = []
    parts.provide([parts.Part("EGL", ("libegl1",), lambda: False, required=False)], said.append)
    assert "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1" in said[0]
    with pytest.raises(parts.MissingPartError, match="C compiler; type: .* g"):
        parts.provide([parts.Part("C compiler", ("g++",), lambda: False)], said.append)


# --- beside an apt ROS ---


def test_only_packages_that_no_sourced_prefix_has_are_built(setup, tmp_path, monkeypatch):
    """unitree_ros2's are taken where they are sourced; what we built ourselves is ours to keep fresh."""
    overlay = setup.overlay
    for prefix, name in (("unitree_ros2", "unitree_go"), ("install", "unitree_api")):
        index = tmp_path / prefix / "share/ament_index/resource_index/packages"
        index.mkdir(parents=True)
        (index / name).touch()
    assert overlay.lacking("") == ["unitree_api", "unitree_go", "vision_msgs"]
    prefixes = f"{tmp_path / 'unitree_ros2'}:{tmp_path / 'install'}"
    assert overlay.lacking(prefixes) == ["vision_msgs"]
    monkeypatch.setattr(overlay, "INSTALL", tmp_path / "install")
    assert overlay.lacking(prefixes) == ["unitree_api", "vision_msgs"]


def test_the_generators_run_by_the_python_they_were_installed_for(setup):
    command = setup.overlay.messages_command("/clone/.venv/bin/python", "/usr/bin/python3", ["unitree_go"])
    assert command[0] == "/clone/.venv/bin/python" and "-DPython3_EXECUTABLE=/usr/bin/python3" in command
    assert [word for word in command if word.endswith("interfaces/unitree_go")]


def test_arm64_is_not_asked_for_what_has_no_wheel_there(setup, monkeypatch):
    monkeypatch.setenv("ROS_DISTRO", "humble")
    monkeypatch.setattr(setup.platform, "machine", lambda: "aarch64")
    asked: list[str] = []
    for step in ("_make_venv", "_install_pins", "_build_overlay", "_install_project"):
        monkeypatch.setattr(setup, step, lambda *_: False)
    monkeypatch.setattr(setup, "_install_apart", lambda name, *_: bool(asked.append(name)))
    setup.run(setup.Plan("python3", "humble", ("base", "apt-ros", "dev")))
    assert asked == ["humble"]
    pins = (Path(setup.ROOT) / "requirements" / "dev.txt").read_text()
    assert 'cyclonedds==11.0.1; platform_machine == "x86_64"' in pins
