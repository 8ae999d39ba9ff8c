"""Groups of HDF5 that hold a sparse matrix in AnnData's encodings: data, indices and indptr.

https://anndata.readthedocs.io/en/stable/fileformat-prose.html#sparse-arrays
"""

import h5py
import numpy as np

from embeddings.files.arrays.sparse import read_dense
from embeddings.files.hdf5 import access
from embeddings.files.limits import as_float32
from embeddings.files.options import Note

_REDUCED = "scanpy.pp.pca, which writes obsm['X_pca'], and open that"


def sparse_kind(item: object) -> str:
    """Return "csr" or "csc" for the group of a sparse matrix; "" for anything else."""
    if not isinstance(item, h5py.Group):
        return ""
    parts = [access.child(item, name) for name in ("data", "indices", "indptr")]
    if not all(access.is_matrix(part, 1) for part in parts):
        return ""
    stated = item.attrs.get("encoding-type", item.attrs.get("h5sparse_format", ""))
    text = stated.decode("utf-8", "replace") if isinstance(stated, bytes) else str(stated)
    kind = text.removesuffix("_matrix")
    return kind if kind in ("csr", "csc") and len(sparse_shape(item)) == 2 else ""


def sparse_shape(group: h5py.Group) -> tuple[int, ...]:
    """Return the shape that the group of a sparse matrix states; () if it states none."""
    stated = np.ravel(group.attrs.get("shape", group.attrs.get("h5sparse_shape", [])))
    return tuple(int(length) for length in stated) if stated.dtype.kind in "iu" else ()


def read_sparse(group: h5py.Group, note: Note) -> np.ndarray:
    """Return a sparse matrix with its zeros, float32 of its shape, where it is small.

    Raises
    ------
    EmbeddingError
        it is large, or its parts contradict each other
    """
    shape = sparse_shape(group)
    known = {"shape": np.array(shape), "format": np.array(sparse_kind(group))}

    def read(name: str) -> np.ndarray:
        if name in known:
            return known[name]
        access.check_dataset(group[name])
        found: np.ndarray = group[name][...]
        return found

    vectors = as_float32(read_dense(read, _REDUCED))
    note(f"a sparse matrix: read as {shape[0]:,} x {shape[1]:,} numbers, zeros included")
    return vectors
