"""HDF5: a matrix with the columns beside it; and safe access for h5ad.py and sentences.py.

Only what lies in the file itself is read: links, external storage and virtual datasets could point
at any path of the machine, so they count as absent or are refused.
"""

import math
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

import h5py
import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.arrays.named import are_by_name, stacked
from embeddings.files.arrays.npy import COLUMN_KINDS, matrix_shape, to_column
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, first_line
from embeddings.files.options import ReadContext
from embeddings.files.tabular.roles import VECTOR_NAMES, choose_label
from embeddings.files.tabular.tables import table_columns, to_labels

MAGIC = b"\x89HDF\r\n\x1a\n"

_HEAP = b"GCOL\1\0\0\0"  # begins a heap of texts, of version 1

_NAMES = (*VECTOR_NAMES, "x", "data", "train")
_TEXTS = 1_000  # strings read at once; a few bytes on disk may stand for a long one each


def load(path: Path, context: ReadContext) -> Draft:
    """Read a matrix of numbers and what has its rows.

    Raises
    ------
    EmbeddingError
        a damaged file, one that needs more memory than the limit, or no matrix of numbers in it
    """
    check_heaps(path)
    with opened(path) as file:
        datasets = _datasets(file)
        if _are_by_name(datasets):
            for dataset in datasets:
                check_dataset(dataset)
            arrays = (dataset[...] for dataset in datasets)
            vectors = stacked(arrays, len(datasets), len(datasets[0]), context.note)
            names = [dataset.name.rpartition("/")[2] for dataset in datasets]
            return Draft.of(vectors, names, **provenance.described(path, datasets[0].dtype))
        matrix = _choose_matrix(file, datasets, context)
        found = provenance.described(path, matrix.dtype)
        columns = _columns_beside(matrix)
        vectors = read_matrix(matrix).reshape(matrix_shape(matrix.shape))
    if not columns:
        return Draft.of(vectors, **found)
    table = pa.table(columns)
    position = choose_label(table_columns(table), range(table.num_columns), context)
    if position is None:
        return Draft.of(vectors, None, table, **found)
    labels = to_labels(table.column(position))
    rest = table.remove_column(position)
    return Draft.of(vectors, labels, rest if rest.num_columns else None, **found)


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; whatever the library says about damage becomes an EmbeddingError."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except EmbeddingError:
        raise
    except Exception as error:  # a damaged file makes its reader raise anything
        raise EmbeddingError(
            f"damaged HDF5, or packed by a filter that is not installed ({first_line(error)}); "
            "write or copy the file again"
        ) from error


