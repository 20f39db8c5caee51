"""`trackvla track`: the box of a described person in a real video, without ROS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from vlt_ros.track import TrackReport


def track(
    video: Path = typer.Argument(..., help="A video file, or a folder of images."),
    instruction: str = typer.Option("", "--instruction", "-i", help="Who to track, in words."),
    tracker: str = typer.Option("grounded", "--tracker", help="Name of a tracker, see `trackvla info`."),
    box: str = typer.Option("", "--box", help="First box x,y,w,h in pixels, for trackers that start from one."),
    truth: Path = typer.Option(
        None, "--ground-truth", "--truth", help="x,y,w,h, four corners or a MOTChallenge row a line: prints scores."
    ),
    target_id: int = typer.Option(None, "--target-id", help="Whose rows of a MOTChallenge file are the ground truth."),
    out: Path = typer.Option(None, "--out", "-o", help="Folder for boxes.txt and film.mp4; default: runs/VIDEO."),
    json_file: Path = typer.Option(None, "--json", help="Write the figures here."),
    param: list[str] = typer.Option([], "--param", help="NAME=VALUE, a setting of the tracker; may be repeated."),
    rate: float = typer.Option(0.0, "--rate", help="Frames per second; 0: the video's own."),
) -> None:
    """Track the described person through a video; writes the boxes and a film."""
    from trackvla_cli.progress import ProgressBar
    from vlt_ros.track import TrackOptions, track_video

    options = TrackOptions(
        video=video,
        instruction=instruction,
        box_xywh=_parse_box(box) if box else None,
        tracker=tracker,
        ground_truth=truth,
        target_id=target_id,
        json_file=json_file,
        out=out or Path("runs") / video.resolve().stem,
        rate=rate,
        params=_params(param),
    )
    with ProgressBar("tracking") as bar:
        report = track_video(options, bar.update)
    _show(report, options.out)


def _params(words: list[str]) -> dict[str, Any]:
    import yaml

    pairs = [word.partition("=") for word in words]
    if odd := [word for word, (name, equals, _) in zip(words, pairs, strict=True) if not (name and equals)]:
        raise typer.BadParameter(f"--param is '{odd[0]}'; wanted NAME=VALUE")
    return {name: yaml.safe_load(value) for name, _, value in pairs}


def _parse_box(text: str) -> tuple[float, float, float, float]:
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"--box is '{text}'; wanted four numbers x,y,w,h") from None
    return x, y, w, h


def _show(report: TrackReport, out: Path | None) -> None:
    print(f"{report.tracker}: a box in {report.found_share:.0%} of {len(report.boxes_xyxy)} frames, ", end="")
    print(f"{report.ms_per_frame:.0f} ms a frame")
    if report.warning:
        print(f"! {report.warning}")
    if report.score is not None:
        print(f"success AUC {report.score.success_auc:.3f}, precision (20 px) {report.score.precision:.3f}")
    print(f"{out}/boxes.txt\n{out}/film.mp4")
