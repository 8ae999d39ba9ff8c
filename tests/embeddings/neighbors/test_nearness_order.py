"""An end of the ranking is that of the whole ranking, ties included, whatever the vectors are."""

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, neighbors
from embeddings.metrics import METRICS, Metric

RANDOM = np.random.default_rng(0)
ROWS = 700


def vectors_of(kind: str) -> np.ndarray:
    vectors = RANDOM.normal(size=(ROWS, 5))
    if kind == "ties":
        return RANDOM.integers(-1, 2, size=(ROWS, 5)).astype(np.float32)
    if kind == "nearly parallel":
        return (vectors * 1e-5 + 1).astype(np.float32)
    scale = {"plain": 1.0, "tiny": 1e-12, "huge": 1e18}[kind]
    return (vectors * scale).astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", ["plain", "ties", "nearly parallel", "tiny", "huge"])
def test_an_end_is_that_of_the_whole_ranking(kind: str, metric: Metric) -> None:
    embedding_set = EmbeddingSet.of(vectors_of(kind), metric=metric)
    every = neighbors.rank_all(embedding_set, 17).rows
    candidates = RANDOM.random(ROWS) < 0.3
    for count in (0, 1, 40, ROWS + 9):
        for mask in (None, candidates):
            for farthest in (False, True):
                order = every[::-1] if farthest else every
                expected = order if mask is None else order[mask[order]]
                found = neighbors.rank_end(embedding_set, 17, count, None, mask, farthest)
                assert found.dtype == np.int32
                np.testing.assert_array_equal(found, expected[:count])


def test_a_row_that_is_not_there_is_named() -> None:
    with pytest.raises(EmbeddingError, match="row 700; the set has rows 0 to 699"):
        neighbors.rank_end(EmbeddingSet.of(vectors_of("plain")), ROWS, 5)
