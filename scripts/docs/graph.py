"""What the nodes really declare: every node is made once, and asked for its topics, services and parameters.

`python scripts/docs/graph.py` prints the answer as JSON; the reference pages of `make docs` and a test read it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from track_common.ros.environment import ros_environment

UNSAID = ("/rosout", "/parameter_events")  # every node of ROS has them
PARAMETER_SERVICES = ("parameter", "logger_level", "type_description")  # and these


@dataclass(frozen=True)
class End:
    """One end of a topic or service: the node, "publishes", "subscribes" or "serves", name, type and QoS in words."""

    node: str
    kind: str
    name: str
    type: str
    qos: str = ""


@dataclass(frozen=True)
class Setting:
    """One parameter of a node; ``low`` and ``high`` are None where the range is open."""

    node: str
    name: str
    default: Any
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    reason: str
    is_fixed: bool


def main() -> None:
    """Print the graph of all nodes."""
    ends, settings = observe()
    json.dump({"ends": [asdict(end) for end in ends], "settings": [asdict(one) for one in settings]}, sys.stdout)


def observe() -> tuple[list[End], list[Setting]]:
    """Ends and parameters of every node, without repetitions, in the order of the nodes."""
    for name, value in ros_environment().items():
        os.environ.setdefault(name, value)  # before the first participant
    ends: dict[End, None] = {}
    settings: dict[tuple[str, str], Setting] = {}
    with tempfile.TemporaryDirectory() as folder:
        for make, overrides in _nodes(_picture_folder(Path(folder)), Path(folder) / "bag"):
            with _made(make, overrides) as node:
                name = node.get_name()
                ends.update(dict.fromkeys(_ends(node, name)))
                for one in _settings(node, name, overrides):
                    settings.setdefault((one.node, one.name), one)
    return list(ends), list(settings.values())


def _nodes(pictures: Path, bag: Path) -> Iterator[tuple[Callable[[], Any], dict[str, str]]]:
    """Each node's class, and parameters that make it declare all it can; a bridge is made once for each link."""
    from evt_bench.nodes.recorder_node import RecorderNode
    from evt_bench.nodes.sim_node import SimNode
    from go2_bridge.nodes.bridge_node import BridgeNode
    from go2_bridge.nodes.controller_node import ControllerNode
    from go2_bridge.nodes.recovery_node import RecoveryNode
    from go2_bridge.nodes.robot_state_node import RobotStateNode
    from trackvla_ros.nodes.planner_node import PlannerNode
    from vlt_ros.nodes.tracker_node import TrackerNode
    from vlt_ros.nodes.video_node import VideoNode

    yield TrackerNode, {}
    yield PlannerNode, {}
    yield ControllerNode, {}
    yield BridgeNode, {"driver": "sport_topics"}
    yield BridgeNode, {"driver": "obstacles_avoid", "deadman": "joy"}
    yield BridgeNode, {"driver": "simulator"}
    yield RecoveryNode, {}
    yield RobotStateNode, {}
    yield SimNode, {"publish_compressed": "true"}
    yield VideoNode, {"video": str(pictures)}
    yield RecorderNode, {"output": str(bag)}


def _picture_folder(folder: Path) -> Path:
    """A video of one grey picture."""
    import cv2
    import numpy as np

    pictures = folder / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "0001.png"), np.full((48, 64, 3), 128, np.uint8))
    return pictures


@contextmanager
def _made(make: Callable[[], Any], overrides: dict[str, str]) -> Iterator[Any]:
    import rclpy

    words = [word for name, value in overrides.items() for word in ("-p", f"{name}:={value}")]
    rclpy.init(args=["--ros-args", "--log-level", "error", *words] if words else ["--ros-args", "--log-level", "error"])
    node = make()
    try:
        yield node
    finally:
        node.destroy_node()
        rclpy.shutdown()


def _ends(node: Any, name: str) -> Iterator[End]:
    for kind, ends in (("publishes", node.publishers), ("subscribes", node.subscriptions)):
        for end in ends:
            if end.topic_name not in UNSAID:
                topic = _relative(end.topic_name)
                yield End(name, kind, topic, _type(end.msg_type), _qos(end.qos_profile))
    for service in node.services:
        if not any(word in service.srv_name for word in PARAMETER_SERVICES):
            yield End(name, "serves", _relative(service.srv_name), _type(service.srv_type))


def _relative(name: str) -> str:
    """The name as the code gives it; the vendor's absolute ones and the clock keep their slash."""
    is_absolute = name.startswith(("/utlidar", "/lf/", "/api/", "/wirelesscontroller", "/clock"))
    return name if is_absolute else name.removeprefix("/")


def _type(kind: type) -> str:
    package, interface = kind.__module__.split(".")[:2]
    return f"{package}/{interface}/{kind.__name__}"


def _qos(profile: Any) -> str:
    words = [profile.reliability.name.lower().replace("_", " "), str(profile.depth)]
    return ", ".join([*words, "latched"] if profile.durability.name == "TRANSIENT_LOCAL" else words)


def _settings(node: Any, name: str, overrides: Mapping[str, str]) -> Iterator[Setting]:
    from track_common.ros.parameters import declared
    from vlt_ros.registry import TRACKERS

    sections = declared(node)
    if name == "tracker":  # whose trackers declare theirs when they are first used
        known = {prefix for prefix, _ in sections}
        sections += [(f"{key}.", entry.default_config()) for key, entry in TRACKERS.items() if f"{key}." not in known]
    for prefix, config in sections:
        for field in fields(config):
            meta = field.metadata
            yield Setting(
                node=name,
                name=prefix + field.name,
                default=field.default if field.name in overrides else getattr(config, field.name),
                unit=meta.get("unit", ""),
                low=meta.get("low"),
                high=meta.get("high"),
                choices=tuple(meta.get("choices", ())),
                reason=meta.get("doc", ""),
                is_fixed=not meta.get("runtime", True),
            )


if __name__ == "__main__":
    main()
