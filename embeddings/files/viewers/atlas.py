"""A Parquet file that Embedding Atlas opens with the layout and the neighbors as they are.

Its options --x, --y, --z, --text and --neighbors name the columns; neighbors are structs of row
numbers, `ids`, and `distances` (https://apple.github.io/embedding-atlas/tool.html).
"""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric
from embeddings.neighbors.graph import NeighborGraph

AXES = ("projection_x", "projection_y", "projection_z")
"""Names of the columns of coordinates."""
NEIGHBORS = "neighbors"
"""Name of the column of neighbors."""
LISTED = 20
"""Neighbors of each row that are written."""


def atlas_file(
    embedding_set: EmbeddingSet, coordinates: np.ndarray, graph: NeighborGraph | None
) -> bytes:
    """Return a Parquet file of labels, columns, coordinates and neighbors, without the vectors.

    Columns of the set that have one of our names are left out.

    Parameters
    ----------
    coordinates : float32, shape (n, 2) or (n, 3)
    graph : the nearest neighbors; None to leave them out
    """
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"label": pa.array(embedding_set.labels)}
    for name in embedding_set.metadata.column_names:
        columns.setdefault(name, embedding_set.metadata.column(name))
    for name, values in zip(AXES, coordinates.T, strict=False):
        columns[name] = pa.array(np.ascontiguousarray(values))
    columns.pop(NEIGHBORS, None)
    if graph is not None:
        columns[NEIGHBORS] = _neighbor_column(graph.first(min(LISTED, graph.k)))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _neighbor_column(graph: NeighborGraph) -> pa.StructArray:
    """Return the neighbors as structs of ids and distances, each a list."""
    offsets = pa.array(np.arange(0, graph.rows.size + 1, graph.k, dtype=np.int32))
    distances = _as_distances(graph.values, graph.metric).ravel()
    lists = [
        pa.ListArray.from_arrays(offsets, pa.array(values))
        for values in (graph.rows.ravel().astype(np.int64), distances)
    ]
    return pa.StructArray.from_arrays(lists, ["ids", "distances"])


def _as_distances(values: np.ndarray, metric: Metric) -> np.ndarray:
    """Return distances for similarities: one minus the cosine, and the negative inner product."""
    if metric == "cosine":
        return 1 - values
    return -values if metric == "dot" else values
