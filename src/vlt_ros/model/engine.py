"""Ways to run a network: eager (plain float32), and the faster forms."""

from __future__ import annotations

from vlt_ros.model import zoo
from vlt_ros.model.network import eager
from vlt_ros.model.paths import NetworkPath
from vlt_ros.siamese.follower import SiameseNetwork

ENGINES = ("eager", "fast")


def make_engine(name: str, network: zoo.Network, path: NetworkPath, device: str = "cpu") -> SiameseNetwork:
    """A network of that engine."""
    return eager(network, path, device)
