"""`trackvla model`: look into weights, compare with reference files, import public ones, write anchors."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(help="Weights of the TrackVLA model and of the open models.", no_args_is_help=True)


@app.command("info")
def info(
    path: Path = typer.Argument(None, help="Checkpoint folder; without one, --size."),
    size: str = typer.Option("full", "--size", help="full, small or tiny: structure only, no memory used."),
) -> None:
    """Parts, parameters, memory, number format and where the weights come from."""
    from rich.console import Console
    from rich.table import Table

    from track_common.config import lookup
    from trackvla_ros.model.sizes import SIZES
    from trackvla_ros.model.weights import build_empty, describe, load_model, read_config

    model = load_model(path)[0] if path else build_empty(lookup("size", size, SIZES))
    table = Table("part", "parameters", "MB", "dtype", title=str(path) if path else f"size {size} (no weights)")
    for part in describe(model):
        table.add_row(part.part, f"{part.parameters:,}", f"{part.megabytes:,.1f}", part.dtype)
    console = Console()
    console.print(table)
    for name, value in (read_config(path)[1] if path else {}).items():
        console.print(f"{name}: {value}")


@app.command("heads")
def heads() -> None:
    """Parameters of the six action models of Table 9, ours beside the published ones."""
    import dataclasses

    from rich.console import Console
    from rich.table import Table

    from trackvla_ros.model.sizes import HEADS, PUBLISHED_HEAD_MILLIONS, SIZES
    from trackvla_ros.model.weights import build_empty, describe

    table = Table("head", "parameters", "published")
    for name, head in HEADS.items():
        parts = describe(build_empty(dataclasses.replace(SIZES["full"], head=head)))
        count = next(part.parameters for part in parts if part.part == "head")
        table.add_row(name, f"{count:,}", f"{PUBLISHED_HEAD_MILLIONS[name]} M")
    Console().print(table)


@app.command("parity")
def parity(file: Path = typer.Argument(..., exists=True, help="A reference file such as open_vla_parity.npz.")) -> None:
    """Run the open models on filled weights and compare every array of a reference file; exit 1 where one differs."""
    from rich.console import Console
    from rich.table import Table

    from trackvla_ros.open_vla.model.parity import TOLERANCE, compare

    rows = compare(file)
    table = Table("array", "largest difference", "")
    for row in rows:
        table.add_row(row.name, f"{row.difference:.2e}", "ok" if row.passes else "DIFFERS")
    Console().print(table)
    failed = sum(not row.passes for row in rows)
    print(f"{len(rows) - failed} of {len(rows)} arrays within {TOLERANCE}")
    raise typer.Exit(1 if failed else 0)


@app.command("import")
def import_(
    out: Path = typer.Argument(..., help="Folder to write."),
    language: Path = typer.Option(
        ..., "--language", help="Folder of Uni-NaVid or Vicuna (.bin or safetensors, shards too)."
    ),
    vision: Path = typer.Option(None, "--vision", help="eva_vit_g.pth, where the language folder holds no tower."),
    size: str = typer.Option("full", "--size", help="Size the files must have."),
) -> None:
    """Public weights to one safetensors folder; prints every key that was unknown, missing or left out."""
    from track_common.config import lookup
    from trackvla_ros.model.anchors import fan_anchors
    from trackvla_ros.model.importing import import_weights
    from trackvla_ros.model.sizes import SIZES
    from trackvla_ros.model.weights import save_model

    config = lookup("size", size, SIZES)
    anchors = fan_anchors(config.head.anchors, config.head.waypoints, config.head.waypoint_period)
    model, report = import_weights(config, language, vision, anchors)
    notes = {"language": str(language), "vision": str(vision or "from the language folder"), "action head": "untrained"}
    save_model(model, anchors, out, notes, tokenizer_folder=language)
    for title in ("unknown", "missing", "left_out"):
        keys = getattr(report, title)
        print(f"{title}: {len(keys)}" + "".join(f"\n  {key}" for key in keys))
    print(f"{len(report.taken)} tensors taken; written to {out}")


@app.command("export")
def export(
    path: Path = typer.Argument(..., help="Checkpoint folder."),
    out: Path = typer.Argument(..., help="Folder to write."),
    dtype: str = typer.Option("bfloat16", "--dtype", help="Number format of all but the action head."),
) -> None:
    """The same weights in another number format, with anchors, tokenizer and a fresh model card."""
    from track_common.config import lookup
    from trackvla_ros.model.anchors import load_anchors
    from trackvla_ros.model.weights import DTYPES, load_model, read_config, save_model

    model, _ = load_model(path, lookup("dtype", dtype, DTYPES))
    save_model(model, load_anchors(path), out, read_config(path)[1], tokenizer_folder=path)
    print(f"written to {out}")


@app.command("graphs")
def graphs(
    path: Path = typer.Argument(..., help="Checkpoint folder of a size that reads words, such as nano."),
    out: Path = typer.Argument(..., help="Folder to write."),
) -> None:
    """Two ONNX graphs and a word table, which policy:=trackvla runs without torch (checkpoint:=OUT)."""
    from trackvla_ros.model.export import export as write

    write(path, out)
    size = sum(file.stat().st_size for file in out.iterdir()) / 1e6
    print(f"{size:.1f} MB written to {out}")


@app.command("anchors")
def anchors(
    trajectories: Path = typer.Argument(
        ..., exists=True, help=".npy of expert trajectories (N, H, 3), base frame, m and rad."
    ),
    out: Path = typer.Argument(..., help="Folder to write anchors.safetensors to."),
    count: int = typer.Option(40, "--count", help="Number of anchors M."),
    period: float = typer.Option(0.1, "--period", help="Seconds between waypoints."),
    seed: int = typer.Option(0, "--seed", help="Of the clustering."),
) -> None:
    """Cluster expert trajectories into anchors (k-means++), with their normalisation."""
    import numpy as np

    from trackvla_ros.model.anchors import cluster_anchors, save_anchors

    out.mkdir(parents=True, exist_ok=True)
    print(save_anchors(cluster_anchors(np.load(trajectories, allow_pickle=False), count, period, seed=seed), out))


@app.command("train")
def train(
    config: Path = typer.Argument(..., exists=True, help="YAML such as config/train/debug.yaml."),
    changes: list[str] = typer.Option([], "--set", help="NAME=VALUE over the file; repeat for several."),
) -> None:
    """Train one stage, or go on where the folder `out` stopped; under `accelerate launch` on many GPUs."""
    import logging

    import yaml

    from trackvla_ros.training.config import read_train_config
    from trackvla_ros.training.train import train as run

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    pairs = [change.partition("=") for change in changes]
    result = run(*read_train_config(config, {name: yaml.safe_load(value) for name, _, value in pairs}))
    print(f"{result.steps} steps; written to {result.folder}")
    if result.evaluation:
        e = result.evaluation
        side = f"right side {100 * e.side_accuracy:.0f} %"
        print(f"held out (n = {e.samples}): ADE {e.ade:.2f} m, FDE {e.fde:.2f} m, {side}")
