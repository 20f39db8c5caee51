"""BERT's part of the parity files: a standard BERT-base with made-up weights, and the mean over its 50 positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertModel

from vlt_ros.model.language import mean_state
from vlt_ros.model.parity_fixtures import fill

SEEDS = (20220701, 20221128)  # published; a BERT file does not say which it was made with
PREFIX = "bert_model."
CHANNELS = 16  # stored of the hidden states


def reproduce(wanted: Mapping[str, NDArray[Any]], seed: int | None) -> dict[str, NDArray[Any]]:
    """Hidden states and features of a file's token ids; ``seed`` None takes the published seed that fits better."""
    made = [_outputs(wanted, one) for one in (SEEDS if seed is None else (seed,))]
    return min(made, key=lambda out: float(np.abs(out["a/feature"] - wanted["a/feature"]).max()))


@torch.inference_mode()
def _outputs(wanted: Mapping[str, NDArray[Any]], seed: int) -> dict[str, NDArray[Any]]:
    model = filled_bert(seed)
    out: dict[str, NDArray[Any]] = {}
    for case in sorted({name.split("/")[0] for name in wanted}):
        ids, mask = (torch.from_numpy(wanted[f"{case}/{part}"]) for part in ("ids", "mask"))
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        out[f"{case}/feature"] = mean_state(hidden).numpy()
        out[f"{case}/hidden_first16"] = hidden[0, :, :CHANNELS].numpy()
    return out


def filled_bert(seed: int) -> BertModel:
    """BERT-base with weights made from names and a seed, eager attention."""
    model = BertModel(BertConfig(attn_implementation="eager")).eval()
    state = {k: torch.from_numpy(fill(PREFIX + k, tuple(v.shape), seed)) for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    return model
