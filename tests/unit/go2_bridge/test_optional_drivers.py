"""Drivers whose packages are optional say what to type where a package is missing."""

import importlib
import sys

import pytest

from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.webrtc import WebRtcLink
from track_common.config import ConfigError, override


@pytest.mark.parametrize(("driver", "package"), [("sdk2", "unitree_sdk2py")])
def test_a_missing_package_is_named_with_what_to_type(monkeypatch, driver, package):
    for module in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"go2_bridge.drivers.{driver}", raising=False)
    with pytest.raises(ConfigError, match=f"driver '{driver}' needs {package} .*; type .*pip install .*{driver}.txt"):
        importlib.import_module(f"go2_bridge.drivers.{driver}")


def test_webrtc_without_its_package_says_so_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "unitree_webrtc_connect", None)
    with pytest.raises(ConfigError, match=r"driver 'webrtc' needs .*; type .*webrtc.txt"):
        WebRtcLink("127.0.0.1")


@pytest.mark.parametrize("driver", ["sdk2", "sport_topics", "fake", "simulator"])
def test_every_driver_can_be_chosen_by_parameter(driver):
    assert override(BridgeConfig(), {"driver": driver}).driver == driver
