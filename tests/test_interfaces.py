"""Our message definitions are those of the real packages, by type hash and constants; else no robot would hear us."""

import json
from pathlib import Path

import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from track_common.ros.environment import ros_environment

ROOT = Path(__file__).parents[1]
EXPECTED = json.loads((ROOT / "tests" / "data" / "interfaces.json").read_text())
MESSAGES = sorted(name for name in EXPECTED if "/msg/" in name)


def definition(name: str) -> str:
    package, kind, type_name = name.split("/")
    return (ROOT / "interfaces" / package / kind / f"{type_name}.{kind}").read_text()


@pytest.fixture(scope="module")
def store():
    """The standard types with all of ours in place of any of the same name."""
    store = get_typestore(Stores.EMPTY)
    standard = get_typestore(Stores.ROS2_JAZZY)
    ours = {}
    for name in MESSAGES:
        ours.update(get_types_from_msg(definition(name), name))
    store.register({name: fields for name, fields in standard.fielddefs.items() if name not in ours})
    store.register(ours)
    return store


def test_every_interface_has_a_definition_and_no_other_is_there():
    folder = ROOT / "interfaces"
    there = {str(p.relative_to(folder).with_suffix("")) for p in folder.glob("*/*/*.*")}
    assert there == set(EXPECTED)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_definition_has_the_real_hash(store, name):
    assert store.hash_rihs01(name) == EXPECTED[name]["hash"]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_definition_has_the_real_constants(store, name):
    constants, _ = store.fielddefs[name]
    assert {constant: value for constant, _, value in constants} == EXPECTED[name]["constants"]


@pytest.mark.ros
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_was_built_has_the_real_hash(name, monkeypatch):
    """Services and actions too; the description beside the built package holds the hash rclpy announces."""
    monkeypatch.setenv("AMENT_PREFIX_PATH", ros_environment()["AMENT_PREFIX_PATH"])
    index = pytest.importorskip("ament_index_python")
    package, kind, type_name = name.split("/")
    share = Path(index.get_package_share_path(package))
    described = json.loads((share / kind / f"{type_name}.json").read_text())
    hashes = {entry["type_name"]: entry["hash_string"] for entry in described["type_hashes"]}
    assert hashes[name] == EXPECTED[name]["hash"]
