"""What every test shares: repeatable hypothesis runs, data outside the repository, and ROS tests that must not skip."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")  # read when a message is imported: wrong types raise, not garbage
os.environ.setdefault("OMP_NUM_THREADS", "1")
REQUIRE_ROS = os.environ.get("REQUIRE_ROS") == "1"

settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, max_examples=1000)  # HYPOTHESIS_PROFILE=search hunts for new cases
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real sequences outside the repository; tests that need it skip where it is absent."""
    folder = os.environ.get("TRACKVLA_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"needs real sequences: set TRACKVLA_DATA to their folder (it is '{folder}')")
    return Path(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """With REQUIRE_ROS=1 a ROS test that skips has failed: nobody would notice that nothing was tested.

    Those for the networks may skip where `make setup` left the networks out, and only there.
    """
    report = yield
    may_skip = item.get_closest_marker("apt_ros") or (item.get_closest_marker("models") and not find_spec("torch"))
    must_run = REQUIRE_ROS and item.get_closest_marker("ros") and not may_skip
    if must_run and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped, but REQUIRE_ROS=1: {report.longrepr}"
    return report
