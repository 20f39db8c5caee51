"""A node's main: ends cleanly on SIGINT and SIGTERM and can still publish a last stop.

rclpy's own signal handler closes the context before ``finally`` runs, so that no stop command could leave; ours only
sets a flag, ignores a second signal and lets the node speak while the context is valid. The middleware's own closing,
which may wait for ever for other processes that end badly meanwhile, gets ``END_TIMEOUT``.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import rclpy
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from track_common.config import ConfigError
from track_common.missing import describe
from track_common.parameter_files import check_names, given_blocks
from track_common.refusal import USAGE_ERROR, end_launch
from track_common.ros.logs import NodeLog
from track_common.ros.variables import check_variables

SIGNALS = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 130
STDERR = 2
AT_ONCE = Duration()
LAST_WORDS = 0.3  # s; a reader that is frozen or died a moment ago never answers
END_TIMEOUT = 2.0  # s; 0.1 is usual. Below the launch runner's 3 s, so that the node itself says where it hung


def run_node(make_node: Callable[[], Node]) -> None:
    """``run_to_end``, then exit the process with its code."""
    code = run_to_end(make_node)
    _limit_the_end()  # of what the interpreter closes
    sys.exit(code)


def run_to_end(make_node: Callable[[], Node]) -> int:
    """Spin one node until a signal comes or it sets ``exit_code``; then call its ``on_shutdown`` and return that code.

    A ConfigError while the node is made, and a parameter file that is missing or names what is not there, is printed in
    one line and ends the process with code 2, and with it the launch it belongs to (``track_common.refusal``). Where
    the middleware does not close within ``END_TIMEOUT``, what each thread does is printed and SIGALRM ends the process.
    """
    log = NodeLog()  # what is said while the node is made is passed on when it has a logger
    try:
        check_variables(os.environ)
        blocks = given_blocks(sys.argv, os.environ)
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except ConfigError as error:
        _refuse(error)
    except RuntimeError as error:
        _refuse(f"these ROS arguments cannot be used: {error}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever dies at once keeps Fast DDS's locks and memory
    try:
        node = make_node()
        check_names(blocks, node.get_fully_qualified_name(), node.get_parameters_by_prefix("").keys())
        log.attach(node)
        settle_memory()
    except ConfigError as error:
        _refuse(error)
    except ImportError as error:  # of a package that only this node's settings need
        _refuse(describe(error))
    except KeyboardInterrupt:  # while a model loads
        rclpy.try_shutdown()
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - whatever it is, a launch without this node is not whole
        traceback.print_exc()
        _refuse(f"the node could not be made, which is a fault in it: {type(error).__name__}: {error}")
    _spin(node)
    code = int(getattr(node, "exit_code", None) or 0)
    _limit_the_end()
    log.close()
    node.destroy_node()
    rclpy.try_shutdown()
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    return code


def settle_memory() -> None:
    """Take what is loaded out of the garbage collector's rounds; called before spinning, and when a node loads more.

    Modules and node stay: to look through them all holds every thread up for 35 ms, two control periods, and 270 ms
    where a network is loaded (375 000 objects).
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _limit_the_end() -> None:
    """An alarm rather than a thread: what hangs in the middleware holds the interpreter's lock."""
    faulthandler.register(signal.SIGALRM, file=STDERR, chain=True)
    signal.setitimer(signal.ITIMER_REAL, END_TIMEOUT)


def _refuse(reason: object) -> NoReturn:
    print(f"error: {reason}", file=sys.stderr, flush=True)  # noqa: T201 - no node, so no logger
    end_launch()
    rclpy.try_shutdown()
    sys.exit(USAGE_ERROR)


def _spin(node: Node) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    stopping: list[int] = []

    def on_signal(signum: int, _frame: FrameType | None) -> None:
        stopping.append(signum)
        for name in SIGNALS:
            signal.signal(name, signal.SIG_IGN)  # a second Ctrl-C must not cut the stop command off
        executor.wake()

    for name in SIGNALS:
        signal.signal(name, on_signal)
    try:
        while not stopping and rclpy.ok() and getattr(node, "exit_code", None) is None:
            executor.spin_once(timeout_sec=0.2)
    except ExternalShutdownException:
        return
    finally:
        on_shutdown = getattr(node, "on_shutdown", None)
        if on_shutdown is not None and rclpy.ok():
            on_shutdown()
            _deliver(node)
        executor.shutdown()


def _deliver(node: Node) -> None:
    """Wait, at most ``LAST_WORDS``, until what was said has been taken in: what is unread may die with its writer."""
    waiting, end = list(node.publishers), time.monotonic() + LAST_WORDS
    while waiting and time.monotonic() < end:
        waiting = [publisher for publisher in waiting if not publisher.wait_for_all_acked(AT_ONCE)]
        time.sleep(0.002)
