"""`trackvla serve`: a policy for robots elsewhere."""

from __future__ import annotations

import typer


def serve(
    policy: str = typer.Option(..., "--policy", help="Name of a policy, see `trackvla info`."),
    checkpoint: str = typer.Option("", "--checkpoint", help="Its weights; the same as --set checkpoint=FOLDER."),
    settings: list[str] = typer.Option([], "--set", help="NAME=VALUE, a setting of the policy; may be repeated."),
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on; 0.0.0.0: every network card."),
    port: int = typer.Option(8790, "--port", help="0: any that is free."),
    sessions: int = typer.Option(1, "--sessions", help="Robots at a time; each has the policy in memory once more."),
    token_file: str = typer.Option(
        "", "--token-file", help="File with the token that robots must show, or with lines NAME: TOKEN, one a robot."
    ),
    idle: float = typer.Option(5.0, "--idle", help="s without an answer after which a waiting robot gets the policy."),
    strangers: int = typer.Option(32, "--strangers", help="Connections without a session at a time."),
    strangers_per_address: int = typer.Option(8, "--strangers-per-address", help="Of them, from one address."),
    certificate: str = typer.Option("", "--certificate", help="PEM file, for TLS (wss://)."),
    key: str = typer.Option("", "--key", help="PEM file with the certificate's private key."),
) -> None:
    """Run a policy here and let robots ask it over the network, as policy:=remote does (docs/remote.md)."""
    import asyncio
    import logging
    import socket

    from track_common.config import override
    from trackvla_ros.registry import make_policy
    from trackvla_ros.remote.config import ServerConfig
    from trackvla_ros.remote.server import PolicyServer

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)
    where = {"host": host, "port": port, "sessions": sessions, "token_file": token_file}
    limits = {"idle": idle, "strangers": strangers, "strangers_per_address": strangers_per_address}
    config = override(ServerConfig(), {**where, **limits, "certificate": certificate, "key": key})
    values = _parse(settings) | ({"checkpoint": checkpoint} if checkpoint else {})
    server = PolicyServer(policy, [make_policy(policy, values) for _ in range(sessions)], config)

    def say_ready(address: str) -> None:
        url = address.replace("//0.0.0.0:", f"//{socket.gethostname()}:")
        print(f"{policy} answers on {address}; on the robot: policy:=remote, remote.url:={url}", flush=True)
        if not token_file and not host.startswith("127."):
            print("anyone who reaches this port may use it: --token-file lets in only who knows the token", flush=True)

    asyncio.run(server.run(say_ready))


def _parse(words: list[str]) -> dict[str, object]:
    import yaml

    pairs = [word.partition("=") for word in words]
    for name, is_given, _ in pairs:
        if not (name and is_given):
            raise typer.BadParameter(f"--set is '{name}'; wanted NAME=VALUE")
    return {name: yaml.safe_load(value) for name, _, value in pairs}
