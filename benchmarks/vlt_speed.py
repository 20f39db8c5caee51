"""Speed of the VLT engines as ratios to a plain eager float32 pass of the same network, in one process on one thread.

    python benchmarks/vlt_speed.py [--rounds 15] [--data FOLDER] [--checkpoint FILE] [--json FILE]

Times are processor time of this process, the engines take turns, so a busy machine moves all of them alike. Network
only: search image in, maps out, tokens and template ready. The weights are the parity files' (made from names and a
seed), the paths the published ones. The last column is the share of what this core reaches in a large matrix product
of the same precision. With --data (real clips) bfloat16 boxes are compared with float32 ones: with the made-up
weights, whose maps have several peaks of nearly one height, and with those of --checkpoint, by default vlt_nano's.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from track_common.boxes import iou
from vlt_ros.clips import load_clips
from vlt_ros.model import checkpoint, zoo
from vlt_ros.model.engine import make_engine
from vlt_ros.model.parity_network import Case, make_case
from vlt_ros.model.scar import VltScar
from vlt_ros.siamese.follower import RULES, Follower
from vlt_ros.siamese.state import TemplateCrop
from vlt_ros.siamese.tracker import LANGUAGES, NANO_WEIGHTS, make_encoder

SEED = 20220701
ENGINES = ("eager", "folded", "openvino", "openvino-bf16")
GOALS = {"vlt_scar": {"openvino": 1.5, "openvino-bf16": 2.5}, "vlt_tt": {"openvino": 2.5, "openvino-bf16": 4.0}}
MACS = {"vlt_scar": 5.6e9, "vlt_tt": 9.8e9 + 3.5e9}  # of a search pass with head; TT's second part: attention products
CLIPS = ("otb_crossing", "tud_campus", "pets09_s2l1", "davis_camel")
APART = 0.5  # IoU below which two boxes are on different things
MATRIX = 2048  # side of the square matrices whose product measures the core's peak


@dataclass(frozen=True)
class Agreement:
    """Mean IoU from the same state and each running alone; apart: share of frames with an IoU below 0.5 at once."""

    frames: int
    same_state: float
    free_running: float
    apart: float


def plain_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q k' / sqrt(d)) v, written out."""
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    return torch.softmax(scores, dim=-1) @ value


