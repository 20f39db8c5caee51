"""Asks the controller's service ``enable`` to follow or to stand, and tells its real answer within a deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import SetBool

from track_common.ros.question import Question

POLL_PERIOD = 0.01  # s between two looks for the answer


@dataclass(frozen=True)
class Answer:
    """Whether the controller confirms that it does what was asked, and its words or why there are none."""

    is_confirmed: bool
    message: str


@dataclass(frozen=True, eq=False)
class _Pending:
    is_armed: bool
    question: Question
    deadline: float  # s, monotonic
    future: Future


def answer_of(future: Future | None) -> Answer | None:
    """The controller's answer; None while there is none."""
    return future.result() if future is not None and future.done() else None


class ControllerSwitch:
    """One request at a time: a newer one overtakes the last, which is never repeated after it."""

    def __init__(self, node: Node, timeout: float) -> None:
        """``timeout`` (s) is given to the controller's answer, by a clock that cannot stand still."""
        self._node, self._timeout = node, timeout
        self._client = node.create_client(SetBool, "enable")
        self._pending: _Pending | None = None
        self._timer = node.create_timer(POLL_PERIOD, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._timer.cancel()

    @property
    def is_ready(self) -> bool:
        """Whether the service is there."""
        return self._client.service_is_ready()

    def ask(self, is_armed: bool) -> Future:
        """Ask; the future's result is an ``Answer`` and comes within the timeout."""
        self._settle(Answer(False, "overtaken by a newer request"))
        question = Question(self._client, SetBool.Request(data=is_armed))
        pending = _Pending(is_armed, question, time.monotonic() + self._timeout, Future())
        self._pending = pending
        self._timer.reset()
        return pending.future

    def _look(self) -> None:
        pending = self._pending
        if pending is None:
            self._timer.cancel()
        elif pending.question.is_answered:
            answer = pending.question.answer
            self._settle(Answer(bool(answer.success), f"the controller answers: {answer.message}"))
        elif time.monotonic() > pending.deadline:
            self._settle(Answer(False, self._silence(pending.is_armed)))

    def _settle(self, answer: Answer) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.future.set_result(answer)

    def _silence(self, is_armed: bool) -> str:
        name = self._client.srv_name
        what = f"did not answer within {self._timeout:g} s" if self.is_ready else "is not there; start the controller"
        action = "" if is_armed else "; use the emergency stop if the robot moves"
        return f"not confirmed: the controller's service {name} {what}{action}"
