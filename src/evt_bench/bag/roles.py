"""Which topic of a bag plays which part: by name, by robot, and by the type its messages have."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from evt_bench.bag.mcap_file import BagReadError
from evt_bench.bag.reader import Survey

IMAGES = ("image_raw/compressed", "image_raw")
IMAGE_TYPES = ("sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/Image")
BOXES = ("vision_msgs/msg/Detection2DArray",)
ODOMETRY = ("nav_msgs/msg/Odometry",)
STRING = ("std_msgs/msg/String",)
TYPES: Mapping[str, tuple[str, ...]] = {
    "image_raw/compressed": IMAGE_TYPES,
    "image_raw": IMAGE_TYPES,
    "points": ("sensor_msgs/msg/PointCloud2",),
    "instruction": STRING,
    "target_box": BOXES,
    "trajectory": ("nav_msgs/msg/Path",),
    "trajectory/candidates": ("visualization_msgs/msg/MarkerArray",),
    "target_point": ("geometry_msgs/msg/PointStamped",),
    "target_status": STRING,
    "odom": ODOMETRY,
    "tf_static": ("tf2_msgs/msg/TFMessage",),
    "camera_info": ("sensor_msgs/msg/CameraInfo",),
    "cmd_vel": ("geometry_msgs/msg/Twist", "geometry_msgs/msg/TwistStamped"),
    "diagnostics": ("diagnostic_msgs/msg/DiagnosticArray",),
    "ground_truth/robot": ODOMETRY,
    "ground_truth/people": ("vision_msgs/msg/Detection3DArray",),
    "ground_truth/target_box": BOXES,
    "ground_truth/clearance": ("std_msgs/msg/Float32", "std_msgs/msg/Float64"),
}  # role (relative name of docs/architecture.md) -> types that are understood
ROLES = tuple(TYPES)
OF_A_ROBOT = ("odom", "cmd_vel", "trajectory", "target_box")  # a namespace with two of them is a robot
NO_NAMESPACE = "/"  # the robot whose topics are in no namespace


def resolve_names(
    survey: Survey, given: Mapping[str, str], robot: str | None = None, depth: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Topic for each role, and notes on what was ambiguous or of a type that is not understood.

    Args:
        survey: what the bag holds.
        given: topic by role, where the bag has another name for it.
        robot: namespace of the robot to look at, "robot1"; "/" for the one in no namespace; None for the only one.
        depth: topics of depth images, which are no camera's.

    Raises:
        BagReadError: a role, topic or robot that does not exist, or several robots and no ``robot``.
    """
    _check_given(survey, given)
    robots = robots_of(survey)
    chosen = _chosen_robot(robots, robot) if robot is not None or not given else None
    topics = _topics_of(survey, robots, chosen)
    names, notes = dict(given), []
    for role in (r for r in ROLES if r not in given):
        found = _candidates(role, [t for t in topics if role not in IMAGES or t not in depth], chosen)
        if len(found) == 1:
            names[role] = found[0]
        elif found:
            notes.append(f"{role} could be any of {', '.join(found)}; say which: --topic {role}={found[0]}")
    return _understood(names, notes, survey)


def robots_of(survey: Survey) -> list[str]:
    """Namespaces that hold two of ``OF_A_ROBOT``, where there are several only those that hold the same; "/" = none."""
    held: dict[str, set[str]] = {}
    for topic in survey.topics:
        for role in OF_A_ROBOT:
            if topic.endswith(f"/{role}") and not _is_longer_role(topic, role):
                held.setdefault(topic.removesuffix(role).rstrip("/") or NO_NAMESPACE, set()).add(role)
    robots = {namespace: roles for namespace, roles in held.items() if len(roles) > 1}
    if len(robots) > 1:  # nodes of one robot may be spread over namespaces: two robots have a topic in common
        robots = {n: roles for n, roles in robots.items() if any(roles & robots[o] for o in robots if o != n)}
    return sorted(robots)


def _check_given(survey: Survey, given: Mapping[str, str]) -> None:
    for role, topic in given.items():
        if role not in ROLES or topic not in survey.topics:
            wanted = f"a topic of the bag: {', '.join(sorted(survey.topics))}" if role in ROLES else ", ".join(ROLES)
            raise BagReadError(f"topic {role}={topic}: {topic if role in ROLES else role} unknown; wanted {wanted}")


def _chosen_robot(robots: list[str], robot: str | None) -> str | None:
    names = ", ".join(_short(name) for name in robots) or "none"
    if robot is not None:
        wanted = f"/{robot.strip('/')}"
        if wanted not in robots:
            raise BagReadError(f"no robot '{robot}' in the bag; it holds {names}")
        return wanted
    if len(robots) > 1:
        raise BagReadError(f"the bag holds {len(robots)} robots: {names}; say which: --robot {_short(robots[0])}")
    return robots[0] if robots else None


def _short(namespace: str) -> str:
    return namespace if namespace == NO_NAMESPACE else namespace.strip("/")


def _topics_of(survey: Survey, robots: list[str], chosen: str | None) -> list[str]:
    """Topics of the chosen robot and those that belong to no robot (a simulator's truth, tf_static)."""
    others = [f"{name}/" for name in robots if name not in (chosen, NO_NAMESPACE)]
    return sorted(topic for topic in survey.topics if not any(topic.startswith(other) for other in others))


def _candidates(role: str, topics: list[str], chosen: str | None) -> list[str]:
    """The robot's own topic, else ``/role``, else every topic that ends so."""
    own = f"{(chosen or '').rstrip('/')}/{role}"
    ending = [t for t in topics if t.endswith(f"/{role}") and not _is_longer_role(t, role)]
    inside = [t for t in ending if chosen not in (None, NO_NAMESPACE) and t.startswith(f"{chosen}/")]
    return next(([name] for name in (own, f"/{role}") if name in topics), inside or ending)


def _is_longer_role(topic: str, role: str) -> bool:
    """True for /ground_truth/target_box, which is not target_box."""
    return any(other.endswith(f"/{role}") and topic.endswith(f"/{other}") for other in ROLES)


def _understood(names: dict[str, str], notes: list[str], survey: Survey) -> tuple[dict[str, str], list[str]]:
    """Without the topics whose messages are of a type that no decoder reads; those are noted by name."""
    kept, noted = {}, list(notes)
    for role, topic in names.items():
        found = survey.topics[topic].type_name
        if found in TYPES[role]:
            kept[role] = topic
        else:
            noted.append(f"{topic} is left out: its type is {found or 'not named'}; wanted {' or '.join(TYPES[role])}")
    return kept, noted
