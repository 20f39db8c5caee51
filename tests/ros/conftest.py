"""Real rclpy over real DDS, each test in a ROS domain of its own. Without rclpy these tests are left out or, with
REQUIRE_ROS=1, fail."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from track_common.ros.environment import clear_shared_memory
from track_common.ros.environment import ros_environment as environment_of_nodes

for name, value in environment_of_nodes().items():
    os.environ.setdefault(name, value)  # before the first participant: the same DDS profile as the nodes

try:
    import rclpy
    from domain_coordinator import domain_id
    from rcl_interfaces.srv import SetParameters
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from rclpy.parameter import Parameter

    from track_common.ros.question import Question
except ImportError:
    if os.environ.get("REQUIRE_ROS") == "1":
        raise
    collect_ignore_glob = ["test_*.py"]

DOMAINS = count(os.getpid())  # where the last test's nodes are still ending, or were killed, the next one does not go
TIMEOUT = 40.0  # s; a node that starts beside twenty busy processes takes 20


class Peer:
    """The other end of a node under test: publishes to it, collects what it says, asks it for parameters."""

    def __init__(self, context: "Context", name: str = "peer") -> None:
        self.node = Node(name, context=context, enable_rosout=False)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)

    def publisher(
        self, message_type: Any, topic: str, qos: Any = 10, readers: int = 1, timeout: float = TIMEOUT
    ) -> Any:
        """A publisher that ``readers`` subscriptions have found."""
        publisher = self.node.create_publisher(message_type, topic, qos)
        self.wait_until(lambda: publisher.get_subscription_count() >= readers, f"a reader of {topic}", timeout)
        return publisher

    def collect(self, message_type: Any, topic: str, qos: Any = 10, writers: int = 1) -> list[Any]:
        """A list that fills with the messages of a topic, once ``writers`` publishers have been found."""
        messages: list[Any] = []
        subscription = self.node.create_subscription(message_type, topic, messages.append, qos)
        self.wait_until(lambda: subscription.get_publisher_count() >= writers, f"a writer of {topic}")
        return messages

    def set_parameters(self, node: str, **values: Any) -> list[Any]:
        """Ask ``node`` to change parameters; its answers hold ``successful`` and ``reason``."""
        question = self.ask_parameters(node, **values)
        self.wait_until(lambda: question.is_answered, f"the answer of {node}")
        return question.answer.results

    def ask_parameters(self, node: str, **values: Any) -> Question:
        """As ``set_parameters``, but the answer is still to come."""
        client = self.node.create_client(SetParameters, f"{node}/set_parameters")
        self.wait_until(client.service_is_ready, f"the parameter services of {node}")
        messages = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        return Question(client, SetParameters.Request(parameters=messages))

    def ask(self, client: Any, request: Any, timeout: float = TIMEOUT) -> Any:
        """A service's answer; ``timeout`` (s) holds for the service to come and for its answer."""
        self.wait_until(client.service_is_ready, f"the service {client.srv_name}", timeout)
        question = Question(client, request)
        self.wait_until(lambda: question.is_answered, f"the answer of {client.srv_name}", timeout)
        return question.answer

    def add(self, node: "Node") -> None:
        """Spin a node of this process too."""
        self._executor.add_node(node)

    def remove(self, node: "Node") -> None:
        """Spin it no longer."""
        self._executor.remove_node(node)

    def spin(self, seconds: float) -> None:
        """Let messages come in for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.02)

    def wait_until(self, predicate: Callable[[], bool], what: str = "it", timeout: float = TIMEOUT) -> None:
        """Spin until ``predicate`` holds; an AssertionError names what did not come."""
        assert self.spin_until(predicate, timeout), f"waited {timeout:.0f} s for {what}"

    def spin_until(self, predicate: Callable[[], bool], seconds: float) -> bool:
        """Spin until ``predicate`` holds, at most so long; returns whether it does."""
        end = time.monotonic() + seconds
        while not predicate() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.02)
        return predicate()

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()


def children() -> set[int]:
    """Process ids of this process's children; not those of the multiprocessing module, which last."""
    tasks = Path("/proc/self/task").glob("*/children")
    found = {int(pid) for task in tasks for pid in task.read_text().split()}
    return {pid for pid in found if b"multiprocessing" not in command_of(pid)}


def command_of(pid: int) -> bytes:
    """Its command line; empty where it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@pytest.fixture(autouse=True)
def no_process_outlives_its_test() -> Iterator[None]:
    """A node whose test or fixture failed half-way would load the machine, and the next tests would fail for that."""
    before = children()
    yield
    for pid in children() - before:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session", autouse=True)
def cleared_shared_memory() -> Iterator[None]:
    """Without what killed processes left."""
    clear_shared_memory()
    yield
    clear_shared_memory()


def another_domain() -> int:
    """1 to 100, not the last one's."""
    return next(DOMAINS) % 100 + 1


@pytest.fixture
def ros_domain() -> Iterator[int]:
    """A ROS domain no other test on this machine uses meanwhile; another one each time."""
    with domain_id(another_domain) as number:
        yield number


@pytest.fixture(scope="module")
def module_domain() -> Iterator[int]:
    """The same for a whole module."""
    with domain_id(another_domain) as number:
        yield number


@pytest.fixture
def ros_environment(ros_domain, tmp_path) -> dict[str, str]:
    """Environment for node processes in this test's domain."""
    own = {"ROS_DOMAIN_ID": str(ros_domain), "ROS_LOG_DIR": str(tmp_path / "log"), "ROS_PYTHON_CHECK_FIELDS": "1"}
    return {**environment_of_nodes(), **own, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


@pytest.fixture
def ros_context(ros_domain) -> "Iterator[Context]":
    """A context of this process in this test's domain."""
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture(scope="module")
def module_context(module_domain) -> "Iterator[Context]":
    """A context for nodes that all tests of a module share, in a domain of its own."""
    context = Context()
    rclpy.init(context=context, domain_id=module_domain)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def peer(ros_context) -> Iterator[Peer]:
    """The other end of the node under test."""
    peer = Peer(ros_context)
    yield peer
    peer.close()


@pytest.fixture
def start_node(peer, ros_context) -> Iterator[Callable[..., "Node"]]:
    """Starts a node of this process by its class, with parameters; all of them end with the test."""
    nodes: list[Any] = []

    def start(kind: Any, **parameters: Any) -> "Node":
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        nodes.append(kind(context=ros_context, parameter_overrides=overrides))
        peer.add(nodes[-1])
        return nodes[-1]

    yield start
    for node in nodes:
        getattr(node, "on_shutdown", lambda: None)()
        peer.remove(node)
        node.destroy_node()
