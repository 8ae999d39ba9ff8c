"""The Parquet file for Embedding Atlas: columns that its options name."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingSet, neighbors
from embeddings.files.viewers.atlas import LISTED, atlas_file

VECTORS = np.random.default_rng(2).normal(size=(40, 6)).astype(np.float32)
LABELS = [f"item {i}" for i in range(40)]
COORDINATES = VECTORS[:, :2]


def read(content: bytes):
    return pq.read_table(io.BytesIO(content))


def test_labels_columns_and_coordinates_are_written():
    columns = {"n": list(range(40)), "label": ["other"] * 40, "projection_x": [0.0] * 40}
    made = EmbeddingSet.of(VECTORS, LABELS, columns)
    table = read(atlas_file(made, COORDINATES, None))
    assert table.column_names == ["label", "n", "projection_x", "projection_y"]
    assert table.column("label").to_pylist() == LABELS
    assert np.array_equal(table.column("projection_x").to_numpy(), COORDINATES[:, 0])
    assert read(atlas_file(made, VECTORS[:, :3], None)).column_names[-1] == "projection_z"


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_neighbors_are_row_numbers_with_growing_distances(metric):
    made = EmbeddingSet.of(VECTORS, LABELS, metric=metric)
    graph = neighbors.build_graph(made, 30, metric)
    written = read(atlas_file(made, COORDINATES, graph)).column("neighbors").to_pylist()
    assert [row["ids"] for row in written] == graph.rows[:, :LISTED].tolist()
    distances = np.array([row["distances"] for row in written])
    assert (np.diff(distances, axis=1) >= 0).all()
    if metric == "cosine":
        units = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
        expected = 1 - np.sum(units[0] * units[graph.rows[0, :LISTED]], axis=1)
        assert distances[0] == pytest.approx(expected, abs=1e-6)
