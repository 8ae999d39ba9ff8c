"""Vectors by name: a file of many arrays of one length, each called by what its vector stands for.

npz, safetensors and HDF5 may be such files, as of one array a word or a protein.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from embeddings.files.limits import as_float32, check_bytes
from embeddings.files.options import Note


def are_by_name(names: Iterable[str], shapes: Sequence[tuple[int, ...]]) -> bool:
    """Say whether arrays of floats are one vector each, rather than one column each.

    Parameters
    ----------
    shapes : of all arrays in the file
    """
    return (
        len(shapes) > 1
        and len(set(shapes)) == 1
        and len(shapes[0]) == 1
        and shapes[0][0] > 1
        and not {"x", "y"} <= {name.lower() for name in names}
    )


def stacked(arrays: Iterable[np.ndarray], rows: int, dimensions: int, note: Note) -> np.ndarray:
    """Return arrays as the rows of one matrix, float32; say that they were taken so."""
    check_bytes(4 * rows * dimensions, "its vectors need")
    vectors = np.empty((rows, dimensions), np.float32)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, which is refused
        for row, array in enumerate(arrays):
            vectors[row] = array
    note(f"{rows:,} arrays of {dimensions:,} numbers: took each as a vector, its name as the label")
    return as_float32(vectors)
