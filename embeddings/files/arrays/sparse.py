"""Sparse matrices as scipy.sparse.save_npz writes them, read as dense ones where they are small.

https://docs.scipy.org/doc/scipy/reference/generated/scipy.sparse.save_npz.html
"""

from collections.abc import Callable, Sequence

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files.arrays.named import NamedArray
from embeddings.files.limits import check_bytes

_LARGEST = 2**28  # bytes of the dense matrix; zeros beyond them are no use to anyone
_COMPRESSED, _COORDINATES = ("csr", "csc"), "coo"


def is_sparse(arrays: Sequence[NamedArray]) -> bool:
    """Return True if the arrays of a file are the parts of a sparse matrix."""
    names = {array.name for array in arrays}
    return {"format", "shape", "data"} <= names and (
        {"indices", "indptr"} <= names or {"row", "col"} <= names
    )


_REDUCED = (
    "numpy.save('vectors.npy', sklearn.decomposition.TruncatedSVD(100).fit_transform("
    "scipy.sparse.load_npz(path)))"
)


def read_dense(read: Callable[[str], np.ndarray], reduced: str = _REDUCED) -> np.ndarray:
    """Return a sparse matrix as a dense one.

    Parameters
    ----------
    read : returns an array of the file by its name
    reduced : the code that writes a large matrix with fewer dimensions, for the message

    Returns
    -------
    float32, shape (rows, columns)

    Raises
    ------
    EmbeddingError
        a matrix of more than 256 MiB when dense, of another format than csr, csc or coo, or whose
        parts contradict each other
    """
    shape, kind = read("shape").tolist(), read("format").item()
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    if len(shape) != 2 or min(shape) < 1:
        raise EmbeddingError(f"a sparse matrix of shape {tuple(shape)}; expected rows and columns")
    size = 4 * shape[0] * shape[1]
    if size > _LARGEST or kind not in (*_COMPRESSED, _COORDINATES):
        raise EmbeddingError(
            f"a sparse matrix ({kind}, {shape[0]:,} x {shape[1]:,}); write it reduced to fewer "
            f"dimensions: {reduced}"
        )
    check_bytes(size, "as a dense matrix it takes")
    values = read("data")
    if kind == _COORDINATES:
        rows, columns = read("row"), read("col")
    else:
        others, starts = read("indices"), read("indptr")
        lengths = np.diff(starts)
        axis = shape[_COMPRESSED.index(kind)]
        if len(starts) != axis + 1 or (lengths < 0).any() or lengths.sum() != len(values):
            raise EmbeddingError("a sparse matrix whose parts do not fit; write it again")
        compressed = np.repeat(np.arange(axis), lengths)
        rows, columns = (compressed, others) if kind == "csr" else (others, compressed)
    if not len(values) == len(rows) == len(columns):
        raise EmbeddingError("a sparse matrix whose parts do not fit; write it again")
    for positions, length in ((rows, shape[0]), (columns, shape[1])):
        if len(positions) and (positions.min() < 0 or positions.max() >= length):
            raise EmbeddingError("a sparse matrix with places outside its shape; write it again")
    dense = np.zeros(shape, dtype=np.float32)
    with np.errstate(over="ignore"):
        np.add.at(dense, (rows, columns), values)  # places may repeat; their values add up
    return dense
