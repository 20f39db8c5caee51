"""What is installed, which ROS it is, what is missing and what to type; reads and tries things, changes nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from track_common.ros.environment import FAST_DDS_PROFILE, has_apt_ros, ros_environment
from track_common.ros.variables import faults
from track_common.share import share_directory

OK, MISSING, OPTIONAL = "ok", "missing", "optional"
SETUP = "make setup"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
MIN_SHARED_MEMORY = 256 << 20  # bytes; seven nodes with a Fast DDS segment of 32 MB each
HASHES = {  # one type of each package PyPI's ROS lacks: another hash, and nodes with the real package would not hear us
    "vision_msgs/msg/Detection2DArray": "RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968",
    "tf2_msgs/msg/TFMessage": "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087",
    "unitree_api/msg/Request": "RIHS01_60dda80d19538b06c8f79b77222b1b7642dd753b8439a6bd535ff0cba08c5378",
    "unitree_go/msg/SportModeState": "RIHS01_814b4692a904d586a0c6fe49ce344480434364d0fb410d06df2986a16e79fcd4",
}
DISCOVERY = 2.0  # s until running nodes have been found
RMW_CODE = "from rclpy.utilities import get_rmw_implementation_identifier as f; print(f())"
GRAPH_CODE = f"""
import time, rclpy
from track_common.ros.topic_check import mismatches_in_graph
rclpy.init(); node = rclpy.create_node("doctor"); time.sleep({DISCOVERY})
print("; ".join(mismatches_in_graph(node)) or "-")
"""
RENDER_CODE = """
import mujoco, time
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><light pos='0 0 3'/><geom size='1'/></worldbody></mujoco>")
data = mujoco.MjData(model); mujoco.mj_forward(model, data)
renderer = mujoco.Renderer(model, 240, 320); renderer.update_scene(data); renderer.render()
start = time.perf_counter(); picture = renderer.render()
assert picture.any(), "the picture is black"
print(f"{1e3 * (time.perf_counter() - start):.1f} ms for 320x240")
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``status`` is ok, missing or optional, ``remedy`` the command that helps."""

    name: str
    status: str
    detail: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Look at everything, quickest first; takes a few seconds."""
    findings = [
        _python(),
        _machine(),
        *_variables(),
        _ros(),
        *(_interface(name) for name in HASHES),
        _shared_memory(),
        _profile(),
    ]
    findings += [
        _library("onnxruntime"),
        _library("mujoco"),
        _library("opencv-contrib-python-headless", "cv2"),
        _library("av"),
    ]
    findings += [_weights(), _rendering(), _torch(), _camera_driver(), _topics()]
    return findings


def report(findings: list[Finding]) -> int:
    """Print a line each, commands unbroken; returns the exit code, 1 where something needed is missing."""
    from rich.console import Console

    console = Console(highlight=False)
    colours = {OK: "green", MISSING: "red", OPTIONAL: "yellow"}
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        status = f"[{colours[finding.status]}]{finding.status:8}[/]"
        console.print(f"{status} {finding.name:{width}}  {finding.detail}", soft_wrap=True)
        if finding.remedy:
            console.print(f"{'':{width + 9}}  type: {finding.remedy}", soft_wrap=True, markup=False)
    return int(any(finding.status == MISSING for finding in findings))


def _python() -> Finding:
    found = platform.python_version()
    if has_apt_ros() or found.rpartition(".")[0] in PYTHONS:
        return Finding("Python", OK, f"{found} at {sys.executable}")
    return Finding("Python", MISSING, f"{found}; wanted {PYTHONS[0]} to {PYTHONS[-1]}", f"PYTHON=python3.12 {SETUP}")


def _machine() -> Finding:
    machine = platform.machine()
    if machine == "x86_64" or has_apt_ros():
        return Finding("machine", OK, f"{machine}, {os.cpu_count()} cores")
    return Finding("machine", MISSING, f"{machine}: PyPI's ROS is for x86_64", "source /opt/ros/jazzy/setup.bash")


def _ros() -> Finding:
    kind = f"{os.environ['ROS_DISTRO']} from apt" if has_apt_ros() else "Jazzy from PyPI"
    works, said = _run(RMW_CODE)
    if works:
        return Finding("ROS 2", OK, f"{kind}, {said}")
    return Finding("ROS 2", MISSING, f"rclpy cannot be used: {said}", "" if faults(os.environ) else SETUP)


def _variables() -> list[Finding]:
    """Variables that keep nodes from starting or from finding one another."""
    prefixes = ros_environment().get("AMENT_PREFIX_PATH", "")
    lines = faults(os.environ, prefixes)
    if not lines:
        return [Finding("environment", OK, f"ROS_DOMAIN_ID {os.environ.get('ROS_DOMAIN_ID') or 0}")]
    return [Finding("environment", MISSING, *line.removesuffix("`").split("; type `")) for line in lines]


