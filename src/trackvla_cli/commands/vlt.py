"""`trackvla vlt`: check, convert, run and score the vision-language trackers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from vlt_ros.evaluation.report import Report
    from vlt_ros.model.parity import Deviation

app = typer.Typer(
    help="The VLT trackers: parity with the authors, checkpoints, benchmarks, training, search.", no_args_is_help=True
)


@app.command("parity")
def parity(
    files: list[Path] = typer.Argument(..., help="vlt_scar_, vlt_tt_ or vlt_bert_ parity files, of any seed."),
    seed: int = typer.Option(None, "--seed", help="Seed of a BERT file; else the two published ones are tried."),
    json_file: Path = typer.Option(None, "--json", help="Also write every array's deviation here."),
) -> None:
    """Compare every array of the authors' outputs with ours; ends with 1 where one deviates too far."""
    from vlt_ros.model.parity import check

    found = {str(file): check(file, seed) for file in files}
    for file, deviations in found.items():
        _print_deviations(file, deviations)
    if json_file is not None:
        rows = {file: {d.name: [d.worst, d.limit, d.is_ok, d.note] for d in found[file]} for file in found}
        json_file.write_text(json.dumps(rows, indent=1))
    if not all(d.is_ok for deviations in found.values() for d in deviations):
        raise typer.Exit(1)


@app.command("convert")
def convert(
    source: Path = typer.Argument(..., help="The authors' .model or .pth file."),
    target: Path = typer.Argument(..., help="Where the .safetensors file goes."),
    language: Path = typer.Option(None, "--language", help="Also write the sentence encoder inside it here."),
) -> None:
    """Turn a checkpoint into safetensors once, all names and shapes checked, nothing in it executed."""
    from vlt_ros.model.checkpoint import convert as convert_file

    made = convert_file(source, target, language)
    print(f"{target}: {made.architecture}, {len(made.weights)} tensors, path {made.path.to_lists()}")


@app.command("run")
def run(
    tracker: str = typer.Option(..., "--tracker", help="Name of a tracker, see `trackvla info`."),
    dataset: str = typer.Option(..., "--dataset", help="lasot, lasot_ext, tnl2k, otb, got10k, trackingnet or folder."),
    root: Path = typer.Option(..., "--root", help="The benchmark's folder."),
    results: Path = typer.Option(Path("runs/results"), "--results", help="Result files go to RESULTS/TRACKER."),
    param: list[str] = typer.Option([], "--param", help="Setting of the tracker, as name=value; may be repeated."),
    language: bool = typer.Option(True, "--language/--no-language", help="Hand the sentence over."),
    processes: int = typer.Option(1, "--processes", help="Sequences at a time."),
) -> None:
    """Run a tracker over a benchmark; what is finished already is kept, so a stopped run goes on."""
    import yaml

    from vlt_ros.evaluation.run import RunPlan, run_benchmark

    params = {name: yaml.safe_load(value) for name, _, value in (item.partition("=") for item in param)}
    plan = RunPlan(tracker, dataset, str(root), params, language)
    folder = run_benchmark(plan, results, processes, lambda name, rate: print(f"{name}: {rate:.1f} frames/s"))
    print(f"results in {folder}; score them: trackvla vlt score --dataset {dataset} --root {root} --results {folder}")


@app.command("score")
def score(
    dataset: str = typer.Option(..., "--dataset", help="lasot, lasot_ext, tnl2k, otb, got10k, trackingnet or folder."),
    root: Path = typer.Option(..., "--root", help="The benchmark's folder; annotations are enough."),
    results: Path = typer.Option(..., "--results", help="Folder of result files, or of one such folder a tracker."),
    sequences: Path = typer.Option(
        None, "--sequences", help="List of the sequences to score, a name a line: a benchmark's official test list."
    ),
    partial: bool = typer.Option(False, "--partial", help="Score the sequences that have results, however few."),
    json_file: Path = typer.Option(None, "--json", help="Write overall, attribute and sequence scores here."),
    plots: Path = typer.Option(None, "--plots", help="Folder for curves.png and attributes.png."),
) -> None:
    """Score any tracker's result files: x,y,w,h a line, with commas, tabs or spaces."""
    from vlt_ros.evaluation.report import Choice, score_results

    reports = score_results(dataset, root, results, Choice(sequences, partial))
    _print_reports(reports)
    if json_file is not None:
        values = {report.tracker: report.to_json() for report in reports}
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(values if len(reports) > 1 else reports[0].to_json(), indent=1))
    if plots is not None:
        _plot(reports, plots)


