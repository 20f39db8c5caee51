"""What the core says by ``logging`` is said by the node too: on its console line and on /rosout."""

from __future__ import annotations

import logging

from rclpy.node import Node


class NodeLog(logging.Handler):
    """Passes the records of one package on to a node's logger until ``close`` is called."""

    def __init__(self, node: Node, package: str, level: int = logging.INFO) -> None:
        super().__init__(level)
        self._logger, self._package = node.get_logger(), logging.getLogger(package)
        self._package.addHandler(self)
        if self._package.level == logging.NOTSET:  # else Python holds back all below a warning
            self._package.setLevel(level)

    def emit(self, record: logging.LogRecord) -> None:
        """One line at the record's own severity (rclpy ties a severity to its line of source)."""
        text = record.getMessage()
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        else:
            self._logger.info(text)

    def close(self) -> None:
        """Pass nothing on any more."""
        self._package.removeHandler(self)
        super().close()
