"""Sentence to vector with the language models of the paper: BERT-base, GPT-2 (supplement A.2), read from a folder.

The authors' feature is the mean of the last hidden states over all 50 positions, padding included.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from track_common.types import Array
from vlt_ros.language.sentence import LanguageError

POSITIONS = 50  # word pieces the authors pad every sentence to, [CLS] and [SEP] included
KINDS = ("bert", "gpt2")
log = logging.getLogger(__name__)


def mean_state(hidden: Tensor) -> Tensor:
    """(B, D) mean over all positions of hidden states (B, N, D): padding counts, as in the authors' code."""
    return hidden.mean(dim=1)


@dataclass(frozen=True, eq=False)
class TransformerSentence:
    """A transformers model and its tokenizer as a sentence encoder."""

    model: Any
    tokenizer: Any

    @torch.inference_mode()
    def encode(self, sentence: str) -> Array:
        """(D,) vector; a sentence over 50 word pieces loses its end, with a warning."""
        pieces = len(self.tokenizer(sentence)["input_ids"])
        if pieces > POSITIONS:
            log.warning("sentence has %d word pieces, the last %d are dropped", pieces, pieces - POSITIONS)
        words = self.tokenizer(
            sentence, padding="max_length", truncation=True, max_length=POSITIONS, return_tensors="pt"
        )
        hidden = self.model(input_ids=words["input_ids"], attention_mask=words["attention_mask"]).last_hidden_state
        return np.asarray(mean_state(hidden)[0].float().cpu())


def load_transformer(kind: str, folder: Path) -> TransformerSentence:
    """BERT or GPT-2 from a folder in the Hugging Face layout.

    Raises:
        LanguageError: unknown kind, no such folder, or files missing in it.
    """
    if kind not in KINDS:
        raise LanguageError(f"language model '{kind}' unknown; known: {', '.join(KINDS)}")
    if not folder.is_dir():
        raise LanguageError(
            f"no folder {folder} with a {kind} model; give one made by save_pretrained, or type language:=words"
        )
    try:
        return _read(kind, folder)
    except (OSError, ValueError, KeyError) as error:
        raise LanguageError(f"cannot read a {kind} model from {folder}: {error}") from error


def _read(kind: str, folder: Path) -> TransformerSentence:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if tokenizer.pad_token is None:  # GPT-2 has none
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    if model.config.model_type != kind:
        raise ValueError(f"it is a {model.config.model_type} model")
    return TransformerSentence(model, tokenizer)