@app.command("train")
def train(
    config: str = typer.Option(..., "--config", help="File, or a name in config/train: vlt_debug, vlt_nano, ..."),
    changes: list[str] = typer.Option(
        [], "--set", help="NAME=VALUE over the file, as model.width=64; may be repeated."
    ),
) -> None:
    """Train a tracker, or go on where the folder `out` stopped; under `accelerate launch` on many GPUs."""
    from vlt_ros.training.config import read_plan
    from vlt_ros.training.train import train as run_training

    _log_progress()
    result = run_training(read_plan(_training_file(config), _values(changes)))
    losses = ", ".join(f"{name} {value:.3f}" for name, value in result.losses.items())
    tried = "" if result.success is None else f"; success AUC on drawn videos {result.success:.3f}"
    print(f"{result.steps} steps, {losses or 'nothing left to do'}{tried}; weights in {result.file}")


@app.command("search")
def search(
    config: str = typer.Option(..., "--config", help="File, or a name in config/train: vlt_search_debug, ..."),
    changes: list[str] = typer.Option([], "--set", help="NAME=VALUE, as evolution.population=20; may be repeated."),
) -> None:
    """Find the path that tracks best (ASS), or go on where the folder `out` stopped; the supernet is trained first."""
    from vlt_ros.search.config import read_search_plan
    from vlt_ros.search.search import search as run_search

    _log_progress()
    plan = read_search_plan(_training_file(config), _values(changes))
    result = run_search(plan)
    print("generation means: " + ", ".join(f"{mean:.3f}" for mean in result.generation_means))
    if plan.config.baseline:
        print(f"{plan.config.baseline} random paths: mean {result.random_mean:.3f}, best {result.random_best:.3f}")
    print(f"best {result.reward:.3f}: path {result.path.to_lists()}; all rewards in {plan.config.out}/history.json")


@app.command("activation")
def activation(
    weights: Path = typer.Option(..., "--checkpoint", help="Weight file of a tracker."),
    image: Path = typer.Option(..., "--image", help="Picture with the target."),
    box: str = typer.Option(..., "--box", help="Its box there, as x,y,w,h."),
    sentence: list[str] = typer.Option([""], "--sentence", help="May be repeated; an empty one is none."),
    later: Path = typer.Option(None, "--search", help="Picture to look for it in, about the same box; else the first."),
    language: str = typer.Option("words", "--language", help="Sentence encoder: words, bert, gpt2."),
    language_path: str = typer.Option("", "--language-path", help="Folder of bert or gpt2."),
    stage: int = typer.Option(4, "--stage", help="Stage of the backbone looked at, 1..4."),
    elementwise: bool = typer.Option(False, "--elementwise", help="HiResCAM in the place of Grad-CAM."),
    out: Path = typer.Option(Path("runs/activation.png"), "--out", help="PNG to write."),
) -> None:
    """Grad-CAM: what the target's score rests on under each sentence, side by side."""
    from track_common.boxes import to_xyxy
    from vlt_ros.model import checkpoint
    from vlt_ros.model.activation import Scene, activations, grid
    from vlt_ros.siamese.tracker import make_encoder

    network, stored = checkpoint.load(weights)
    first, box_xyxy = _read_image(image), to_xyxy(_box(box), "xywh")
    scene = Scene(first, box_xyxy, first if later is None else _read_image(later), box_xyxy)
    encoder = make_encoder(language, language_path)
    crop, found = activations(network, stored.path, scene, sentence, encoder, stage, elementwise)
    _write_image(grid(crop, found), out)
    print(f"{len(found)} maps in {out}")
    for one in found:
        if not one.values.any():
            print(f"'{one.sentence}': nothing speaks for the target by channel means; type --elementwise")


