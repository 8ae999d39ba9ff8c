"""Nearly parallel vectors, which float32 does not tell apart: the oracle is long double."""

import json

import numpy as np
import pytest

from components.neighbor_list import component
from embeddings import EmbeddingSet, layouts, neighbors, save
from embeddings.analysis.clusters import closest_to_centroid
from embeddings.cli import main
from embeddings.layouts import LayoutSpec
from tests.reference import nearest

ROWS, DIMENSIONS = 300, 32
SPREADS = pytest.mark.parametrize("spread", [3e-3, 1e-3, 1e-4, 1e-6])
SIMILARITIES = pytest.mark.parametrize("metric", ["cosine", "dot"])


def nearly_parallel(spread: float, rows: int = ROWS) -> np.ndarray:
    """Return vectors of ones with a little noise; their mean cosine is 1 - spread**2, about."""
    noise = np.random.default_rng(0).normal(size=(rows, DIMENSIONS))
    return (1 + spread * noise).astype(np.float32)


@SPREADS
@SIMILARITIES
def test_queries_and_graph_are_the_oracles(spread: float, metric: str) -> None:
    vectors = nearly_parallel(spread)
    embedding_set = EmbeddingSet.of(vectors, metric=metric)
    graph = neighbors.build_graph(embedding_set, 10)
    found = neighbors.query(embedding_set, np.arange(ROWS), 10)
    for row in range(0, ROWS, 3):
        rows, values = nearest(vectors, row, 10, metric)
        assert found.rows[row].tolist() == rows.tolist()
        assert graph.rows[row].tolist() == rows.tolist()
        np.testing.assert_allclose(found.values[row], values, rtol=1e-14)
    np.testing.assert_array_equal(graph.values, found.values)


@SPREADS
@SIMILARITIES
def test_a_vector_among_candidates_too(spread: float, metric: str) -> None:
    vectors = nearly_parallel(spread)
    query, candidates = vectors[0], np.arange(ROWS) > 0
    found = neighbors.query_vectors(
        EmbeddingSet.of(vectors, metric=metric), query, 10, candidates=candidates
    )
    assert found.rows.tolist() == nearest(vectors, 0, 10, metric)[0].tolist()


def test_the_mean_cosine_of_bert_and_collapsed_vectors() -> None:
    """1 - 1e-8: all similarities are 1 in float32, and the order was that of the rows."""
    vectors = nearly_parallel(1e-4)
    _, values = neighbors.query(EmbeddingSet.of(vectors), 0, ROWS - 1)
    assert 1 - 3e-8 < values.mean() < 1 - 3e-9
    assert len(np.unique(values.astype(np.float32))) < 5
    assert len(np.unique(values)) == ROWS - 1


def test_all_rows_in_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    embedding_set = EmbeddingSet.of(nearly_parallel(1e-6))
    whole = neighbors.query(embedding_set, 5, 20)
    monkeypatch.setattr("embeddings.neighbors.search._BLOCK_NUMBERS", 37 * DIMENSIONS)
    blocks = neighbors.query(embedding_set, 5, 20)
    np.testing.assert_array_equal(whole.rows, blocks.rows)
    np.testing.assert_array_equal(whole.values, blocks.values)


def test_multiples_of_a_row_are_ties_in_order_of_row() -> None:
    """Their cosines with any query are equal; computed ones differ in the last digit."""
    random = np.random.default_rng(3)
    base = random.integers(1, 99, size=11)
    others = random.integers(1, 99, size=(20, 11))
    factors = [7, 3, 11, 1, 5, 13, 9, 17]
    vectors = np.concatenate([[base + random.integers(-1, 2, size=11)],
                              [base * factor for factor in factors], others])  # fmt: skip
    embedding_set = EmbeddingSet.of(vectors.astype(np.float32))
    rows = neighbors.query(embedding_set, 0, 8).rows
    assert rows.tolist() == list(range(1, 9))
    assert neighbors.build_graph(embedding_set, 8).rows[0].tolist() == rows.tolist()


def test_the_most_central_of_nearly_parallel_vectors() -> None:
    vectors = nearly_parallel(1e-6)
    wide = vectors.astype(np.longdouble)
    units = wide / np.sqrt((wide**2).sum(axis=1))[:, None]
    center = units.mean(axis=0)
    center /= np.sqrt((center**2).sum())
    expected = np.argsort(((units - center) ** 2).sum(axis=1))[:10]
    found = closest_to_centroid(vectors, np.zeros(ROWS, np.int32), 0, 10, "cosine")
    assert found.rows.tolist() == expected.tolist()


def test_t_sne_separates_clusters_of_nearly_parallel_vectors() -> None:
    """Two planted clusters, both within a cosine of 1 - 1e-10."""
    vectors = nearly_parallel(1e-6, rows=120)
    vectors[60:, 0] += np.float32(3e-5)
    params = layouts.TsneParams(perplexity=15, iterations=250)
    layout = layouts.compute(EmbeddingSet.of(vectors), LayoutSpec("tsne", params=params))
    first, second = layout.coordinates[:60], layout.coordinates[60:]
    gap = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    assert gap > 2 * max(first.std(), second.std())
    assert layout.quality["trustworthiness"] < 1  # not every rank is a tie


def test_values_on_the_command_line_tell_the_rows_apart(
    tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(EmbeddingSet.of(nearly_parallel(1e-4)), tmp_path / "near.npy")
    file = str(tmp_path / "near.npy")
    assert main(["neighbors", file, "--row", "0", "-k", "8", "--metric", "cosine"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert len({line[1] for line in lines}) == 8
    main(["neighbors", file, "--row", "0", "-k", "8", "--metric", "cosine", "--json"])
    values = [each["similarity"] for each in json.loads(capsys.readouterr().out)]
    assert values == sorted(set(values), reverse=True)


def test_values_on_the_screen_tell_the_rows_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted: list[dict] = []
    monkeypatch.setattr(
        component, "mount", lambda name, key, message, **rest: mounted.append(message)
    )
    _, values = neighbors.query(EmbeddingSet.of(nearly_parallel(1e-4)), 0, 8)
    items = [component.ListItem(i, str(i), float(v), 1.0) for i, v in enumerate(values)]
    component.neighbor_list(
        key="list", items=items, of=0, count=9, description="", on_event=lambda event: None
    )
    decimals = mounted[0]["decimals"]
    assert len({f"{item['value']:.{decimals}f}" for item in mounted[0]["items"]}) == 8
