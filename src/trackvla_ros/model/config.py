"""Every number of the TrackVLA model: the published ones with their source, the others with the reason for our choice.

"Table N" and "appendix X" are those of the paper's supplement. A setting whose doc says "unpublished" is a choice of
ours; the list of them, with their tests, is docs/trackvla.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from track_common.config import ConfigError, override, setting, suggest, validate

SPECIAL_TOKENS = (  # Uni-NaVid's six, in the order they were added to Vicuna's 32000; [Track] (appendix B) comes next
    "<video_special>",
    "</video_special>",
    "<image_special>",
    "</image_special>",
    "[Navigation]",
    "<image_sep>",
    "[Track]",
)
DTYPE_NAMES = ("float32", "bfloat16", "float16")
COMPILE_MODES = ("off", "default", "cuda_graphs")
HEAD_KINDS = ("anchor_diffusion", "diffusion", "mlp", "autoregressive")


@dataclass(frozen=True)
class VisionConfig:
    """Frame -> grid of features."""

    kind: str = setting(
        "eva",
        "eva: the paper's ViT; cnn, residual: small, train on a CPU",
        choices=("eva", "cnn", "residual"),
        runtime=False,
    )
    image_size: int = setting(224, "side of the square input (Table 5)", unit="px", low=16, high=8192, runtime=False)
    patch_size: int = setting(
        14, "side of a patch; 224 / 14 squared = N = 256 features (Table 5)", low=1, runtime=False
    )
    width: int = setting(1408, "channels C of a feature (Table 5)", low=1, runtime=False)
    depth: int = setting(39, "blocks; BLIP-2's EVA-CLIP ViT-g file holds 40, its users run 39", low=1, runtime=False)
    heads: int = setting(16, "attention heads of 88 channels", low=1, runtime=False)
    mlp_width: int = setting(6144, "hidden channels of a block's MLP", low=1, runtime=False)
    frozen: bool = setting(True, "the tower never trains (appendix A); the small CNN has no weights to freeze")
    blocks: int = setting(
        0, "residual: blocks on the last grid, each of twice the dilation of the one before", low=0, runtime=False
    )

    def check(self) -> None:
        """Raises ConfigError where patches do not tile the image or heads do not divide the width."""
        _check_divides("vision.patch_size", self.patch_size, "vision.image_size", self.image_size)
        if self.kind == "eva":
            _check_divides("vision.heads", self.heads, "vision.width", self.width)

    @property
    def grid(self) -> int:
        """Features along one side of the square map."""
        return self.image_size // self.patch_size


@dataclass(frozen=True)
class LanguageConfig:
    """The causal language model; the defaults are Vicuna-7B v1.5 (a Llama)."""

    width: int = setting(4096, "hidden size", low=2, runtime=False)
    depth: int = setting(32, "layers", low=1, runtime=False)
    heads: int = setting(32, "attention heads", low=1, runtime=False)
    kv_heads: int = setting(32, "key/value heads", low=1, runtime=False)
    mlp_width: int = setting(11008, "hidden channels of the gated MLP", low=1, runtime=False)
    vocabulary: int = setting(32007, "rows of the embedding: 32000 and seven special tokens", low=1, runtime=False)
    max_positions: int = setting(4096, "longest sequence", low=16, high=1_000_000, runtime=False)
    norm_eps: float = setting(1e-5, "RMSNorm epsilon of Vicuna-7B v1.5", low=0.0, runtime=False)
    rope_theta: float = setting(10000.0, "base of the rotary embedding", low=1.0, runtime=False)
    tokenizer: str = setting(
        "hf",
        "hf: files in the checkpoint folder; bytes: none; words: a list of words, bytes for others",
        choices=("hf", "bytes", "words"),
        runtime=False,
    )

    def check(self) -> None:
        """Raises ConfigError where the heads do not divide."""
        _check_divides("language.heads", self.heads, "language.width", self.width)
        _check_divides("language.kv_heads", self.kv_heads, "language.heads", self.heads)


@dataclass(frozen=True)
class SequenceConfig:
    """How visual tokens and words become one sequence."""

    history: int = setting(32, "past frames k, each as coarse tokens (Table 10)", low=0, high=256, runtime=False)
    coarse_grid: int = setting(2, "side of a past frame's pooled map: 4 tokens", low=1, high=64, runtime=False)
    fine_grid: int = setting(8, "side of the current frame's pooled map: 64 tokens", low=1, high=64, runtime=False)
    frame_period: float = setting(
        0.1, "unpublished: time between history frames; one per control step at the paper's 10 FPS", unit="s", low=0.0
    )
    separators: bool = setting(
        True, "unpublished: <image_sep> before each past frame, as Uni-NaVid does", runtime=False
    )
    system: str = setting(
        "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, "
        "detailed, and polite answers to the user's questions. USER: ",
        "unpublished: Vicuna v1's opening, which Uni-NaVid's weights have seen",
        runtime=False,
    )
    task: str = setting(
        "\nYou are a robot. Given the video of past observations and the current image, follow the instruction: "
        '"{instruction}". ASSISTANT:',
        "unpublished: words around the instruction; {instruction} marks its place",
        runtime=False,
    )
    question: str = setting("\n{instruction} ASSISTANT:", "unpublished: words around a question (VQA)", runtime=False)
    navigation: str = setting(
        "\nYou are a robot. Given the video of past observations and the current image, do the task: "
        '"{instruction}". Give the next four actions out of forward, left, right, stop. ASSISTANT:',
        "words around a task for Uni-NaVid's action words, in our wording; its own may answer better",
        runtime=False,
    )
    max_instruction: int = setting(128, "longest instruction, beyond it an error", unit="tokens", low=1)

    def check(self) -> None:
        """Raises ConfigError where a template has no place for the instruction."""
        for name in ("task", "question", "navigation"):
            if "{instruction}" not in getattr(self, name):
                raise ConfigError(f"sequence.{name} has no '{{instruction}}' in it; put it where the words belong")


@dataclass(frozen=True)
class HeadConfig:
    """The action model: hidden state -> M trajectories with scores (Table 9 has six of them)."""

    kind: str = setting("anchor_diffusion", "which action model", choices=HEAD_KINDS, runtime=False)
    anchors: int = setting(40, "trajectory anchors M (Table 5)", low=1, high=1000, runtime=False)
    waypoints: int = setting(10, "waypoints N_w of a trajectory (Tables 5, 11)", low=1, high=100, runtime=False)
    waypoint_period: float = setting(
        0.1, "unpublished: time between waypoints; the 10 Hz step of EVT-Bench", unit="s", low=0.01, runtime=False
    )
    width: int = setting(
        768, "hidden size: DiT Base 768, Small 384; MLP-3 1024, MLP-6 4096 (F.1)", low=1, runtime=False
    )
    depth: int = setting(
        12, "blocks of the DiT (Base 12, Small 6) or layers of the MLP (3, 6) (F.1)", low=1, runtime=False
    )
    heads: int = setting(12, "attention heads of the DiT: Base 12, Small 4 (F.1)", low=1, runtime=False)
    train_steps: int = setting(1000, "diffusion steps T (Table 5)", low=2, high=100_000, runtime=False)
    truncated_steps: int = setting(50, "T_train: noise levels seen in training (Table 5)", low=1, runtime=False)
    start_step: int = setting(10, "T_infer: noise level put on the anchors at inference (Table 5)", low=0)
    denoise_steps: int = setting(
        2, "N_step: DDIM steps at inference (Table 5); 10 for the plain diffusion policy", low=1
    )
    beta_start: float = setting(
        1e-4, "unpublished: first beta; DiffusionDrive's and diffusers' usual", low=0.0, runtime=False
    )
    beta_end: float = setting(0.02, "unpublished: last beta; as above", low=0.0, runtime=False)
    beta_schedule: str = setting(
        "scaled_linear",
        "unpublished: diffusers' name of the schedule; DiffusionDrive's",
        choices=("linear", "scaled_linear", "squaredcos_cap_v2"),
        runtime=False,
    )
    layout: str = setting(
        "anchors",
        "unpublished: one token per anchor, per waypoint, or one sequence per anchor; the published counts fit all "
        "three, the first is the cheapest that lets anchors see one another",
        choices=("anchors", "waypoints", "independent"),
        runtime=False,
    )
    residual: bool = setting(
        True,
        "unpublished: the network adds to the noisy trajectory; zero-initialised it starts at the anchor",
        runtime=False,
    )
    random_noise: bool = setting(
        True, "noise at inference, seeded per episode; False adds none (same answer every time)"
    )
    positive: str = setting(
        "xy", "unpublished: nearest anchor by mean distance in xy or xy and yaw", choices=("xy", "xyyaw")
    )
    bce_reduction: str = setting(
        "mean",
        "unpublished: BCE over the anchors; mean keeps lambda = 100 within reach of the MSE",
        choices=("mean", "sum"),
    )
    score_weight: float = setting(100.0, "lambda of the score loss (Table 5)", low=0.0)
    yaw_weight: float = setting(
        0.4, "unpublished: metres a radian counts in k-means", unit="m/rad", low=0.0, runtime=False
    )
    anchor_margin: float = setting(
        0.1,
        "unpublished: share of the experts' range added at both ends of the scale; clamping must cut none",
        low=0.0,
        runtime=False,
    )
    bins: int = setting(256, "unpublished: bins a number of the autoregressive head falls into", low=2, runtime=False)

    def check(self) -> None:
        """Raises ConfigError where DDIM cannot be spaced or the heads do not divide."""
        if self.kind in ("anchor_diffusion", "diffusion"):
            _check_divides("head.heads", self.heads, "head.width", self.width)
        if self.kind == "anchor_diffusion" and self.denoise_steps > 1:
            _check_divides("head.denoise_steps - 1", self.denoise_steps - 1, "head.start_step", self.start_step)
        if not self.start_step < self.truncated_steps <= self.train_steps:
            raise ConfigError(
                f"head.start_step {self.start_step}, truncated_steps {self.truncated_steps}, train_steps "
                f"{self.train_steps}; wanted start_step < truncated_steps <= train_steps"
            )


@dataclass(frozen=True)
class TrackVlaConfig:
    """The whole model."""

    vision: VisionConfig = VisionConfig()
    language: LanguageConfig = LanguageConfig()
    sequence: SequenceConfig = SequenceConfig()
    head: HeadConfig = HeadConfig()
    text_weight: float = setting(1.0, "alpha of the text loss (Table 5)", low=0.0)
    answers_target: bool = setting(
        False, "not published: E_T also answers whether the target is in view and where", runtime=False
    )

    def check(self) -> None:
        """Validate the parts and what must hold between them."""
        for part in (self.vision, self.language, self.sequence, self.head):
            validate(part)
        for name in ("coarse_grid", "fine_grid"):
            _check_divides(f"sequence.{name}", getattr(self.sequence, name), "the vision grid", self.vision.grid)
        if self.language.tokenizer in ("bytes", "words") and self.language.vocabulary < 256 + len(SPECIAL_TOKENS) + 1:
            raise ConfigError(
                f"language.vocabulary {self.language.vocabulary} too small for bytes; wanted at least 264"
            )
        if self.head.kind == "autoregressive" and self.head.bins > self.language.vocabulary:
            raise ConfigError(f"head.bins {self.head.bins} exceeds the vocabulary {self.language.vocabulary}")


def config_to_dict(config: TrackVlaConfig) -> dict[str, Any]:
    """Plain values for config.json and YAML."""
    return dataclasses.asdict(config)


def config_from_dict(values: Mapping[str, Any], base: TrackVlaConfig | None = None) -> TrackVlaConfig:
    """``base`` (full size where None) with the nested ``values`` in it, checked as a whole.

    Raises:
        ConfigError: unknown name, wrong type, value out of range; the message names it.
    """
    base = base or TrackVlaConfig()
    changed: dict[str, Any] = {}
    for name, value in values.items():
        part = getattr(base, name, None)
        if part is None:
            raise ConfigError(f"setting '{name}' unknown; {suggest(name, [f.name for f in dataclasses.fields(base)])}")
        changed[name] = override(part, value) if dataclasses.is_dataclass(part) else value
    return override(base, changed)


def _check_divides(divisor_name: str, divisor: int, name: str, value: int) -> None:
    if value % divisor:
        raise ConfigError(f"{divisor_name} {divisor} does not divide {name} {value}")