@app.command("attributes")
def attributes(
    dataset: str = typer.Option(..., "--dataset", help="lasot, lasot_ext or tnl2k with attribute files."),
    root: Path = typer.Option(..., "--root", help="The benchmark's folder; annotations are enough."),
    results: Path = typer.Option(..., "--results", help="Folder with one folder of result files a tracker."),
    tracker: str = typer.Option(..., "--tracker", help="The one that is compared with the others."),
    out: Path = typer.Option(Path("runs/attributes.png"), "--out", help="PNG to write."),
) -> None:
    """Where a tracker gains and loses: success AUC by attribute against the best other tracker."""
    from vlt_ros.evaluation.attributes import compare, plot_grid
    from vlt_ros.evaluation.report import score_results

    reports = score_results(dataset, root, results)
    for row in compare(reports, tracker):
        print(f"{row.name:5} n = {row.sequences:3}  {100 * row.success[0]:6.2f}  gain {100 * row.gain:+6.2f}")
    plot_grid(reports, tracker, out)
    print(f"picture in {out}")


def _training_file(config: str) -> Path:
    """A file, or one of this project's by name."""
    from track_common.config import ConfigError, lookup
    from track_common.share import share_directory

    if config.endswith((".yaml", ".yml")):
        if not Path(config).is_file():
            raise ConfigError(f"no configuration file {config}")
        return Path(config)
    found = {file.stem: file for file in (share_directory() / "config" / "train").glob("vlt_*.yaml")}
    return lookup("configuration", config, found)


def _values(changes: list[str]) -> dict[str, Any]:
    import yaml

    return {name: yaml.safe_load(value) for name, _, value in (change.partition("=") for change in changes)}


def _log_progress() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("accelerate").setLevel(logging.WARNING)


def _box(text: str) -> Any:
    import numpy as np

    from track_common.config import ConfigError

    try:
        values = [float(word) for word in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4:
        raise ConfigError(f"box '{text}' is not four numbers; wanted x,y,w,h in pixels")
    return np.array(values)


def _read_image(file: Path) -> Any:
    import cv2

    from track_common.config import ConfigError

    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise ConfigError(f"cannot read the image {file}")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _write_image(image: Any, file: Path) -> None:
    import cv2

    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def _plot(reports: list[Report], folder: Path) -> None:
    from vlt_ros.evaluation.plots import plot_attributes, plot_curves

    plot_curves(reports, folder / "curves.png")
    if len(reports[0].attributes) > 2:
        plot_attributes(reports, folder / "attributes.png")


def _print_deviations(file: str, deviations: list[Deviation]) -> None:
    compared = [d for d in deviations if d.note != "input"]
    for d in compared:
        print(f"{'ok  ' if d.is_ok else 'FAIL'} {d.worst:9.2e} of {d.limit:7.0e}  {d.name}  {d.note}".rstrip())
    failed = sum(not d.is_ok for d in compared)
    worst = max((d.worst for d in compared if not d.name.startswith("e2e") and d.note != "informational"), default=0.0)
    pixels = max((d.worst for d in compared if d.name.startswith("e2e")), default=0.0)
    print(f"{file}: {len(compared)} arrays, {failed} failed, worst {worst:.2e}, tracking runs {pixels:.2e} px")


def _print_reports(reports: list[Report]) -> None:
    from rich.console import Console
    from rich.table import Table

    counts = sorted({len(report.sequences) for report in reports})
    scored, annotated = "-".join(map(str, counts)), reports[0].annotated
    part = f"{scored} of {annotated} annotated sequences" if counts != [annotated] else f"{scored} sequences"
    table = Table(title=f"{reports[0].dataset}, {part}, per cent")
    own = list(reports[0].own)
    for column in ("tracker", "success AUC", "precision", "norm. precision", *own, *reports[0].attributes):
        table.add_column(column, justify="left" if column == "tracker" else "right")
    for report in reports:
        attributes = [f"{100 * part.scores[0]:.2f}" for _, part in report.attributes.values()]
        table.add_row(
            report.tracker, *(f"{100 * s:.2f}" for s in (*report.overall.scores, *report.own.values())), *attributes
        )
    Console(width=max(100, 40 + 9 * len(reports[0].attributes))).print(table)
