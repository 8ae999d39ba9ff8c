"""ELMo's HDF5: which layer, one row a token, and the tokens of sentences from any source."""

import json
import zipfile

import h5py
import numpy as np
import pytest

from embeddings import EmbeddingError
from embeddings.files import read
from embeddings.files.options import ReadContext

SENTENCES = ["the cat", "", "a b c"]
PARTS = {
    str(n): np.random.default_rng(n).normal(size=(3, len(text.split()), 4)).astype(np.float32)
    for n, text in enumerate(SENTENCES)
}
TOKENS = ("the", "cat", "a", "b", "c")


def written(path, parts=PARTS, **more):
    with h5py.File(path, "w") as file:
        for name, part in (parts | more).items():
            file[name] = part
    return path


def indexed(sentences):
    return np.array([json.dumps(sentences)], dtype=h5py.string_dtype())


def opened(*paths, **answers):
    notes = []
    context = ReadContext(notes.append, answers)
    return read(list(paths), context), notes, context.choices


def test_sentences_are_one_row_a_token_of_the_last_layer(tmp_path):
    parts = PARTS | {"10": np.ones((3, 1, 4), np.float32)}
    path = written(tmp_path / "x.hdf5", parts, sentence_to_index="{}")
    found, notes, _ = opened(path)
    expected = np.concatenate([part[-1] for part in parts.values()])
    np.testing.assert_array_equal(found.vectors, expected)
    assert found.labels == tuple("012345")
    assert found.metadata.to_pydict() == {
        "sentence": [0, 0, 2, 2, 2, 10], "position": [0, 1, 0, 1, 2, 0],
    }  # fmt: skip
    assert notes == ["4 sentences of 3 layers: took the last layer, one row for each token"]
    with h5py.File(path, "a") as file:
        file["3"] = np.ones((2, 1, 4))
    with pytest.raises(EmbeddingError, match=r"x\.hdf5: /3 is of shape \(2, 1, 4\), /0 of"):
        opened(path)


@pytest.mark.parametrize("taken", ["layer 0", "layer 1", "layer 2", "mean of layers"])
def test_the_layer_is_a_choice(tmp_path, taken):
    path = written(tmp_path / "x.hdf5")
    found, notes, questions = opened(path, vector=taken)
    layers = [p.mean(axis=0, dtype=np.float64) if taken[0] == "m" else p[int(taken[-1])]
              for p in PARTS.values()]  # fmt: skip
    np.testing.assert_array_equal(found.vectors, np.concatenate(layers).astype(np.float32))
    assert notes == []
    candidates = ("layer 0", "layer 1", "layer 2", "mean of layers")
    assert questions["vector"].candidates == candidates
    with pytest.raises(EmbeddingError, match=r"vector 'layer 3': no such choice; .*layer 0, "):
        opened(path, vector="layer 3")


def test_datasets_of_one_layer(tmp_path):
    path = written(tmp_path / "x.hdf5", {name: part[0] for name, part in PARTS.items()})
    found, notes, questions = opened(path)
    np.testing.assert_array_equal(found.vectors, np.concatenate([p[0] for p in PARTS.values()]))
    assert found.metadata["sentence"].to_pylist() == [0, 0, 2, 2, 2]
    assert notes == ["3 sentences, one row for each token"]
    assert "vector" not in questions


def test_one_matrix_called_by_a_number_is_no_sentence(tmp_path):
    found, _, _ = opened(written(tmp_path / "x.h5", {"0": np.eye(3)}))
    assert found.metadata.column_names == []


def test_the_file_holds_its_sentences(tmp_path):
    index = {"the cat": "0", "": "1", "a b c": "2"}
    path = written(tmp_path / "x.hdf5", sentence_to_index=indexed(index))
    found, _, _ = opened(path)
    assert found.labels == TOKENS
    assert found.metadata.column_names == ["sentence", "position", "text"]
    assert found.metadata["text"].to_pylist() == ["the cat"] * 2 + ["a b c"] * 3