def check_heaps(path: Path) -> None:
    """Raise EmbeddingError where a heap of texts is damaged so that HDF5 would never return.

    The library walks a heap by the sizes that it states, and stands still at a free part of size 0.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(_HEAP)
        while start >= 0:
            here = start + 16
            end = min(start + int.from_bytes(content[start + 8 : here], "little"), len(content))
            while here + 16 <= end:
                index = int.from_bytes(content[here : here + 2], "little")
                size = int.from_bytes(content[here + 8 : here + 16], "little")
                step = 16 + -(-size // 8) * 8 if index else size
                if step < 16 or here + step > end:
                    raise EmbeddingError(
                        f"damaged HDF5 (a heap of texts at byte {here:,}); copy the file again"
                    )
                here += step
            start = content.find(_HEAP, start + 8)


def child(parent: object, name: str) -> h5py.Group | h5py.Dataset | None:
    """Return what lies under a name in the file itself; None where nothing or a link does."""
    if not isinstance(parent, h5py.Group) or "/" in name:
        return None
    links, key = parent.id.links, name.encode()  # `name in parent` would follow it to other files
    if not links.exists(key) or links.get_info(key).type != h5py.h5l.TYPE_HARD:
        return None
    return parent[name]


def is_matrix(item: object, dimensions: int = 2, kinds: str = "fiu") -> TypeGuard[h5py.Dataset]:
    """Say whether an object of the file is a dense array of numbers with rows and columns."""
    return (
        isinstance(item, h5py.Dataset)
        and item.shape is not None
        and len(item.shape) == dimensions
        and item.dtype.kind in kinds
    )


def read_matrix(dataset: h5py.Dataset) -> np.ndarray:
    """Return a dataset of numbers as read-only float32 of its shape, after checking its size."""
    check_dataset(dataset)
    return as_float32(dataset.astype(np.float32)[...])


def read_column(dataset: h5py.Dataset) -> pa.ChunkedArray:
    """Return a one-dimensional dataset of texts, numbers or booleans as a column.

    Raises
    ------
    EmbeddingError
        larger than the limit, or neither of them, such as references to other objects
    """
    check_dataset(dataset)
    if not is_column(dataset):
        raise EmbeddingError(
            f"{dataset.name} is of shape {dataset.shape} and type {dataset.dtype}; "
            "expected one text, number or boolean a row"
        )
    if dataset.dtype.kind != "O":
        return to_column(dataset[...])
    strings, texts, size = dataset.asstr(errors="replace"), [], 0
    for start in range(0, len(dataset), _TEXTS):
        part = strings[start : start + _TEXTS].tolist()
        size += sum(map(len, part))
        check_bytes(size, f"the texts of {dataset.name} take")
        texts += part
    return pa.chunked_array([pa.array(texts, pa.string())])


def is_column(item: object) -> TypeGuard[h5py.Dataset]:
    """Say whether an object of the file is one text, number or boolean a row."""
    if not isinstance(item, h5py.Dataset) or item.shape is None or len(item.shape) != 1:
        return False
    return item.dtype.kind in COLUMN_KINDS or h5py.check_string_dtype(item.dtype) is not None


def check_dataset(dataset: h5py.Dataset) -> None:
    """Raise EmbeddingError where the data lie outside of the file, or exceed the limit in memory.

    What a file claims need not be stored in it: a packed or never written part takes no bytes.
    """
    if dataset.is_virtual or dataset.external:
        raise EmbeddingError(
            f"{dataset.name} is kept in other files, which are never opened from here; "
            "copy it into one file (h5repack)"
        )
    for shape, what in ((dataset.shape, "needs"), (dataset.chunks or (), "has chunks of")):
        size = math.prod(shape) * max(4, dataset.dtype.itemsize)
        check_bytes(size, f"{dataset.name} {what}")


def check_total(group: h5py.Group) -> None:
    """Raise EmbeddingError where all datasets of a group together exceed the limit in memory."""
    sizes: list[int] = []

    def collect(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            sizes.append(_bytes(item))

    group.visititems(collect)
    check_bytes(sum(sizes), f"{group.name} takes")


def _bytes(dataset: h5py.Dataset) -> int:
    return math.prod(dataset.shape or ()) * dataset.dtype.itemsize


def _datasets(file: h5py.File) -> list[h5py.Dataset]:
    """Return all datasets of the file itself, in order of name."""
    found: list[h5py.Dataset] = []

    def collect(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            found.append(item)

    file.visititems(collect)  # which follows no links
    return found


def _are_by_name(datasets: Sequence[h5py.Dataset]) -> bool:
    floats = all(dataset.dtype.kind == "f" for dataset in datasets)
    return floats and are_by_name([d.name for d in datasets], [d.shape for d in datasets])


def _choose_matrix(
    file: h5py.File, datasets: Sequence[h5py.Dataset], context: ReadContext
) -> h5py.Dataset:
    """Return the matrix that is the vectors: of floats rather than integers; by name; the first."""
    found = [
        item for item in datasets if item.dtype.kind in "fiu" and len(matrix_shape(item.shape)) == 2
    ]
    matrices = [item for item in found if item.dtype.kind == "f"] or found
    if not matrices:
        names = ", ".join(list(file)[:20]) or "nothing"
        raise EmbeddingError(
            f"no matrix of numbers in it ({names}); expected a dataset of two dimensions, "
            "one row an item"
        )
    short_names = [item.name.rpartition("/")[2].lower().removesuffix(":0") for item in matrices]
    by_name = dict(zip(reversed(short_names), reversed(matrices), strict=True))
    best = next((by_name[name] for name in _NAMES if name in by_name), matrices[0])
    others = ", ".join(f"{m.name} {m.shape}" for m in matrices[:20] if m is not best)
    assumed = f"several matrices: took {best.name} {best.shape} as the vectors, not {others}"
    candidates = [item.name for item in matrices]
    short = {item.name.lstrip("/"): item for item in matrices}
    taken = context.choose(
        "vector", candidates, best.name, assumed if others else "", accepts=short.__contains__
    )
    assert taken is not None
    return short[taken.lstrip("/")]


def _columns_beside(matrix: h5py.Dataset) -> dict[str, pa.ChunkedArray]:
    """Return the datasets of the same group that hold one value for each row of the matrix."""
    beside = {name: child(matrix.parent, name) for name in matrix.parent}
    taken = {
        name: item
        for name, item in beside.items()
        if is_column(item) and len(item) == matrix_shape(matrix.shape)[0]
    }
    check_bytes(sum(map(_bytes, taken.values())), "its columns take")
    return {name: read_column(item) for name, item in taken.items()}