def take_turns(runs: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Processor seconds of every run, one after the other, ``rounds`` times."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.process_time()
            run()
            seconds[name].append(time.process_time() - began)
    return seconds


def peak() -> dict[str, float]:
    """GFLOP/s of a large matrix product, best of five."""
    a, b = torch.randn(MATRIX, MATRIX), torch.randn(MATRIX, MATRIX)
    half = a.bfloat16(), b.bfloat16()
    seconds = take_turns({"float32": lambda: a @ b, "bfloat16": lambda: half[0] @ half[1]}, 5)
    return {name: 2e-9 * MATRIX**3 / min(values) for name, values in seconds.items()}


def case_of(name: str) -> Case:
    """The parity files' network and inputs."""
    lists = zoo.architecture(name).path.to_lists()
    return make_case({"tracker": name, "seed": SEED, "cand": lists, "template_bbox": [34.0, 40.0, 95.0, 86.0]})


def network_times(case: Case, rounds: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of every engine and its largest deviation |d| / (1 + |a|) from the plain pass."""
    side = RULES["vlt_scar" if isinstance(case.network, VltScar) else "vlt_tt"].template_side
    rng = np.random.default_rng(0)
    target = TemplateCrop(rng.integers(0, 256, (side, side, 3), np.uint8), np.array(case.template_box))
    search = rng.integers(0, 256, (case.inputs.search, case.inputs.search, 3), np.uint8)
    sentence = case.sentences("lang0")[0].numpy()
    engines = {name: make_engine(name, case.network, case.path) for name in ENGINES}
    ready = {name: engine.template(target, sentence) for name, engine in engines.items()}
    runs: dict[str, Callable[[], Any]] = {n: lambda n=n: engines[n].search(search, ready[n]) for n in ENGINES}

    def plain() -> Any:
        quick, F.scaled_dot_product_attention = F.scaled_dot_product_attention, plain_attention
        try:
            return runs["eager"]()
        finally:
            F.scaled_dot_product_attention = quick

    wanted = vars(plain()).values()
    apart = {name: _apart(list(vars(run()).values()), list(wanted)) for name, run in runs.items()}
    return take_turns({"plain": plain, **runs}, rounds), apart


def _apart(got: list[Any], wanted: list[Any]) -> float:
    return max(float((np.abs(a - b) / (1 + np.abs(b))).max()) for a, b in zip(got, wanted, strict=True))


def agreement(follow: Callable[[str], Follower], encode: Callable[[str], Any], data: Path, frames: int) -> Agreement:
    """bfloat16 against float32 boxes over real clips, every target; ``follow`` makes a follower for an engine."""
    first, second = follow("openvino"), follow("openvino-bf16")
    same, free = [], []
    for target in load_clips([data / name for name in CLIPS]):
        images = [_rgb(file) for file in sorted((target.clip / "img").iterdir())[target.span][:frames]]
        box, sentence = target.truth_xyxy[target.span][0], encode(target.sentence)
        one, other = first.start(images[0], box, sentence), second.start(images[0], box, sentence)
        for image in images[1:]:
            beside = second.step(image, other.at(one.state))
            done, alone = first.step(image, one), second.step(image, other)
            same.append(float(iou(done.state.box_xyxy, beside.state.box_xyxy)))
            free.append(float(iou(done.state.box_xyxy, alone.state.box_xyxy)))
            one, other = one.at(done.state), other.at(alone.state)
    return Agreement(len(same), float(np.mean(same)), float(np.mean(free)), float(np.mean(np.array(same) < APART)))


def made_up_agreement(name: str, case: Case, options: argparse.Namespace) -> Agreement:
    """With the parity files' weights and sentence."""
    rules, sentence = RULES[name], case.sentences("lang0")[0].numpy()

    def follow(engine: str) -> Follower:
        return Follower(make_engine(engine, case.network, case.path), rules, rules.settings["LaSOT"])

    return agreement(follow, lambda _: sentence, options.data, options.frames)


def trained_agreement(file: Path, options: argparse.Namespace) -> Agreement:
    """With trained weights and the clips' own sentences."""
    network, stored = checkpoint.load(file)
    rules, encoder = RULES[stored.architecture], make_encoder(options.language)

    def follow(engine: str) -> Follower:
        return Follower(make_engine(engine, network, stored.path), rules, rules.settings["LaSOT"])

    return agreement(follow, lambda text: encoder.encode(text) if encoder else None, options.data, options.frames)


def _rgb(file: Path) -> Any:
    image = cv2.imread(str(file))
    if image is None:
        raise ValueError(f"cannot read {file}")
    return np.ascontiguousarray(image[..., ::-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--data", type=Path, help="folder of real clips, each with img/ and groundtruth.txt")
    parser.add_argument("--frames", type=int, default=60, help="of each clip")
    parser.add_argument("--checkpoint", type=Path, default=NANO_WEIGHTS, help="trained weights for --data")
    parser.add_argument(
        "--language", default="looks", choices=LANGUAGES, help="sentence encoder they were trained with"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    report: dict[str, Any] = {"machine": platform.processor() or platform.machine(), "peak_gflops": peak()}
    print("matrix product, one thread:", {k: f"{v:.0f} GFLOP/s" for k, v in report["peak_gflops"].items()})
    for name in GOALS:
        report[name] = measure(name, options, report["peak_gflops"])
    if options.data and options.checkpoint.is_file():
        report["trained"] = vars(trained_agreement(options.checkpoint, options))
        print(f"{options.checkpoint.name}, bfloat16 boxes against float32:", report["trained"])
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))


def measure(name: str, options: argparse.Namespace, peaks: dict[str, float]) -> dict[str, Any]:
    """One tracker's rows, printed and returned."""
    case = case_of(name)
    seconds, apart = network_times(case, options.rounds)
    plain = min(seconds["plain"])
    print(f"{name:14} {'ms':>6} {'median':>7} {'ratio':>6} {'goal':>5} {'deviation':>10} {'GFLOP/s':>8} {'of peak':>8}")
    rows: dict[str, Any] = {}
    for engine, values in seconds.items():
        speed = 2e-9 * MACS[name] / min(values)
        rows[engine] = {
            "ms_best": 1e3 * min(values),
            "ms_median": 1e3 * statistics.median(values),
            "ratio": plain / min(values),
            "goal": GOALS[name].get(engine),
            "deviation": apart.get(engine, 0.0),
            "gflops": speed,
            "share_of_peak": speed / peaks["bfloat16" if engine.endswith("bf16") else "float32"],
        }
        print(_line(engine, rows[engine]))
    if options.data:
        rows["agreement"] = vars(made_up_agreement(name, case, options))
        print(f"{name}, made-up weights, bfloat16 boxes against float32:", rows["agreement"])
    return rows


def _line(engine: str, row: dict[str, Any]) -> str:
    goal = "" if row["goal"] is None else f"{row['goal']:.1f}"
    times = f"{row['ms_best']:6.1f} {row['ms_median']:7.1f} {row['ratio']:6.2f} {goal:>5}"
    return f"{engine:14} {times} {row['deviation']:10.1e} {row['gflops']:8.0f} {row['share_of_peak']:8.2f}"


if __name__ == "__main__":
    main()
