"""A question to a service that survives a lost answer."""

from __future__ import annotations

import time
from typing import Any

from rclpy.client import Client
from rclpy.task import Future

AGAIN = 1.0  # s until it is put a second time; twice as long each further time: a model may be loading


class Question:
    """Put once, and again, ever more rarely, until it is answered; so only for what may be done twice.

    While nodes are finding each other a server may know where a question comes from and not yet where its answer goes:
    it waits 0.1 s and drops the answer ("failed to send response (timeout)").
    """

    def __init__(self, client: Client, request: Any) -> None:
        """Ask; ``client`` is one whose service is ready, and whose node is spun meanwhile."""
        self._client, self._request = client, request
        self._patience, self._due = AGAIN, time.monotonic() + AGAIN
        self._futures: list[Future] = [client.call_async(request)]

    @property
    def is_answered(self) -> bool:
        """Whether ``answer`` is there; asks again where that is due."""
        if any(future.done() for future in self._futures):
            return True
        if time.monotonic() > self._due:
            self._patience *= 2.0
            self._due = time.monotonic() + self._patience
            self._futures.append(self._client.call_async(self._request))
        return False

    @property
    def answer(self) -> Any:
        """The service's response; None before it ``is_answered``."""
        return next((future.result() for future in self._futures if future.done()), None)
