"""Coordinates that are there already: vectors of 2 or 3 dimensions, or columns x, y[, z]."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.layouts.params import NoneParams
from embeddings.neighbors.search import NeighborGraph
from embeddings.progress import Progress

_COLUMNS = ("x", "y", "z")


def given_dims(embedding_set: EmbeddingSet) -> tuple[int, ...]:
    """Say in how many dimensions the set can be drawn as it is: (), (2,), (3,) or (2, 3).

    Columns with a gap cannot: given_layout names the row.
    """
    return tuple(dims for dims in (2, 3) if _is_whole(embedding_set, dims))


def given_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None,
    params: NoneParams,
    dims: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Take the vectors where they have `dims` dimensions, else the metadata columns x, y[, z].

    Returns coordinates, float32 (n, dims), and a note that says which they are.

    Raises
    ------
    EmbeddingError
        neither is there, or a value of a column is missing or not finite
    """
    source = _source(embedding_set, dims)
    if source == "vectors":
        return embedding_set.vectors.copy(), ("the vectors as they are",)
    wanted = ", ".join(_COLUMNS[:dims])
    if source is None:
        raise EmbeddingError(
            f"vectors of {embedding_set.dimensions} dimensions and no number columns {wanted}; "
            f'a {dims}D picture without a method needs one of them: choose "pca", for example'
        )
    columns = [_column(embedding_set.metadata, name) for name in _COLUMNS[:dims]]
    return np.column_stack(columns), (f"the columns {wanted} as they are",)


def _source(embedding_set: EmbeddingSet, dims: int) -> str | None:
    """Say where coordinates of `dims` dimensions are: "vectors", "columns" or None."""
    if embedding_set.dimensions == dims:
        return "vectors"
    schema = embedding_set.metadata.schema
    for name in _COLUMNS[:dims]:
        if name not in schema.names:
            return None
        kind = schema.field(name).type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            return None
    return "columns"


def _is_whole(embedding_set: EmbeddingSet, dims: int) -> bool:
    """Whether all coordinates of `dims` dimensions are there, and finite."""
    source = _source(embedding_set, dims)
    if source != "columns":
        return source is not None
    columns = [embedding_set.metadata.column(name) for name in _COLUMNS[:dims]]
    return all(pc.all(pc.is_finite(column), skip_nulls=False).as_py() for column in columns)


def _column(table: pa.Table, name: str) -> np.ndarray:
    """Return a number column as float32, shape (n,); every value must be a finite number."""
    values = table.column(name).cast(pa.float64(), safe=False).to_numpy()
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise EmbeddingError(
            f"row {bad[0]}, column {name}: no finite number, as a place in the picture must be; "
            "fill it in or leave the row out"
        )
    return values
