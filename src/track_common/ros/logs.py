"""Python's ``logging`` -> a node's logger: the core's messages reach the console and /rosout with name and severity."""

from __future__ import annotations

import logging

from rclpy.node import Node

OURS = ("track_common", "vlt_ros", "trackvla_ros", "go2_bridge", "evt_bench", "trackvla_cli")
MAX_WAITING = 100  # records of a node's construction that are kept until its logger exists


class NodeLog(logging.Handler):
    """Handler of the root logger; ``run_node`` makes one a process. Other packages' messages pass from WARNING on.

    Records that come before ``attach`` are kept and passed on then. Python's warnings are taken in too.
    """

    def __init__(self, level: int = logging.INFO) -> None:
        super().__init__(level)
        self._node: Node | None = None
        self._waiting: list[logging.LogRecord] = []
        root = logging.getLogger()
        root.addHandler(self)
        for package in OURS:
            if logging.getLogger(package).level == logging.NOTSET:  # else Python holds back all below WARNING
                logging.getLogger(package).setLevel(level)
        logging.captureWarnings(True)

    def attach(self, node: Node) -> None:
        """Pass the records on to this node's logger from now on, those that wait first."""
        self._node = node
        waiting, self._waiting = self._waiting, []
        for record in waiting:
            self.emit(record)

    def emit(self, record: logging.LogRecord) -> None:
        """One line at the record's own severity (rclpy ties a severity to its line of source)."""
        if self._node is None:
            self._waiting = [*self._waiting, record][-MAX_WAITING:]
            return
        logger, text = self._node.get_logger(), _text_of(record)
        if record.levelno >= logging.ERROR:
            logger.error(text)
        elif record.levelno >= logging.WARNING:
            logger.warning(text)
        else:
            logger.info(text)

    def close(self) -> None:
        """Pass nothing on any more."""
        self._node = None
        logging.getLogger().removeHandler(self)
        super().close()


def _text_of(record: logging.LogRecord) -> str:
    """The message, with the exception's last line where the record carries one: /rosout shows one line an entry."""
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit the message's format
        text = f"{record.msg} {record.args}"
    error = record.exc_info[1] if record.exc_info else None
    return text if error is None else f"{text}: {type(error).__name__}: {error}"
