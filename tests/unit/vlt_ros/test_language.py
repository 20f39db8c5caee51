"""Sentence vectors: the word encoder, fixed vectors, and transformers models from a folder."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from vlt_ros.language.looks import LookSentence, looks_of
from vlt_ros.language.sentence import LENGTH, FixedSentence, LanguageError
from vlt_ros.language.words import WordSentence


def likeness(first: str, second: str) -> float:
    a, b = WordSentence().encode(first), WordSentence().encode(second)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_the_same_sentence_has_the_same_vector_of_berts_size() -> None:
    vector = WordSentence().encode("man in a red shirt")
    assert vector.shape == (768,) and vector.dtype == np.float32
    assert vector.std() == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(vector, WordSentence().encode("Man in a RED shirt!"))


def test_the_same_looks_in_other_words_are_nearer_than_other_looks() -> None:
    same = likeness("the man in the red shirt", "a person whose shirt is red")
    other = likeness("the man in the red shirt", "the man in the blue shirt")
    swapped = likeness("red shirt and blue trousers", "blue shirt and red trousers")
    assert same > 0.5 and same > other + 0.2
    assert swapped < 0.6


def test_unrelated_sentences_are_nearly_orthogonal() -> None:
    assert abs(likeness("black bird", "yellow airplane landing")) < 0.15


def test_a_long_sentence_loses_its_end_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    words = [f"word{i}" for i in range(60)]
    with caplog.at_level(logging.WARNING):
        long = WordSentence().encode(" ".join(words))
    assert "last 10 are dropped" in caplog.text
    assert np.array_equal(long, WordSentence().encode(" ".join(words[:50])))


@pytest.mark.parametrize("sentence", ["", " ... ", "?!"])
def test_a_sentence_without_words_is_refused(sentence: str) -> None:
    with pytest.raises(LanguageError, match="no word"):
        WordSentence().encode(sentence)


def test_stop_words_alone_still_give_a_vector() -> None:
    assert np.all(np.isfinite(WordSentence().encode("the")))


def test_a_vector_is_read_from_a_file(tmp_path: Path) -> None:
    vector = np.arange(768, dtype=np.float32)
    np.save(tmp_path / "v.npy", vector)
    assert np.array_equal(FixedSentence.from_file(tmp_path / "v.npy").encode("anything"), vector)
    assert not FixedSentence.zeros().encode("").any()


@pytest.mark.parametrize("values", [np.zeros(767), np.full(768, np.nan), np.zeros((1, 768))])
def test_another_shape_or_nan_is_refused(values: np.ndarray) -> None:
    with pytest.raises(LanguageError, match="wanted"):
        FixedSentence(values)


VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue", "shirt", "man"]


@pytest.fixture(scope="module")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY), num_hidden_layers=1, intermediate_size=32, hidden_size=768
    )
    transformers.BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def test_bert_is_the_mean_over_fifty_positions_padding_included(bert_folder: Path) -> None:
    import torch

    from vlt_ros.model.language import load_transformer

    encoder = load_transformer("bert", bert_folder)
    ids = torch.zeros(1, 50, dtype=torch.long)
    ids[0, :4] = torch.tensor([2, 5, 7, 3])
    with torch.inference_mode():
        hidden = encoder.model(input_ids=ids, attention_mask=(ids > 0).long()).last_hidden_state
    assert encoder.encode("red shirt") == pytest.approx(hidden[0].mean(dim=0).numpy(), abs=1e-5)


def test_bert_truncates_a_long_sentence_with_a_warning(bert_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    from vlt_ros.model.language import load_transformer

    encoder = load_transformer("bert", bert_folder)
    with caplog.at_level(logging.WARNING):
        long = encoder.encode("red " * 60)
    assert "last 12 are dropped" in caplog.text and np.array_equal(long, encoder.encode("red " * 48))


@pytest.mark.parametrize(("kind", "said"), [("gpt2", "it is a bert model"), ("llama", "unknown")])
def test_another_model_in_the_folder_is_refused(bert_folder: Path, kind: str, said: str) -> None:
    from vlt_ros.model.language import load_transformer

    with pytest.raises(LanguageError, match=said):
        load_transformer(kind, bert_folder)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from vlt_ros.model.language import load_transformer

    with pytest.raises(LanguageError, match="cannot read a bert model"):
        load_transformer("bert", tmp_path)


def test_looks_are_colours_on_garments_and_nothing_else() -> None:
    encode = LookSentence().encode
    np.testing.assert_array_equal(encode("the man in the navy shirt walking left"), encode("a woman, dark blue top"))
    np.testing.assert_array_equal(encode("the white square on the right"), np.zeros(LENGTH))
    np.testing.assert_array_equal(encode(""), np.zeros(LENGTH))
    red, blue = encode("a person in a red shirt"), encode("a person in a blue shirt")
    assert abs(np.corrcoef(red, blue)[0, 1]) < 0.2
    both = encode("a person in a red shirt and blue trousers")
    assert np.corrcoef(red, both)[0, 1] > 0.5
    assert looks_of("a man dressed all in black") == {
        ("torso", "dark"),
        ("torso", "black"),
        ("legs", "dark"),
        ("legs", "black"),
    }


@pytest.fixture(scope="module")
def gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 of one layer with a vocabulary of bytes."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    tokenizers = pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("gpt2")
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate([*letters, "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    files = {"vocab_file": str(folder / "vocab.json"), "merges_file": str(folder / "merges.txt")}
    transformers.GPT2Tokenizer(**files).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=len(vocabulary), n_embd=768, n_layer=1, n_head=4, n_inner=32)
    transformers.GPT2Model(config).save_pretrained(folder)
    return folder


def test_gpt2_is_the_mean_over_fifty_positions_padding_included(gpt2_folder: Path) -> None:
    import torch

    from vlt_ros.model.language import load_transformer

    encoder = load_transformer("gpt2", gpt2_folder)
    pieces = encoder.tokenizer("red")["input_ids"]
    assert len(pieces) == 3
    ids = torch.full((1, 50), encoder.tokenizer.eos_token_id)  # GPT-2 has no padding of its own
    ids[0, :3] = torch.tensor(pieces)
    mask = (torch.arange(50) < 3).long()[None]
    with torch.inference_mode():
        hidden = encoder.model(input_ids=ids, attention_mask=mask).last_hidden_state
    vector = encoder.encode("red")
    assert vector.shape == (768,) and vector == pytest.approx(hidden[0].mean(dim=0).numpy(), abs=1e-5)
    assert np.abs(vector - encoder.encode("blue")).max() > 1e-3


def test_gpt2_truncates_a_long_sentence_with_a_warning(gpt2_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    from vlt_ros.model.language import load_transformer

    encoder = load_transformer("gpt2", gpt2_folder)
    with caplog.at_level(logging.WARNING):
        long = encoder.encode("r" * 60)
    assert "last 10 are dropped" in caplog.text and np.array_equal(long, encoder.encode("r" * 50))
