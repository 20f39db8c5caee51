"""Nav2's ``navigate_to_pose`` as the recovery uses it: calls that return at once, a deadline for every answer.

They are those of nav2_simple_commander's BasicNavigator (goToPose, cancelTask, isTaskComplete with getResult), which is
not used itself: it waits without end for a server that is missing or dies, and a robot must not.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

from go2_bridge.recovery.config import Place
from go2_bridge.recovery.machine import Goal, Task
from track_common.config import setting

if TYPE_CHECKING:
    from nav2_msgs.action import NavigateToPose


@dataclass(frozen=True)
class NavigatorConfig:
    """How long the navigator may be silent, by a clock that cannot be set."""

    accept_timeout: float = setting(2.0, "from a goal to its acceptance", unit="s", low=0.1, high=30.0)
    feedback_timeout: float = setting(
        3.0,
        "between two feedbacks (Nav2 sends many a second); DDS notices a dead server after 20 s only",
        unit="s",
        low=0.5,
    )


@dataclass
class _Attempt:
    """A goal on its way."""

    number: int
    heard: float  # s, monotonic: sent, accepted or feedback
    handle: Any = None
    task: Task = Task.RUNNING
    is_cancelled: bool = False
    reason: str = ""


class Navigator:
    """Sends one goal at a time; ``task`` says what became of it. Needs nav2_msgs."""

    def __init__(self, node: Node, config: NavigatorConfig) -> None:
        from nav2_msgs.action import NavigateToPose

        self.config = config
        self._node = node
        self._kind = NavigateToPose
        self._client = ActionClient(node, NavigateToPose, "navigate_to_pose")
        self._attempt: _Attempt | None = None

    @property
    def is_ready(self) -> bool:
        """True where a server is there, as far as DDS knows."""
        return self._client.server_is_ready()

    @property
    def number(self) -> int:
        """Number of the goal in hand or last in hand, 0 before the first."""
        return 0 if self._attempt is None else self._attempt.number

    @property
    def reason(self) -> str:
        """Why the last goal failed, "" where it did not."""
        return "" if self._attempt is None else self._attempt.reason

    @property
    def is_driving(self) -> bool:
        """True while a goal was accepted and has not ended: only then are the navigator's velocities ours."""
        return self._attempt is not None and self._attempt.handle is not None and self.task() is Task.RUNNING

    def go_to_pose(self, goal: Goal) -> None:
        """Cancel what is under way and ask for this goal."""
        self.cancel_task()
        attempt = self._attempt = _Attempt(goal.number, time.monotonic())
        message = self._kind.Goal(pose=self._pose(goal.place, goal.frame))
        future = self._client.send_goal_async(message, feedback_callback=partial(self._on_feedback, attempt))
        future.add_done_callback(partial(self._on_answer, attempt))

    def cancel_task(self) -> None:
        """End the goal in hand, also one whose acceptance is still to come; nothing where there is none."""
        attempt = self._attempt
        if attempt is not None and attempt.task is Task.RUNNING:
            self._fail(attempt, "cancelled")

    def task(self) -> Task:
        """What became of the goal; one that fell silent has failed and is cancelled."""
        attempt = self._attempt
        if attempt is None:
            return Task.FAILED
        silence = time.monotonic() - attempt.heard
        if attempt.task is Task.RUNNING and attempt.handle is None and silence > self.config.accept_timeout:
            self._fail(attempt, f"not accepted within {self.config.accept_timeout} s")
        elif attempt.task is Task.RUNNING and attempt.handle is not None and silence > self.config.feedback_timeout:
            self._fail(attempt, f"no feedback for {self.config.feedback_timeout} s")
        return attempt.task

    def _fail(self, attempt: _Attempt, reason: str) -> None:
        attempt.task, attempt.reason, attempt.is_cancelled = Task.FAILED, reason, True
        if attempt.handle is not None:
            attempt.handle.cancel_goal_async()

    def _on_answer(self, attempt: _Attempt, future: Future) -> None:
        handle: Any = future.result()
        if handle is None or not handle.accepted:
            self._end(attempt, Task.FAILED, "rejected")
            return
        attempt.handle, attempt.heard = handle, time.monotonic()
        if attempt.is_cancelled:
            handle.cancel_goal_async()
            return
        handle.get_result_async().add_done_callback(partial(self._on_result, attempt))

    def _on_feedback(self, attempt: _Attempt, _message: NavigateToPose.Impl.FeedbackMessage) -> None:
        attempt.heard = time.monotonic()

    def _on_result(self, attempt: _Attempt, future: Future) -> None:
        answer: Any = future.result()
        if answer is not None and answer.status == GoalStatus.STATUS_SUCCEEDED:
            self._end(attempt, Task.SUCCEEDED, "")
        else:
            status = None if answer is None else answer.status
            self._end(attempt, Task.FAILED, "aborted" if status == GoalStatus.STATUS_ABORTED else f"status {status}")

    def _end(self, attempt: _Attempt, task: Task, reason: str) -> None:
        if attempt.task is Task.RUNNING:
            attempt.task, attempt.reason = task, reason

    def _pose(self, place: Place, frame: str) -> PoseStamped:
        """Stamp 0 asks tf2 for the newest transform."""
        pose = PoseStamped()
        pose.header.frame_id = frame
        pose.pose.position.x, pose.pose.position.y = float(place[0]), float(place[1])
        pose.pose.orientation.z, pose.pose.orientation.w = math.sin(place[2] / 2), math.cos(place[2] / 2)
        return pose


def make_navigator(node: Node, config: NavigatorConfig) -> Navigator | None:
    """A navigator where nav2_msgs is installed, else None: then the recovery turns and looks round only."""
    try:
        return Navigator(node, config)
    except ImportError:
        return None
