"""Quality of service as rosbag2 stores it: nine keys, policies by name (metadata version 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

FOREVER = (9223372036, 854775807)  # s, ns: rmw's RMW_DURATION_INFINITE, 2**63 - 1 ns


@dataclass(frozen=True)
class QosOffer:
    """What one publisher of a topic offers; durations are (seconds, nanoseconds)."""

    reliability: str = "reliable"
    durability: str = "volatile"
    history: str = "keep_last"
    depth: int = 10
    liveliness: str = "automatic"
    deadline: tuple[int, int] = FOREVER
    lifespan: tuple[int, int] = FOREVER
    liveliness_lease_duration: tuple[int, int] = FOREVER

    def as_mapping(self) -> dict[str, Any]:
        """The keys rosbag2_storage reads, all of them."""
        return {
            "history": self.history,
            "depth": self.depth,
            "reliability": self.reliability,
            "durability": self.durability,
            "deadline": _duration(self.deadline),
            "lifespan": _duration(self.lifespan),
            "liveliness": self.liveliness,
            "liveliness_lease_duration": _duration(self.liveliness_lease_duration),
            "avoid_ros_namespace_conventions": False,
        }


def offers_as_yaml(offers: Sequence[QosOffer]) -> str:
    """The text a channel carries under ``offered_qos_profiles``; empty for no offers."""
    return yaml.safe_dump([offer.as_mapping() for offer in offers], sort_keys=False).strip() if offers else ""


def _duration(value: tuple[int, int]) -> dict[str, int]:
    return {"sec": value[0], "nsec": value[1]}
