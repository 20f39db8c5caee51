"""Who may be connected without a session: strangers are limited in all and by address, before they have said a word."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection

HARD = 2  # times the limits at which a connection is cut off without an answer


class Admission:
    """Counts the connections that have no session (yet), in all and by address."""

    def __init__(self, limit: int, per_address: int) -> None:
        self._limit, self._per_address = limit, per_address
        self._by_address: Counter[str] = Counter()

    def enter(self, address: str) -> str:
        """Count one more; returns why it is too many, "" where it is not."""
        self._by_address[address] += 1
        return self._reason(address, 1)

    def is_flooded(self, address: str) -> bool:
        """Whether even a refusal is more than the server owes."""
        return bool(self._reason(address, HARD))

    def leave(self, address: str) -> None:
        """One less: closed, or a session now."""
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def _reason(self, address: str, times: int) -> str:
        if self._by_address[address] > times * self._per_address:
            return f"{times * self._per_address} connections of {address} have no session yet; wanted fewer at a time"
        if self._by_address.total() > times * self._limit:
            return f"{times * self._limit} connections have no session yet; try again later"
        return ""


class Stranger(ServerConnection):
    """A connection that is counted until it is seated or lost; ``refusal`` says why it may not go on."""

    refusal = ""
    robot = ""  # the name that its token stands under, "" for none

    def __init__(self, admission: Admission, on_flood: Callable[[str], None], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._admission, self._on_flood = admission, on_flood
        self._is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it; beyond the hard limits the connection ends here."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "unknown"
        self.refusal, self._is_counted = self._admission.enter(self.address), True
        super().connection_made(transport)
        if self._admission.is_flooded(self.address):
            self._on_flood(self.address)
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """As the base class's; it counts no more."""
        self.seated()
        super().connection_lost(exc)

    def seated(self) -> None:
        """It is no stranger any more."""
        if self._is_counted:
            self._is_counted = False
            self._admission.leave(self.address)
