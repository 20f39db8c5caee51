"""Shards: what is written comes back, what is cut or damaged is told, what is half written does not count."""

import numpy as np
import pytest

from trackvla_ros.training.shards import (
    Shard,
    ShardError,
    decode_image,
    encode_images,
    encode_texts,
    shard_path,
    shards_in,
    write_shard,
)

IMAGE = np.kron(np.array([[0, 255], [128, 64]], np.uint8), np.ones((16, 16), np.uint8))[..., None].repeat(3, 2)


def write(folder, number=0, **arrays):
    path = shard_path(folder, number)
    write_shard(
        path, {**encode_images([IMAGE, IMAGE[::-1]]), **encode_texts("words", ["ä", "", "b c"]), **arrays}, {"seed": 3}
    )
    return path


def test_images_texts_arrays_and_notes_come_back(tmp_path):
    shard = Shard(write(tmp_path, numbers=np.arange(6).reshape(2, 3)))
    shard.check()
    images = [decode_image(coded) for coded in shard.coded_images()]
    assert np.abs(images[1].astype(int) - IMAGE[::-1]).mean() < 3.0
    assert shard.texts("words") == ["ä", "", "b c"]
    assert shard.array("numbers").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert shard.notes == {"seed": 3}


def test_a_shard_cut_short_is_told_by_name(tmp_path):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ShardError, match="000000.safetensors cannot be read"):
        Shard(path)


def test_a_changed_byte_is_found(tmp_path):
    path = write(tmp_path, numbers=np.arange(100))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ShardError, match="checksum"):
        Shard(path).check()


def test_a_missing_array_is_named_with_those_there_are(tmp_path):
    with pytest.raises(ShardError, match="lacks 'boxes'; it has jpeg"):
        Shard(write(tmp_path)).array("boxes")


def test_what_a_killed_writer_left_is_not_a_shard(tmp_path):
    path = write(tmp_path, 1)
    (tmp_path / f".{path.name}.77").write_bytes(b"half")
    assert shards_in(tmp_path) == [path]


def test_bytes_that_are_no_image_are_told():
    with pytest.raises(ShardError, match="no JPEG"):
        decode_image(np.zeros(10, np.uint8))
