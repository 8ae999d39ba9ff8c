"""Precomputed coordinates: vectors of 2 or 3 dimensions, or metadata columns x, y[, z]."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import is_number
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.layouts.params import PrecomputedParams
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import Progress

_COLUMNS = ("x", "y", "z")


def precomputed_dims(embedding_set: EmbeddingSet) -> tuple[int, ...]:
    """Return the numbers of dimensions in which the set can be drawn without a method.

    The result is (), (2,), (3,) or (2, 3). Columns with a missing value do not count;
    precomputed_coordinates names the row.
    """
    return tuple(dims for dims in (2, 3) if _is_complete(embedding_set, dims))


def precomputed_coordinates(
    embedding_set: EmbeddingSet, dims: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the vectors if they have `dims` dimensions, else the metadata columns x, y[, z].

    Returns
    -------
    coordinates : float32, shape (n, dims)
    notes : where they come from

    Raises
    ------
    EmbeddingError
        if the set has neither, or a value of a column is missing or not finite
    """
    source = _source(embedding_set, dims)
    if source == "vectors":
        return embedding_set.vectors.copy(), ("the vectors as they are",)
    names = ", ".join(_COLUMNS[:dims])
    if source is None:
        raise EmbeddingError(
            f"no precomputed coordinates in {dims}D: the vectors have {embedding_set.dimensions} "
            f'dimensions, and there are no number columns {names}; choose "pca", for example'
        )
    columns = [_column(embedding_set.metadata, name) for name in _COLUMNS[:dims]]
    return np.column_stack(columns), (f"the columns {names} as they are",)


def precomputed_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None,
    params: PrecomputedParams,
    dims: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return precomputed_coordinates(embedding_set, dims), with the signature of a method."""
    return precomputed_coordinates(embedding_set, dims)


def _source(embedding_set: EmbeddingSet, dims: int) -> str | None:
    """Return where coordinates of `dims` dimensions are: "vectors", "columns" or None."""
    if embedding_set.dimensions == dims:
        return "vectors"
    schema = embedding_set.metadata.schema
    for name in _COLUMNS[:dims]:
        if name not in schema.names or not is_number(schema.field(name).type):
            return None
    return "columns"


def _is_complete(embedding_set: EmbeddingSet, dims: int) -> bool:
    """Return True if every row has finite coordinates of `dims` dimensions."""
    source = _source(embedding_set, dims)
    if source != "columns":
        return source is not None
    columns = [embedding_set.metadata.column(name) for name in _COLUMNS[:dims]]
    return all(pc.all(pc.is_finite(column), skip_nulls=False).as_py() for column in columns)


def _column(table: pa.Table, name: str) -> np.ndarray:
    """Return a number column as float32, shape (n,); raise EmbeddingError if not all are finite."""
    values = table.column(name).cast(pa.float64(), safe=False).to_numpy()
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise EmbeddingError(
            f"row {bad[0]}, column {name}: the coordinate is missing or not finite; "
            "fill it in or drop the row"
        )
    return values
