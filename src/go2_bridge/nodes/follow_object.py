"""Nav2's action ``follow_object`` served by our follower: any Nav2 user can ask for a person by a sentence.

The goal's ``tracked_frame`` is "target" (whom the instruction describes) or a sentence, which becomes the instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Duration
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.task import Future

from go2_bridge.nodes.controller_switch import answer_of
from go2_bridge.recovery.machine import Stage
from go2_bridge.recovery.mission import End, Mission, end_of, follow_up, start
from track_common.instruction import parse_instruction
from track_common.ros.stamps import now_of, seconds_from_stamp, stamp_from_seconds
from track_common.types import TargetStatus

TARGET = "target"  # what ``tracked_frame`` says for whom the instruction describes already
ERRORS = {  # constants of FollowObject's result
    End.DURATION_OVER: "NONE",
    End.NEVER_SEEN: "FAILED_TO_DETECT_OBJECT",
    End.GIVEN_UP: "FAILED_TO_DETECT_OBJECT",
    End.SILENT: "FAILED_TO_CONTROL",
}


@dataclass(frozen=True)
class Switch:
    """What the server may do with the follower: begin (with a sentence or ""), end, and say why it cannot begin.

    Beginning and ending answer with a future of a ``controller_switch.Answer``. ``standstill_reason`` says why the
    instruction that holds names nobody to follow.
    """

    begin: Callable[[str], Future]
    end: Callable[[], Future]
    obstacle: Callable[[], str]
    standstill_reason: Callable[[], str]


@dataclass(frozen=True, eq=False)
class _Ending:
    """A goal that is over once the controller has answered: what its result will say."""

    answer: Future
    error: str
    text: str


class FollowObjectServer:
    """One goal at a time, a new one replaces the last. Needs a nav2_msgs that has FollowObject (Jazzy since 2026).

    A goal stays *accepted* until its end: rclpy polls a coroutine that waits without pause.
    """

    def __init__(self, node: Node, switch: Switch, patience: float) -> None:
        from nav2_msgs.action import FollowObject

        self._node, self._switch, self._patience = node, switch, patience
        self._kind = FollowObject
        self._goal: Any = None
        self._mission: Mission | None = None
        self._beginning: Future | None = None  # the controller's answer to the start
        self._ending: _Ending | None = None
        self._results: dict[bytes, Any] = {}
        self._server = ActionServer(
            node,
            FollowObject,
            "follow_object",
            execute_callback=self._conclude,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
        )

    @property
    def is_active(self) -> bool:
        """True while a goal goes on whose start the controller has not refused and whose end has not begun."""
        return self._goal is not None and self._ending is None and _has_begun(self._beginning)

    def tick(self, now: float, status: TargetStatus | None, stage: Stage) -> None:
        """Follow the mission up, tell of it, and end it where it is over; call at a few Hz."""
        if self._goal is None or self._mission is None:
            return
        if self._ending is not None:
            self._finish_where_confirmed(now, self._ending)
            return
        refusal = _refusal(self._beginning)
        if refusal:
            self._finish(now, "FAILED_TO_CONTROL", refusal)
            return
        self._mission = follow_up(self._mission, now, status)
        end = end_of(self._mission, now, stage, self._patience)
        if end is not None:
            self._ending = _Ending(self._switch.end(), ERRORS[end], end.value)
            return
        feedback = self._kind.Feedback(num_retries=self._mission.retries)
        feedback.state = getattr(self._kind.Feedback, self._mission.phase.name)
        feedback.following_time = _duration(now - self._mission.started)
        self._goal.publish_feedback(feedback)

    def _on_goal(self, request: Any) -> GoalResponse:
        why = self._switch.obstacle()
        if request.pose_topic:
            why = f"pose_topic '{request.pose_topic}' is not followed here; leave it empty and give tracked_frame"
        elif request.tracked_frame not in ("", TARGET) and " " not in request.tracked_frame:
            why = f"tracked_frame '{request.tracked_frame}' is no sentence; use '{TARGET}' or describe whom to follow"
        elif request.tracked_frame in ("", TARGET):
            why = why or self._switch.standstill_reason()
        else:
            why = why or parse_instruction(request.tracked_frame).standstill_reason
        if why:
            self._node.get_logger().warning(f"follow_object refused: {why}")
        return GoalResponse.REJECT if why else GoalResponse.ACCEPT

    def _on_accepted(self, goal: Any) -> None:
        now = now_of(self._node)
        if self._goal is not None:
            self._finish(now, "UNKNOWN", "replaced by a newer goal")
        sentence = "" if goal.request.tracked_frame in ("", TARGET) else goal.request.tracked_frame
        self._goal = goal
        self._mission = start(now, seconds_from_stamp(goal.request.max_duration))
        self._beginning, self._ending = self._switch.begin(sentence), None

    def _on_cancel(self, goal: Any) -> CancelResponse:
        """The controller is asked at once; the result, which says whether it stands, follows its answer."""
        if goal is self._goal:
            self._ending = _Ending(self._switch.end(), "NONE", "cancelled")
        return CancelResponse.ACCEPT

    def _finish_where_confirmed(self, now: float, ending: _Ending) -> None:
        if not ending.answer.done():
            return
        refusal = _refusal(ending.answer)
        if refusal:
            self._finish(now, "FAILED_TO_CONTROL", f"{ending.text}; {refusal}")
        else:
            self._finish(now, ending.error, f"{ending.text}; standing")

    def _finish(self, now: float, error: str, text: str) -> None:
        goal, mission, self._goal = self._goal, self._mission, None
        result = self._kind.Result(error_code=getattr(self._kind.Result, error), error_msg=text)
        if mission is not None:
            result.num_retries, result.total_elapsed_time = mission.retries, _duration(now - mission.started)
        self._results[bytes(goal.goal_id.uuid)] = result
        goal.execute()

    def _conclude(self, goal: Any) -> Any:
        result = self._results.pop(bytes(goal.goal_id.uuid))
        if goal.is_cancel_requested:
            goal.canceled()
        elif result.error_code == self._kind.Result.NONE:
            goal.succeed()
        else:
            goal.abort()
        return result


def make_follow_object(node: Node, switch: Switch, patience: float) -> FollowObjectServer | None:
    """The server where nav2_msgs has the action, else None: then the service ``follow`` does the same."""
    try:
        return FollowObjectServer(node, switch, patience)
    except ImportError:
        return None


def _refusal(answer: Future | None) -> str:
    """Why the controller does not do what was asked; "" while it has not answered, or where it agrees."""
    result = answer_of(answer)
    return "" if result is None or result.is_confirmed else result.message


def _has_begun(answer: Future | None) -> bool:
    """True once the controller has confirmed the start."""
    result = answer_of(answer)
    return result is not None and result.is_confirmed


def _duration(seconds: float) -> Duration:
    stamp = stamp_from_seconds(max(seconds, 0.0))
    return Duration(sec=stamp.sec, nanosec=stamp.nanosec)
