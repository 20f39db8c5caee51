"""`trackvla vlt`: check, convert, run and score the vision-language trackers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from vlt_ros.evaluation.report import Report
    from vlt_ros.model.parity import Deviation

app = typer.Typer(help="The VLT trackers: parity with the authors, checkpoints, benchmarks.", no_args_is_help=True)


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
    dataset: str = typer.Option(..., "--dataset", help="lasot, lasot_ext, tnl2k, otb, got10k or folder."),
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
    dataset: str = typer.Option(..., "--dataset", help="lasot, lasot_ext, tnl2k, otb, got10k or folder."),
    root: Path = typer.Option(..., "--root", help="The benchmark's folder; annotations are enough."),
    results: Path = typer.Option(..., "--results", help="Folder of result files, or of one such folder a tracker."),
    json_file: Path = typer.Option(None, "--json", help="Write overall, attribute and sequence scores here."),
    plots: Path = typer.Option(None, "--plots", help="Folder for curves.png and attributes.png."),
) -> None:
    """Score any tracker's result files: x,y,w,h a line, with commas, tabs or spaces."""
    from vlt_ros.evaluation.report import score_results

    reports = score_results(dataset, root, results)
    _print_reports(reports)
    if json_file is not None:
        values = {report.tracker: report.to_json() for report in reports}
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(values if len(reports) > 1 else reports[0].to_json(), indent=1))
    if plots is not None:
        _plot(reports, plots)


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

    table = Table(title=f"{reports[0].dataset}, {len(reports[0].sequences)} sequences, per cent")
    for column in ("tracker", "success AUC", "precision", "norm. precision", *reports[0].attributes):
        table.add_column(column, justify="left" if column == "tracker" else "right")
    for report in reports:
        attributes = [f"{100 * part.scores[0]:.2f}" for _, part in report.attributes.values()]
        table.add_row(report.tracker, *(f"{100 * s:.2f}" for s in report.overall.scores), *attributes)
    Console(width=max(100, 40 + 9 * len(reports[0].attributes))).print(table)
