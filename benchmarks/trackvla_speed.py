"""TrackVLA's speed on one core: heads, streaming against recomputation, and a roofline of the full model.

    python benchmarks/trackvla_speed.py [--repeats 20] [--json FILE]

Times are medians with the 95th percentile behind, in milliseconds, random weights, float32, one thread. What is
compared is measured in turn, A B A B, so that another process slows both alike.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from track_common.interfaces import Observation
from track_common.types import Frame
from trackvla_ros.model.anchors import fan_anchors
from trackvla_ros.model.config import TrackVlaConfig
from trackvla_ros.model.heads import Condition, build_head
from trackvla_ros.model.sizes import HEADS, SIZES
from trackvla_ros.model.stream import Episode, TrackStream
from trackvla_ros.model.tokens import ByteTokenizer, PromptBuilder, stack_prompts
from trackvla_ros.model.trackvla import TrackVla, interleave
from trackvla_ros.model.weights import build_empty, build_random, describe
from trackvla_ros.policy import TrackVlaPolicy
from trackvla_ros.policy_config import TrackVlaPolicyConfig

INSTRUCTION = "follow the man in the blue shirt and brown trousers"
ANCHOR_TOKENS, WAYPOINT_TOKENS = 41, 11  # with the condition token
WORDS = 100  # opening, task and instruction of the full model's prompt, about
DEVICES = {  # vendor's nominal: dense bf16/fp16 TFLOP/s with fp32 accumulation, GB/s
    "RTX 4090": (165.0, 1008.0),
    "Jetson AGX Orin 64 GB": (42.5, 204.8),
}

Times = Mapping[str, list[float]]


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    figures: dict[str, object] = {}
    for title, measure in (
        ("Base size: action model alone (condition 4096)", base_heads),
        ("small size: whole step by head, k = 32 full", small_heads),
        ("small size: streaming against recomputation, k = 32 full", streaming),
        ("small size: policy.infer of a 640x480 frame", policy_rate),
    ):
        figures[title] = show(title, measure(arguments.repeats))
    figures["head arithmetic"] = head_arithmetic()
    figures["roofline"] = roofline(SIZES["full"])
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


def base_heads(repeats: int) -> Times:
    """The anchor head (2 steps) and the plain diffusion policy (10 steps), same transformer."""
    condition = Condition(torch.randn(1, 4096))
    configs = {name: dataclasses.replace(SIZES["full"], head=HEADS[name]) for name in ("base", "dp_base")}
    heads = {name: build_head(config, fan_anchors(40, 10, 0.1)).eval() for name, config in configs.items()}
    noises = {name: head.draw_noise(1) for name, head in heads.items()}
    return in_turn({name: lambda n=name: heads[n].sample(condition, noises[n]) for name in heads}, repeats)


def small_heads(repeats: int) -> Times:
    """Whole steps of the small model with each head at its own size."""
    width = SIZES["small"].head.width
    calls = {}
    for name in ("base", "dp_base", "mlp3", "autoregressive"):
        head = dataclasses.replace(HEADS[name], width=width, depth=4 if name != "mlp3" else 3, heads=4)
        calls[name] = stream_call(build_random(dataclasses.replace(SIZES["small"], head=head)))
    return in_turn(calls, repeats)


def streaming(repeats: int) -> Times:
    """Vision alone and whole steps, frames kept against all 33 encoded anew."""
    model = build_random(SIZES["small"]).eval()
    side, history = model.config.vision.image_size, model.config.sequence.history
    images = torch.randn(history + 1, 3, side, side)
    prompts = stack_prompts([PromptBuilder(model.config.sequence, ByteTokenizer()).track(INSTRUCTION, history)])
    noise = model.head.draw_noise(1)

    def recompute() -> None:
        model.track(prompts, interleave(model.encode(images), [history + 1]), noise)

    return in_turn(
        {
            "vision, streaming": lambda: model.encode(images[:1]),
            "vision, recomputed": lambda: model.encode(images),
            "step, streaming": stream_call(model),
            "step, recomputed": recompute,
        },
        repeats,
    )


def policy_rate(repeats: int) -> Times:
    """What the planner node calls, image preparation included."""
    policy = TrackVlaPolicy(TrackVlaPolicyConfig(random_weights=True))
    policy.reset(INSTRUCTION)
    rgb = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    stamps = iter(np.arange(0.0, 1e4, 0.1))

    def call() -> None:
        policy.infer(Observation(Frame(rgb, float(next(stamps)))))

    for _ in range(SIZES["small"].sequence.history + 1):
        call()
    return in_turn({"infer": call}, repeats)


def stream_call(model: TrackVla) -> Callable[[], object]:
    """A step of a stream whose window is already full."""
    stream, episode = TrackStream(model), Episode(model, ByteTokenizer(), INSTRUCTION)
    side = model.config.vision.image_size
    image, stamps = torch.randn(1, 3, side, side), iter(np.arange(0.0, 1e4, 0.1))

    def call() -> object:
        return stream.step([episode], image, [float(next(stamps))])

    for _ in range(model.config.sequence.history + 1):
        call()
    return call


@torch.inference_mode()
def in_turn(calls: Mapping[str, Callable[[], object]], repeats: int) -> Times:
    """Seconds of each call, measured in turn after one warm-up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:
                times[name].append(time.perf_counter() - start)
    return times


