"""Bare numbers: how long a vector is comes from a person or from the rows, never from a guess."""

import numpy as np
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.arrays import raw
from embeddings.files.options import ChoiceRequired, ReadContext

VECTORS = np.random.default_rng(0).normal(size=(60, 50)).astype("<f4")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "words.f32"
    path.write_bytes(VECTORS.tobytes())
    return path


@pytest.mark.parametrize("name", ["a.bytes", "a.tensor", "a.RAW", "a.f32"])
def test_only_the_name_determines_the_format(tmp_path, name):
    assert raw.matches(b"\0", tmp_path / name)
    assert not raw.matches(b"\0", tmp_path / "a.bin")


@pytest.mark.parametrize("length", [50, 60, 1, 3000])
def test_an_answer_is_the_length(path, length):
    """Any that divides the numbers, also one that is not offered."""
    draft = raw.load(path, ReadContext(selections={"dimensions": str(length)}))
    np.testing.assert_array_equal(draft.vectors, VECTORS.reshape(-1, length))
    assert draft.labels is None
    assert draft.provenance.name == "words"


@pytest.mark.parametrize("answer", ["7", "0", "-50", "50.0", "many", "", "9" * 5_000])
def test_an_answer_that_does_not_divide_is_refused(path, answer):
    with pytest.raises(EmbeddingError, match="no such choice; the file has 50, 100, 200, 300, 2, "):
        raw.load(path, ReadContext(selections={"dimensions": answer}))


def test_the_length_follows_from_the_rows_and_is_noted(path):
    notes: list[str] = []
    context = ReadContext(notes.append)
    draft = raw.load(path, context, rows=60)
    np.testing.assert_array_equal(draft.vectors, VECTORS)
    assert notes == ["3,000 numbers for 60 rows, so each vector has 50"]
    for count in (61, 0):
        with pytest.raises(EmbeddingError, match=f"3,000 numbers do not divide into {count} vect"):
            raw.load(path, ReadContext(), rows=count)
    with pytest.raises(EmbeddingError, match="dimensions '100': no such choice; the file has 50"):
        raw.load(path, ReadContext(selections={"dimensions": "100"}), rows=60)


def test_without_an_answer_it_asks_and_guesses_nothing(path):
    expected = r"3,000 bare numbers, .* 50 \(x 60\), 100 \(x 30\)"
    with pytest.raises(ChoiceRequired, match=expected) as e:
        raw.load(path, ReadContext())
    candidates = [int(each) for each in e.value.choice.candidates]
    expected = {d for d in range(2, 4097) if 3000 % d == 0}
    assert set(candidates) == expected and len(candidates) == len(expected)
    assert candidates[:4] == [50, 100, 200, 300]
    assert e.value.choice.selected is None


def test_a_prime_of_numbers_offers_nothing(tmp_path):
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(4 * 10_007))
    with pytest.raises(ChoiceRequired, match="none from 2 to 4,096 divides them"):
        raw.load(path, ReadContext())


@pytest.mark.parametrize("size", [0, 3, 47])
def test_no_whole_number_of_float32_is_refused(tmp_path, size):
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(size))
    with pytest.raises(
        EmbeddingError, match=f"{size} bytes, which is not a whole number of float32"
    ):
        raw.load(path, ReadContext(selections={"dimensions": "1"}))


def test_a_file_beyond_the_limit_is_refused(path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "11999")
    with pytest.raises(EmbeddingError, match="the file has 12,000 bytes"):
        raw.load(path, ReadContext(selections={"dimensions": "50"}))
