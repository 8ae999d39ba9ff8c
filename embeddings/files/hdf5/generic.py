"""Any HDF5 file: a matrix of numbers, and the columns beside it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import h5py
import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files import header
from embeddings.files.arrays import named
from embeddings.files.arrays.npy import matrix_shape
from embeddings.files.draft import Draft
from embeddings.files.hdf5.access import (
    check_dataset,
    check_heaps,
    child,
    described_datasets,
    is_column,
    opened,
    read_column,
    read_matrix,
    stated_bytes,
)
from embeddings.files.limits import check_bytes
from embeddings.files.options import ReadContext
from embeddings.files.tabular.roles import choose_label
from embeddings.files.tabular.table_draft import describe_columns, to_labels
from embeddings.text import listed


@dataclass(frozen=True)
class _Array(named.NamedArray):
    """An array of the file; its name is the whole path, as /group/name.

    Attributes
    ----------
    file : that holds it
    dtype : its type
    offset : see StoredDataset
    """

    file: h5py.File
    dtype: np.dtype
    offset: int | None

    @property
    def dataset(self) -> h5py.Dataset:
        """The dataset; it is opened here."""
        return self.file[self.name]


def load(path: Path, context: ReadContext) -> Draft:
    """Read a matrix of numbers, and the datasets of its group that hold one value for each row.

    The vectors are the matrix of floats with the best name, or the first one.

    Raises
    ------
    EmbeddingError
        a damaged file, one that needs more memory than the limit, or no matrix of numbers
    """
    longest = check_heaps(path)
    with opened(path) as file:
        arrays = _arrays(file)
        if named.are_single_vectors(arrays):
            return _read_single_vectors(arrays, path, context)
        matrix = _choose(file, arrays, context)
        fields = header.described(path, matrix.dtype)
        columns = _columns_beside(matrix, longest)
        vectors = read_matrix(matrix.dataset).reshape(matrix.shape)
    if not columns:
        return Draft.of(vectors, **fields)
    table = pa.table(columns)
    position = choose_label(describe_columns(table), range(table.num_columns), context)
    if position is None:
        return Draft.of(vectors, None, table, **fields)
    labels = to_labels(table.column(position))
    rest = table.remove_column(position)
    return Draft.of(vectors, labels, rest if rest.num_columns else None, **fields)


def _arrays(file: h5py.File) -> list[_Array]:
    """Return the arrays of the file; booleans, stored as enumerations, count as other types."""
    return [
        _Array(
            found.path,
            matrix_shape(found.shape),
            "other" if found.dtype.kind == "b" else named.kind_of(found.dtype),
            found.type_name,
            file,
            found.dtype,
            found.offset,
        )
        for found in described_datasets(file)
    ]


def _read_single_vectors(arrays: Sequence[_Array], path: Path, context: ReadContext) -> Draft:
    """Return a file in which each dataset is one vector, called by its label."""
    with path.open("rb", buffering=0) as file:
        contents = (_read_vector(array, file) for array in arrays)
        vectors = named.stack_vectors(contents, len(arrays), arrays[0].shape[0], context.note)
    labels = [array.name.rpartition("/")[2] for array in arrays]
    return Draft.of(vectors, labels, **header.described(path, arrays[0].dtype))


def _read_vector(array: _Array, file: IO[bytes]) -> np.ndarray:
    """Return an array of one axis; from its place in the file, which is faster, if it has one."""
    if array.offset is not None:
        content = os.pread(file.fileno(), array.shape[0] * array.dtype.itemsize, array.offset)
        return np.frombuffer(content, array.dtype)
    check_dataset(array.dataset)
    vector: np.ndarray = array.dataset[...].reshape(array.shape)
    return vector


def _choose(file: h5py.File, arrays: Sequence[_Array], context: ReadContext) -> _Array:
    """Return the matrix that is the vectors; EmbeddingError where there is none."""
    matrices = named.find_matrices(arrays)
    if not matrices:
        raise EmbeddingError(
            f"no matrix of numbers in it ({listed(file) or 'nothing'}); expected a dataset of two "
            "dimensions, one row for each item"
        )
    best = named.best_named(matrices)
    return named.choose_matrix(matrices, best, context, lambda name: name.lstrip("/"))


def _columns_beside(matrix: _Array, longest: int) -> dict[str, pa.ChunkedArray]:
    """Return the datasets of the same group that hold one value for each row of the matrix."""
    group = matrix.dataset.parent
    beside = {name: child(group, name) for name in group}
    columns = {
        name: item
        for name, item in beside.items()
        if is_column(item) and len(item) == matrix.shape[0]
    }
    check_bytes(sum(map(stated_bytes, columns.values())), "its columns take")
    return {name: read_column(item, longest) for name, item in columns.items()}
