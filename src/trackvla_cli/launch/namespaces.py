"""Namespaces of nodes as launch_ros (0.26.6) combines them."""

from __future__ import annotations

import re

from trackvla_cli.launch.element import LaunchError, Place

ABSOLUTE = re.compile(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+")


def combine(pushed: str | None, own: str | None, place: Place) -> str | None:
    """The absolute namespace of a node; None where nothing says one.

    Args:
        pushed: absolute, from <push_ros_namespace>; None where there is none.
        own: the node's attribute, or what is to be pushed; an absolute one forgets ``pushed``.
        place: of the element, for the message.

    Raises:
        LaunchError: the result is no namespace.
    """
    if own is None or (not own and pushed):
        return pushed
    is_whole = own.startswith("/") or not pushed
    joined = own if is_whole else f"{(pushed or '').rstrip('/')}/{own}"
    namespace = "/" + joined.strip("/")
    if not ABSOLUTE.fullmatch(namespace):
        raise LaunchError(f"{place}: namespace is '{namespace}'; wanted names of letters, digits and _ with / between")
    return namespace