def test_a_repeated_sentence_is_held_once(tmp_path):
    parts = {"0": PARTS["0"], "1": PARTS["0"], "2": PARTS["2"]}
    index = indexed({"the cat": "1", "a b c": "2"})
    found, notes, _ = opened(written(tmp_path / "x.hdf5", parts, sentence_to_index=index))
    assert found.labels == ("0:0", "0:1", "the", "cat", "a", "b", "c")
    assert found.metadata["text"].to_pylist()[:3] == [None, None, "the cat"]
    assert "1 of 3 sentences are not in sentence_to_index" in notes[1]


@pytest.mark.parametrize(
    "index", [{"the": "0"}, {"the cat": "7"}, ["a"], {"a": "b"}, {}, {"a": 1e9}]
)
def test_sentences_that_do_not_fit_their_vectors_are_left_out(tmp_path, index):
    found, notes, _ = opened(written(tmp_path / "x.hdf5", sentence_to_index=indexed(index)))
    assert found.labels == tuple("01234")
    assert "left out sentence_to_index" in notes[1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.json", json.dumps(SENTENCES)),
        ("s.json", json.dumps([["x", "y"], SENTENCES, ["one"]], indent=1)),
        ("s.json", json.dumps({"model": "elmo", "sentences": SENTENCES})),
        ("s.txt", "the cat\n\na b c\n"),
        ("s.txt", "the cat\r\n\r\na b c"),
    ],
)
def test_a_file_beside_it_holds_the_sentences(tmp_path, name, content):
    (tmp_path / name).write_text(content, newline="")
    written(tmp_path / "x.hdf5")
    for paths in ([name, "x.hdf5"], ["x.hdf5", name]):
        found, _, _ = opened(*(tmp_path / path for path in paths))
        assert found.labels == TOKENS
        assert found.metadata["text"].to_pylist() == ["the cat"] * 2 + ["a b c"] * 3
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for each in (name, "x.hdf5"):
            archive.write(tmp_path / each, each)
    assert opened(tmp_path / "both.zip")[0].labels == TOKENS


def test_a_space_that_does_not_break_is_part_of_a_token(tmp_path):
    (tmp_path / "s.txt").write_text("the cat\n\na b\u00a0b c\n", encoding="utf-8")
    found, _, _ = opened(written(tmp_path / "x.hdf5"), tmp_path / "s.txt")
    assert found.labels == ("the", "cat", "a", "b\u00a0b", "c")


def test_sentences_of_other_vectors_are_an_error_with_the_numbers(tmp_path):
    path = written(tmp_path / "x.hdf5")
    (tmp_path / "s.json").write_text('[["the cat", "b"], ["the cat sat", "", "a b c"]]')
    with pytest.raises(
        EmbeddingError,
        match=r"s\.json: the vectors are 3 sentences of 2, 0, 3 tokens, .*list 0: 2 sentences of "
        r"2, 1 tokens; list 1: 3 sentences of 3, 0, 3 tokens",
    ):
        opened(path, tmp_path / "s.json")


def test_other_companions_describe_the_tokens(tmp_path):
    path = written(tmp_path / "x.hdf5")
    (tmp_path / "s.txt").write_text("the cat\n\na b c\n")
    np.save(tmp_path / "tags.npy", np.array(["D", "N", "D", "X", "X"]))
    found, _, _ = opened(path, tmp_path / "tags.npy", tmp_path / "s.txt")
    assert found.labels == TOKENS
    assert found.metadata["tags"].to_pylist() == ["D", "N", "D", "X", "X"]
    (tmp_path / "t.txt").write_text("v\nw\nx\ny\nz\n")
    assert opened(path, tmp_path / "t.txt")[0].labels == tuple("vwxyz")


def test_the_real_sentences(data):
    path = data / "5_contextual" / "elmo_lm_embeddings_0.hdf5"
    found, _, _ = opened(path)
    assert found.vectors.shape == (295, 16)
    assert np.bincount(found.metadata["sentence"].to_numpy())[:3].tolist() == [50, 51, 27]
    found, notes, _ = opened(path, path.with_name("elmo_sentences.json"))
    assert found.labels[:4] == ("The", "U.S.", "Centers", "for")
    assert found.labels[50:52] == ("When", "Ms.")
    assert notes[1].startswith("took list 0 of 3 as the sentences")
