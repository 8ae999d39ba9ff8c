"""safetensors: to the last bit and by its own library, all types of floats, damage, claims."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files.arrays import safetensors

VECTORS = np.array([[0.1, -0.0, 1e-45], [3.4028235e38, -1.2e-38, 1 / 3]], np.float32)


def write(path, header, data=b"", length=None):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    path.write_bytes((length or len(text)).to_bytes(8, "little") + text + data)


def test_a_set_comes_back_with_labels_and_provenance(tmp_path):
    made = EmbeddingSet.of(VECTORS, ['"ö\n', "\u2028"], {"year": [1, 2]}, metric="dot", seed=3)
    path = tmp_path / "x.safetensors"
    assert save(made, path) == ("column year",)
    found = load(path)
    assert found.vectors.tobytes() == made.vectors.tobytes()
    assert (found.labels, found.provenance) == (made.labels, made.provenance)
    np.testing.assert_array_equal(load_file(path)["vectors"], VECTORS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.uint64, bool])
def test_types_of_numbers(tmp_path, dtype):
    matrix = np.array([[1, 0, 1], [0, 1, 1]], dtype)
    save_file({"embedding.weight": matrix}, tmp_path / "x.dat")
    np.testing.assert_array_equal(load(tmp_path / "x.dat").vectors, matrix.astype(np.float32))


def test_bfloat16_is_float32_cut_short(tmp_path):
    bits = (VECTORS.view(np.uint32) >> 16).astype("<u2")
    header = {"w": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}}
    write(tmp_path / "x.safetensors", header, bits.tobytes())
    np.testing.assert_allclose(
        load(tmp_path / "x.safetensors").vectors, VECTORS, rtol=2**-7, atol=1e-40
    )


def test_the_largest_matrix_is_taken_and_noted(tmp_path):
    tensors = {
        "small": np.zeros((9, 2), np.float32),
        "large": np.ones((8, 3), np.float16),
        "whole": np.ones((90, 3), np.int64),
        "cube": np.ones((9, 9, 9), np.float32),
        "bias": np.arange(8.0),
        "count": np.arange(9),
    }
    save_file(tensors, tmp_path / "x.safetensors")
    notes = []
    found = load(tmp_path / "x.safetensors", note=notes.append)
    assert found.vectors.shape == (8, 3)
    assert found.metadata.to_pydict() == {"bias": list(range(8))}
    assert notes == ["several matrices: took large (8, 3) as the vectors, not small (9, 2)"]


def test_labels_in_the_header_must_fit(tmp_path):
    save_file({"v": VECTORS}, tmp_path / "x.safetensors", {"labels": "[1, 2]"})
    notes = []
    assert load(tmp_path / "x.safetensors", note=notes.append).labels == ("0", "1")
    assert "not a list of 2 texts" in notes[0]
    save_file({"v": VECTORS}, tmp_path / "x.safetensors", {"labels": '["a"]'})
    assert load(tmp_path / "x.safetensors", note=notes.append).labels == ("0", "1")
    assert "not a list of 2 texts" in notes[1]


def test_labels_that_no_header_can_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(safetensors, "_LONGEST_HEADER", 2_000)
    with pytest.raises(EmbeddingError, match=r"its labels take 2,\d\d\d bytes; .* at most 2,000"):
        save(EmbeddingSet.of(VECTORS, ["a" * 2_000, "b"]), tmp_path / "x.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("header", "length", "message"),
    [
        ({}, 10**12, "claims to be 1,000,000,000,000 bytes long"),
        ({}, None, "no matrix of numbers among its tensors .nothing."),
        (b"{" * 5000, None, "damaged or incomplete"),
        (b'{"a":', None, "damaged or incomplete"),
        ({"v": {"dtype": "F32", "shape": [10**9, 10**3], "data_offsets": [0, 8]}}, None, "damaged"),
        ({"v": {"dtype": "F32", "shape": [1, 2], "data_offsets": [8, 16]}}, None, "damaged"),
        ({"v": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, None, "v F32 .2,."),
        ({"v": {"dtype": "F8_E4M3", "shape": [2, 4], "data_offsets": [0, 8]}}, None, "v F8_E4M3"),
        ({"v": {"dtype": "F32", "shape": [0, 2], "data_offsets": [0, 0]}}, None, "0 rows|damaged"),
    ],
)
def test_claims_and_damage(tmp_path, header, length, message):
    path = tmp_path / "x.safetensors"
    write(path, header, bytes(8) if header else b"", length)
    with pytest.raises(EmbeddingError, match=rf"x\.safetensors: .*({message})"):
        load(path)


def test_what_is_larger_as_float32_than_the_limit(tmp_path, monkeypatch):
    save_file({"v": np.ones((100, 100), np.int8)}, tmp_path / "x.safetensors")
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "20000")
    with pytest.raises(EmbeddingError, match="vectors need 40,000 bytes"):
        load(tmp_path / "x.safetensors")


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x0580])
def test_a_header_whose_length_reads_like_a_pickle(tmp_path, length):
    header = {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    text = json.dumps(header).encode().ljust(length)
    write(tmp_path / "x.safetensors", text, VECTORS.tobytes())
    np.testing.assert_array_equal(load(tmp_path / "x.safetensors").vectors, VECTORS)


def test_damage_is_one_sentence(tmp_path):
    path = tmp_path / "x.safetensors"
    save(EmbeddingSet.of(VECTORS, ["a", "b"]), path)
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(whole)
        for place in random.integers(0, len(content), 3):
            content[place] = random.integers(0, 256)
        path.write_bytes(content[: random.integers(1, 2 * len(content))])
        try:
            load(path, note=lambda _: None)
        except EmbeddingError as error:
            assert str(error).startswith("x.safetensors: ")
