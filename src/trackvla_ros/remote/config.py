"""Settings of ``policy:=remote`` (the robot's side) and of ``trackvla serve`` (the server's)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from track_common.config import ConfigError, setting

PORT = 8790
MAX_PAUSE = 1.0  # s between two attempts to connect: a robot without a server stands


@dataclass(frozen=True)
class RemotePolicyConfig:
    """Where the server is and how long to wait for it."""

    url: str = setting(f"ws://127.0.0.1:{PORT}", "the server: ws://HOST:PORT, or wss://HOST:PORT where it speaks TLS")
    token_file: str = setting("", "file with the server's token; empty: it asks for none")
    ca_file: str = setting("", "certificate that the server's must be signed by; empty: those this system trusts")
    jpeg_quality: int = setting(80, "of the images sent: lower is smaller", low=10, high=100)
    max_width: int = setting(
        0, "wider images are made so narrow before they are sent; 0: sent as they are", unit="px", low=0, high=10000
    )
    deadline: float = setting(
        0.4,
        "longest wait for an answer; beyond the controller's trajectory_timeout the robot stands before it comes",
        unit="s",
        low=0.02,
        high=60.0,
    )
    reconnect: float = setting(
        0.25, "first pause before connecting again; doubles up to 1 s", unit="s", low=0.01, high=MAX_PAUSE
    )

    def check(self) -> None:
        """The address must be one of a websocket."""
        if not self.url.startswith(("ws://", "wss://")):
            raise ConfigError(f"url is '{self.url}'; wanted ws://HOST:PORT or wss://HOST:PORT")

    def tls(self) -> ssl.SSLContext | None:
        """How to trust the server; None without TLS.

        Raises:
            OSError: ``ca_file`` cannot be read.
        """
        if not self.url.startswith("wss://"):
            return None
        return ssl.create_default_context(cafile=str(Path(self.ca_file).expanduser()) if self.ca_file else None)


@dataclass(frozen=True)
class ServerConfig:
    """Where to listen and whom to let in."""

    host: str = setting("127.0.0.1", "address to listen on; 0.0.0.0: every network card")
    port: int = setting(PORT, "0: any that is free", low=0, high=65535)
    sessions: int = setting(1, "robots served at a time; each has a policy of its own in memory", low=1, high=64)
    token_file: str = setting(
        "", "file with one token for all robots, or with lines name: token, one a robot; empty: anyone may come in"
    )
    idle: float = setting(
        5.0,
        "a session that was given no answer for so long gives its policy up when another robot asks for one",
        unit="s",
        low=0.1,
        high=3600.0,
    )
    strangers: int = setting(32, "connections without a session at a time", low=1, high=1000)
    strangers_per_address: int = setting(8, "of them, from one address", low=1, high=1000)
    certificate: str = setting("", "PEM file with certificate chain, for TLS")
    key: str = setting("", "PEM file with its private key")

    def check(self) -> None:
        """TLS needs both files."""
        if bool(self.certificate) != bool(self.key):
            raise ConfigError(f"certificate '{self.certificate}' with key '{self.key}'; give both or neither")

    def tls(self) -> ssl.SSLContext | None:
        """The server's identity; None without TLS.

        Raises:
            OSError: a file cannot be read or is no such thing.
        """
        if not self.certificate:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(self.certificate).expanduser(), Path(self.key).expanduser())
        return context
