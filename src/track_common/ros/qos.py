"""The few QoS profiles we use, each with its reason."""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, *, is_reliable: bool, is_latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if is_reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if is_latched else DurabilityPolicy.VOLATILE,
    )


SENSOR = _profile(1, is_reliable=False)  # subscribe: matches every writer, only the newest counts
SENSOR_OUT = _profile(5, is_reliable=True)  # publish: matches every reader, large images survive fragmentation
LATEST = _profile(1, is_reliable=True)  # boxes and trajectories: the newest, surely
PAIRED = _profile(5, is_reliable=True)  # two topics that belong together by stamp: one may wait for the other
COMMAND = _profile(1, is_reliable=True)  # cmd_vel: an old command is worse than none
LATCHED = _profile(1, is_reliable=True, is_latched=True)  # instruction, static things: late joiners get the last one
RELIABLE = _profile(10, is_reliable=True)
TF = _profile(100, is_reliable=True)  # as tf2_ros
TF_STATIC = _profile(100, is_reliable=True, is_latched=True)  # as tf2_ros; deep, since several nodes publish mounts
# One reader each, for what a person publishes (operator_topics.py): together they meet every writer.
OPERATOR_LATCHED = _profile(10, is_reliable=True, is_latched=True)
OPERATOR_RELIABLE = _profile(10, is_reliable=True)
OPERATOR_BEST_EFFORT = _profile(10, is_reliable=False)
