import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet


def test_vectors_are_float32_contiguous_and_read_only() -> None:
    for array in (
        np.arange(6).reshape(3, 2),
        np.asfortranarray(np.ones((3, 2))),
        np.ones((3, 2), dtype=">f8"),
        np.ones((3, 2), dtype=np.float16),
    ):
        vectors = EmbeddingSet.of(array).vectors
        assert vectors.dtype == np.float32
        assert vectors.flags.c_contiguous
        assert not vectors.flags.writeable
        np.testing.assert_array_equal(vectors, array)


def test_a_later_change_of_the_array_does_not_reach_the_set() -> None:
    array = np.ones((2, 2), dtype=np.float32)
    embedding_set = EmbeddingSet.of(array)
    array[0, 0] = 5
    assert embedding_set.vectors[0, 0] == 1


def test_a_set_is_frozen() -> None:
    embedding_set = EmbeddingSet.of(np.ones((2, 2)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        embedding_set.labels = ("a", "b")  # type: ignore[misc]


def test_fingerprint_follows_the_content() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    changed = vectors.copy()
    changed[49, 3] = np.nextafter(changed[49, 3], np.float32(9))
    same = EmbeddingSet.of(vectors, labels=[f"item {i}" for i in range(50)])
    assert EmbeddingSet.of(vectors).fingerprint == same.fingerprint
    assert EmbeddingSet.of(changed).fingerprint != same.fingerprint
    assert EmbeddingSet.of(vectors.reshape(100, 2)).fingerprint != same.fingerprint


@pytest.mark.parametrize(
    ("vectors", "extra", "message"),
    [
        (np.ones(3), {}, r"shape \(3,\)"),
        (np.ones((0, 3)), {}, "0 rows"),
        (np.ones((3, 0)), {}, "3 rows of 0"),
        (np.array([["a"]]), {}, "expected a table of numbers"),
        (np.array([[1, 2], [3, np.nan]]), {}, "row 1, column 1: nan"),
        (np.array([[1, 2], [-np.inf, 2]]), {}, "row 1, column 0: -inf"),
        (np.array([[1e300, 2]]), {}, "row 0, column 0: inf"),
        (np.ones((2, 2)), {"labels": ["a"]}, "1 labels for 2 vectors"),
        (np.ones((2, 2)), {"metadata": {"a": [1, 2, 3]}}, "3 metadata rows for 2 vectors"),
        (np.ones((2, 2)), {"metric": "angular"}, "unknown metric"),
    ],
)
def test_mistakes_are_named(vectors, extra: dict, message: str) -> None:
    with pytest.raises(EmbeddingError, match=message):
        EmbeddingSet.of(vectors, **extra)


def test_norms_are_exact() -> None:
    embedding_set = EmbeddingSet.of(np.array([[3, 4], [0, 0]]))
    assert embedding_set.norms.tolist() == [5.0, 0.0]


def test_metadata_keeps_types() -> None:
    table = pa.table({"year": [1999, 2001], "kind": ["a", None]})
    assert EmbeddingSet.of(np.ones((2, 2)), metadata=table).metadata.equals(table)


def test_a_label_with_an_unpaired_surrogate_is_refused():
    with pytest.raises(EmbeddingError, match=r"row 1: .*unpaired surrogate"):
        EmbeddingSet.of(np.eye(2), ["\N{GRINNING FACE}", "a\ud83d"])
