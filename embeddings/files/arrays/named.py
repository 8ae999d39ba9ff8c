"""Files of several named arrays: which array is the vectors, and which are columns of its rows.

npz, safetensors and HDF5 are such files. One in which every array is a single vector, called by
what the vector stands for (a word, a protein), is read as one matrix.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.limits import as_float32, check_bytes
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.roles import CERTAIN, NO_VECTORS, VECTOR_NAMES, Likelihood
from embeddings.text import listed

_MATRIX_NAMES = (*VECTOR_NAMES, "x", "data", "train", "arr_0")  # best first

Kind = Literal["float", "integer", "other"]


@dataclass(frozen=True)
class NamedArray:
    """An array as its file describes it, before it is read.

    Attributes
    ----------
    name : its name in the file
    shape : its shape, without axes of length 1 (see npy.matrix_shape)
    kind : what it holds; booleans count as integers
    type_name : the type of its numbers, for messages
    """

    name: str
    shape: tuple[int, ...]
    kind: Kind
    type_name: str

    def __str__(self) -> str:
        return f"{self.name} {self.shape}"


def kind_of(dtype: np.dtype) -> Kind:
    """Return what an array of a numpy dtype holds."""
    if dtype.kind == "f":
        return "float"
    return "integer" if dtype.kind in "iub" else "other"


Array = TypeVar("Array", bound=NamedArray)


def are_single_vectors(arrays: Sequence[NamedArray]) -> bool:
    """Return True if each array is one vector, rather than a column of values.

    That is so if they all hold floats and are equally long, unless two of them are called x and y.
    """
    return (
        len(arrays) > 1
        and all(array.kind == "float" for array in arrays)
        and len({array.shape for array in arrays}) == 1
        and len(arrays[0].shape) == 1
        and arrays[0].shape[0] > 1
        and not {"x", "y"} <= {array.name.rpartition("/")[2].lower() for array in arrays}
    )


def stack_vectors(
    vectors: Iterable[np.ndarray], rows: int, dimensions: int, note: Note
) -> np.ndarray:
    """Return single vectors as a matrix, float32 of shape (rows, dimensions); note that.

    Raises
    ------
    EmbeddingError
        the matrix exceeds the size limit
    """
    check_bytes(4 * rows * dimensions, "its vectors need")
    matrix = np.empty((rows, dimensions), np.float32)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, which is refused
        for row, vector in enumerate(vectors):
            matrix[row] = vector
    note(f"{rows:,} arrays of {dimensions:,} numbers: took each as a vector, its name as the label")
    return as_float32(matrix)


def find_matrices(arrays: Iterable[Array]) -> list[Array]:
    """Return the arrays that may be the vectors: matrices of floats; if there are none, others."""
    matrices = [a for a in arrays if len(a.shape) == 2 and a.kind != "other"]
    return [matrix for matrix in matrices if matrix.kind == "float"] or matrices


def best_named(matrices: Sequence[Array]) -> Array:
    """Return the matrix whose name, after the last "/", is the best one for the vectors.

    It is the first matrix if no name is known.
    """
    by_name = {
        matrix.name.rpartition("/")[2].lower().removesuffix(":0"): matrix  # as Keras names weights
        for matrix in reversed(matrices)
    }
    return next((by_name[name] for name in _MATRIX_NAMES if name in by_name), matrices[0])


def choose_matrix(
    matrices: Sequence[Array],
    best: Array,
    context: ReadContext,
    short: Callable[[str], str] = lambda name: name,
) -> Array:
    """Return the matrix that the caller selected, or else the best one; note the other ones.

    Parameters
    ----------
    short : returns a shorter form of a name, under which the matrix can be selected as well

    Raises
    ------
    EmbeddingError
        the selection is none of the matrices
    """
    others = [matrix for matrix in matrices if matrix is not best]
    assumed = f"several matrices: took {best} as the vectors, not {listed(others)}"
    names = {short(matrix.name): matrix.name for matrix in matrices}
    selected = context.choose(
        "vector",
        [matrix.name for matrix in matrices],
        best.name,
        assumed if others else "",
        accepts=names.__contains__,
    )
    return next(m for m in matrices if m.name in (selected, names.get(selected or "")))


def describe(arrays: Iterable[NamedArray]) -> str:
    """Return names, types and shapes of arrays, for an error."""
    return listed((f"{a.name} {a.type_name} {a.shape}" for a in arrays), 20) or "nothing"


def likelihood(arrays: Sequence[NamedArray]) -> Likelihood:
    """Return how surely a file of these arrays holds vectors."""
    kinds = {array.kind for array in arrays if len(array.shape) == 2}
    if "float" in kinds or are_single_vectors(arrays):
        return CERTAIN
    return (3, 0) if "integer" in kinds else NO_VECTORS


def columns_table(
    arrays: Sequence[NamedArray],
    rows: int | None,
    read_columns: Callable[[int], Mapping[str, pa.ChunkedArray]],
    note: Note,
) -> pa.Table:
    """Return the arrays that hold one value for each row of another file; note the other ones.

    Parameters
    ----------
    rows : number of rows of the other file, if it is known
    read_columns : returns the arrays that hold that many values, by name

    Raises
    ------
    EmbeddingError
        no array is one-dimensional
    """
    lengths = [array.shape[0] for array in arrays if len(array.shape) == 1]
    if not lengths:
        raise EmbeddingError(
            f"no array of one value for each row ({describe(arrays)}); "
            "expected such an array beside a file of vectors"
        )
    length = rows if rows in lengths else lengths[0]
    columns = read_columns(length)
    others = [array for array in arrays if array.name not in columns]
    if others:
        note(f"left out {listed(others)}: not one value for each of the {length:,} rows")
    return pa.table(dict(columns))