def show(title: str, times: Times) -> dict[str, dict[str, float]]:
    """Print medians, each against the first, and return them in milliseconds."""
    print(f"\n{title} (n = {len(next(iter(times.values())))})")
    first = float(np.median(next(iter(times.values()))))
    rows = {}
    for name, values in times.items():
        median, p95 = 1e3 * float(np.median(values)), 1e3 * float(np.percentile(values, 95))
        rows[name] = {"median_ms": median, "p95_ms": p95}
        print(f"  {name:22s} {median:9.2f} ms  (p95 {p95:.2f})  {median / first / 1e3:6.2f} x the first")
    return rows


def head_arithmetic() -> dict[str, float]:
    """Why the same comparison is about 5x on a GPU and less on a core: passes against token-passes."""
    anchor, plain = 2 * ANCHOR_TOKENS, 10 * WAYPOINT_TOKENS
    print(
        f"\nhead arithmetic, token-passes: {anchor} = 2 x {ANCHOR_TOKENS}, plain {plain} = 10 x {WAYPOINT_TOKENS}\n"
        f"  bound by latency or by reading weights (GPU, batch 1): 10 / 2 passes = 5.0 x (Table 9: 65 / 13 ms = 5)\n"
        f"  bound by arithmetic (large batch): {plain} / {anchor} = {plain / anchor:.2f} x; a CPU core lies between"
    )
    return {"latency_bound": 5.0, "compute_bound": plain / anchor}


def roofline(config: TrackVlaConfig) -> dict[str, dict[str, float]]:
    """Bytes read and operations of one step of the full model in bf16, and the least time they take."""
    parts = {part.part: part.parameters for part in describe(build_empty(config))}
    sequence = config.sequence
    tokens = WORDS + sequence.history * (sequence.coarse_grid**2 + 1) + sequence.fine_grid**2 + 4
    embedding = config.language.vocabulary * config.language.width
    language = parts["language"] - 2 * embedding  # neither embedding nor LM head runs over the prompt
    patches = config.vision.grid**2 + 1
    attention = 4 * config.language.depth * config.language.width * tokens**2 / 2  # causal
    vision_attention = 4 * config.vision.depth * config.vision.width * patches**2
    work = {  # parameters read, operations
        "vision": (parts["vision"], 2 * parts["vision"] * patches + vision_attention),
        "projector": (parts["projector"], 2 * parts["projector"] * (sequence.fine_grid**2 + sequence.coarse_grid**2)),
        "language": (language, 2 * language * tokens + attention),
        "head (2 steps, fp32)": (4 * parts["head"], 2 * 2 * parts["head"] * ANCHOR_TOKENS),
    }  # fmt: skip
    print(f"\nroofline, full size, batch 1, {tokens} tokens, streaming (one frame encoded)")
    print(f"  {'part':22s} {'GB (bf16)':>10s} {'TFLOP':>8s}" + "".join(f" {d + ' ms':>26s}" for d in DEVICES))
    totals: dict[str, dict[str, float]] = {name: {} for name in DEVICES}
    for part, (parameters, operations) in work.items():
        gigabytes, tera = 2 * parameters / 1e9, operations / 1e12
        least = {name: 1e3 * max(gigabytes / speed[1], tera / speed[0]) for name, speed in DEVICES.items()}
        for name, value in least.items():
            totals[name][part] = value
        print(f"  {part:22s} {gigabytes:10.2f} {tera:8.3f}" + "".join(f" {least[d]:26.1f}" for d in DEVICES))
    print(f"  {'sum':22s} {'':10s} {'':8s}" + "".join(f" {sum(totals[d].values()):26.1f}" for d in DEVICES))
    return totals


if __name__ == "__main__":
    main()