def _topics() -> Finding:
    """Of the nodes that run now in this domain."""
    works, said = _run(GRAPH_CODE)
    if not works:
        return Finding("topics", OPTIONAL, f"could not be looked at: {said}")
    if said == "-":
        return Finding("topics", OK, "each publisher in this domain is heard by those who listen to its topic")
    return Finding("topics", MISSING, said)


def _interface(name: str) -> Finding:
    """The type description beside a built package holds its hash; Humble's packages have none."""
    package = name.split("/")[0]
    described = _in_ament_index(f"share/{name}.json")
    if described is None and _in_ament_index(f"share/{package}/package.xml") is not None:
        return Finding(package, OK, "installed; this ROS has no type hashes")
    if described is None:
        is_needed = not package.startswith("unitree")
        remedy = (
            f"sudo apt install ros-{os.environ['ROS_DISTRO']}-{package.replace('_', '-')}" if has_apt_ros() else SETUP
        )
        return Finding(package, MISSING if is_needed else OPTIONAL, "not installed", remedy)
    hashes = {entry["type_name"]: entry["hash_string"] for entry in json.loads(described.read_text())["type_hashes"]}
    if hashes.get(name) != HASHES[name]:
        return Finding(package, MISSING, f"{name} has another hash than the real one", f"make clean && {SETUP}")
    return Finding(package, OK, f"in {described.parents[3]}, hash as in the real package")


def _shared_memory() -> Finding:
    try:
        memory = shutil.disk_usage("/dev/shm")
    except OSError as error:
        return Finding("shared memory", MISSING, f"/dev/shm: {error}", "mount -t tmpfs tmpfs /dev/shm")
    said = f"/dev/shm has {memory.total >> 20} MB, {memory.free >> 20} free"
    if memory.total < MIN_SHARED_MEMORY:
        return Finding("shared memory", MISSING, f"{said}; wanted 256", "docker run --shm-size=512m")
    if memory.free < MIN_SHARED_MEMORY:  # each node that was killed leaves its segment
        return Finding("shared memory", MISSING, f"{said}; wanted 256 free", "fastdds shm clean")
    return Finding("shared memory", OK, said)


def _profile() -> Finding:
    own = share_directory() / "config" / FAST_DDS_PROFILE
    used = Path(ros_environment().get("FASTRTPS_DEFAULT_PROFILES_FILE", ""))
    if not own.is_file():
        return Finding("Fast DDS profile", MISSING, f"{own} is not there", "git checkout config")
    if used != own:
        return Finding("Fast DDS profile", OPTIONAL, f"yours, {used}; raw images want a segment of 32 MB", "")
    command = f"export FASTRTPS_DEFAULT_PROFILES_FILE={own}"
    return Finding("Fast DDS profile", OK, "given to every node we start; for those you start yourself:", command)


def _library(distribution: str, module: str = "") -> Finding:
    if importlib.util.find_spec(module or distribution) is None:
        return Finding(module or distribution, MISSING, "not installed", SETUP)
    return Finding(module or distribution, OK, _version(distribution))


def _weights() -> Finding:
    spec = importlib.util.find_spec("vlt_ros")
    folder = Path(spec.origin or "").parent / "weights" if spec else Path()
    weights = sorted(
        path for path in folder.glob("*.onnx") if path.stat().st_size > 100_000
    )  # a git-lfs pointer is smaller
    if not weights:
        return Finding("detector weights", MISSING, f"no .onnx file in {folder}", "git checkout src/vlt_ros/weights")
    return Finding("detector weights", OK, ", ".join(f"{path.name} {path.stat().st_size >> 10} kB" for path in weights))


def _rendering() -> Finding:
    works, said = _run(RENDER_CODE, MUJOCO_GL=os.environ.get("MUJOCO_GL", "egl"))
    if works:
        return Finding("camera rendering", OK, said)
    return Finding("camera rendering", MISSING, said, "sudo apt-get install -y libegl1 libgl1-mesa-dri")


def _torch() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding(
            "torch", OPTIONAL, "not installed; only the VLT and TrackVLA networks need it", "make setup-models"
        )
    return Finding("torch", OK, _version("torch"))


def _camera_driver() -> Finding:
    if _in_ament_index("share/realsense2_camera/package.xml") is not None:
        return Finding("camera driver", OK, "realsense2_camera")
    remedy = f"sudo apt install ros-{os.environ['ROS_DISTRO']}-realsense2-camera" if has_apt_ros() else ""
    detail = "realsense2_camera is not installed; only a real robot needs it" + (
        "" if has_apt_ros() else ", from an apt ROS"
    )
    return Finding("camera driver", OPTIONAL, detail, remedy)


def _in_ament_index(path: str) -> Path | None:
    prefixes = ros_environment().get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return next((Path(prefix) / path for prefix in prefixes if prefix and (Path(prefix) / path).is_file()), None)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "installed by the system"


def _run(code: str, **environment: str) -> tuple[bool, str]:
    """Run code in a process of its own, since a driver may crash it; returns success and the last line it said."""
    command, variables = [sys.executable, "-c", code], {**ros_environment(), **environment}
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return False, "no answer within 60 s"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else f"ended with code {done.returncode}"
