"""`trackvla bench hostile`: mutated messages against the policy server and the robot's client."""

from __future__ import annotations

from pathlib import Path

import typer


def hostile(
    messages: int = typer.Option(100_000, "--messages", min=100, help="Mutated messages to each side."),
    seed: int = typer.Option(0, "--seed", help="Of the mutations."),
    alone: float = typer.Option(30.0, "--alone", min=1.0, help="Seconds for which the robot is measured alone first."),
    json_file: Path = typer.Option(Path("runs/hostile.json"), "--json", help="The figures."),
) -> None:
    """Mutated messages to server and robot: growth of memory, a sound robot's p99 beside them, threads lost."""
    import json
    import os
    from dataclasses import asdict

    from evt_bench.hostile.run import attack_client, attack_server
    from trackvla_cli.progress import ProgressBar

    with ProgressBar("messages to the server") as bar:
        server = attack_server(messages, seed, alone, lambda sent: bar.update(sent, messages))
    with ProgressBar("messages to the robot") as bar:
        client = attack_client(messages, seed, lambda sent: bar.update(sent, messages))
    for name, side in (("server", server), ("robot", client)):
        state = "answers afterwards" if side.is_sound_after else "DOES NOT ANSWER afterwards"
        print(f"{name}: {side.messages} mutated messages in {side.seconds:.0f} s; {state}; {side.replies}")
        print(f"  memory {side.growth_mb:+.1f} MB, threads lost {side.threads_lost}, unexpected {len(side.failures)}")
    print(f"a sound robot's round trip, p99: {server.alone_ms:.1f} ms alone, {server.during_ms:.1f} ms meanwhile")
    print(
        f"  ({server.during_ms / server.alone_ms:.1f} times); load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps({"server": asdict(server), "robot": asdict(client)}, indent=1))
    print(json_file)
    if not (server.is_sound_after and client.is_sound_after):
        raise typer.Exit(1)
