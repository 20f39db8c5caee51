"""package.xml names what the code imports from ROS, and nothing that it does not use."""

import ast
import xml.etree.ElementTree as ET
from pathlib import Path

from track_common.missing import UNITREE, is_of_ros

ROOT = Path(__file__).parents[1]
OPTIONAL = {"tf2_py", "nav2_msgs"}  # used where they are installed
STARTED = {"realsense2_camera", "rviz2"}  # by launch files
MANIFEST = ET.parse(ROOT / "package.xml").getroot()


def names(kind: str) -> set[str]:
    return {element.text or "" for element in MANIFEST.findall(kind)}


def imported() -> set[str]:
    """Top-level ROS modules that our code imports: only files in ``nodes`` and ``ros`` do (test_architecture.py)."""
    found: set[str] = set()
    for path in [*ROOT.glob("src/**/nodes/*.py"), *ROOT.glob("src/**/ros/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return {name for name in found if is_of_ros(name)}


IMPORTED = imported()


def test_every_ros_package_the_nodes_import_is_a_dependency_and_none_else_is():
    needed = IMPORTED - OPTIONAL - set(UNITREE)
    assert needed - {"ament_index_python"} == names("depend")


def test_what_runs_or_tests_only_is_named_so():
    launched = " ".join(path.read_text() for path in (ROOT / "launch").glob("*.xml"))
    assert all(name in launched for name in STARTED)
    assert IMPORTED >= OPTIONAL
    assert STARTED | OPTIONAL | {"ros2launch"} == names("exec_depend")
    assert "cv_bridge" not in IMPORTED
    assert "cv_bridge" in names("test_depend") and "cv_bridge" not in names("exec_depend")


def test_the_maintainer_is_whoever_signs_the_messages_too():
    people = {ET.tostring(MANIFEST.find("maintainer"))}
    people |= {
        ET.tostring(ET.parse(path).getroot().find("maintainer")) for path in ROOT.glob("interfaces/*/package.xml")
    }
    assert len({text.strip() for text in people}) == 1
    assert b"@example.com" not in people.pop()
