"""Publishers that a node cannot hear: another type on the topic, another definition of it, or too little on offer.

DDS says nothing of either: the topic is listed, and no message arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible

HASH_VERSION = 1  # of type hashes that are known; ROS before Iron and other DDS programs announce none
FOREIGN = "_CREATED_BY_BARE_DDS_APP_"  # rclpy's name for them
UNNAMED = "_NODE_NAME_UNKNOWN_"  # rcl's word for an end whose participant has not told its nodes yet


def unheard_publishers(node: Node) -> list[str]:
    """One line for each publisher on a topic of ``node``'s that none of its subscriptions there can hear."""
    topics = {subscription.topic_name for subscription in node.subscriptions}
    own = (node.get_namespace(), node.get_name())
    lines: list[str] = []
    for topic in sorted(topics):
        readers = [r for r in node.get_subscriptions_info_by_topic(topic) if (r.node_namespace, r.node_name) == own]
        lines += _unheard(topic, node.get_publishers_info_by_topic(topic), readers)
    return lines


def mismatches_in_graph(node: Node) -> list[str]:
    """The same for every topic that ``node`` can see, whosever the subscriptions are."""
    lines: list[str] = []
    for topic, _ in node.get_topic_names_and_types():
        publishers = node.get_publishers_info_by_topic(topic)
        readers: dict[tuple[str, str], list[Any]] = {}
        for reader in node.get_subscriptions_info_by_topic(topic):
            readers.setdefault((reader.node_namespace, reader.node_name), []).append(reader)
        for own in readers.values():
            lines += _unheard(topic, publishers, own)
    return list(dict.fromkeys(lines))


def _unheard(topic: str, publishers: Iterable[Any], readers: Sequence[Any]) -> list[str]:
    if not readers:
        return []
    lines: list[str] = []
    for publisher in publishers:
        faults = [_fault(publisher, reader) for reader in readers]
        if all(faults):
            lines.append(f"{topic}: {_name(publisher)} {faults[0]}, for {_name(readers[0])}")
    return lines


def _fault(publisher: Any, reader: Any) -> str:
    """Why this reader hears nothing of this publisher, or ""."""
    if publisher.topic_type != reader.topic_type:
        return f"publishes {publisher.topic_type}; wanted {reader.topic_type}"
    hashes = [getattr(end, "topic_type_hash", None) for end in (publisher, reader)]
    known = [h.value for h in hashes if h is not None and h.version == HASH_VERSION]
    if len(known) == 2 and known[0] != known[1]:
        return f"publishes another definition of {publisher.topic_type}; wanted the one installed here"
    verdict, reason = qos_check_compatible(publisher.qos_profile, reader.qos_profile)
    if verdict == QoSCompatibility.ERROR:
        return f"offers too little ({' '.join(reason.split()).rstrip(';')})"
    return ""


def _name(end: Any) -> str:
    if end.node_name == FOREIGN:
        return "a DDS program"
    if end.node_name == UNNAMED:
        return "a node that has not told its name yet"
    return f"{end.node_namespace.rstrip('/')}/{end.node_name}"
