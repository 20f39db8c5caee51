"""The doctor sees what is there, says what to type where it is not, and fails only for what is needed."""

from types import SimpleNamespace

import pytest

from trackvla_cli import doctor
from trackvla_cli.doctor import MISSING, OK, OPTIONAL, Finding, examine, report


@pytest.mark.ros
def test_nothing_needed_is_missing_after_the_set_up():
    findings = examine()
    assert [finding for finding in findings if finding.status == MISSING] == []
    assert {"Python", "ROS 2", "vision_msgs", "camera rendering", "torch"} <= {finding.name for finding in findings}


@pytest.mark.parametrize(("status", "code"), [(OK, 0), (OPTIONAL, 0), (MISSING, 1)])
def test_only_a_missing_part_that_is_needed_fails(status, code, capsys):
    assert report([Finding("part", status, "detail", "type this")]) == code
    assert "type this" in capsys.readouterr().out


def test_interfaces_that_are_not_built_are_missed_by_name(monkeypatch, tmp_path):
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    findings = {finding.name: finding for finding in map(doctor._interface, doctor.HASHES)}
    assert findings["vision_msgs"] == Finding("vision_msgs", MISSING, "not installed", "make setup")
    assert findings["unitree_go"].status == OPTIONAL


def test_interfaces_of_another_definition_are_told_apart(monkeypatch, tmp_path):
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    name = "tf2_msgs/msg/TFMessage"
    path = tmp_path / "share" / f"{name}.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"type_hashes": [{"type_name": "tf2_msgs/msg/TFMessage", "hash_string": "RIHS01_00"}]}')
    assert "another hash" in doctor._interface(name).detail


def test_a_crash_of_what_is_tried_is_a_finding_not_a_crash():
    assert doctor._run("import os; os.abort()") == (False, "ended with code -6")


@pytest.mark.parametrize(
    ("total", "free", "status", "remedy"),
    [(64, 64, MISSING, "docker run --shm-size=512m"), (8192, 99, MISSING, "fastdds shm clean"), (8192, 8192, OK, "")],
)
def test_shared_memory_that_is_small_or_full_of_what_killed_nodes_left_is_told(
    monkeypatch, total, free, status, remedy
):
    usage = SimpleNamespace(total=total << 20, free=free << 20)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    finding = doctor._shared_memory()
    assert (finding.status, finding.remedy) == (status, remedy)
