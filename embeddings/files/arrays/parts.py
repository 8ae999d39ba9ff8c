"""One set in several .npy files: a vector in each, or some of the rows in each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from embeddings.files.arrays import npy
from embeddings.files.detect import NPY, Format
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, error_context
from embeddings.files.options import ReadContext
from embeddings.files.tabular.shards import sort_by_name

_File = tuple[Path, Format]


@dataclass(frozen=True)
class _Array:
    """A .npy file of numbers: its path, and its shape as that of a matrix."""

    path: Path
    shape: tuple[int, int]
    single: bool  # it holds one vector
    dtype: np.dtype
    start: int  # position of its numbers in the file

    @property
    def family(self) -> str:
        """The file's name without its numbers, by which shards of one matrix are alike."""
        return re.sub(r"\d+", "#", self.path.name)


def read_parts(files: Sequence[_File], context: ReadContext) -> tuple[Draft, list[_File]] | None:
    """Return the set that several .npy files make up, and the other files.

    They are files of one vector each, whose names are the labels; or matrices of as many columns,
    whose names differ in their numbers alone.

    Returns
    -------
    draft, others : None if the files are something else

    Raises
    ------
    EmbeddingError
        a damaged file, or more bytes than the limit
    """
    arrays = [found for path, kind in files if kind == NPY and (found := _describe(path))]
    if len(arrays) < 2 or len({array.shape[1] for array in arrays}) > 1:
        return None
    singles = all(array.single for array in arrays)
    families: dict[str, list[_Array]] = {}
    for array in arrays:
        families.setdefault(array.family, []).append(array)
    if singles:
        chosen = arrays
    elif all(len(family) > 1 for family in families.values()):
        chosen = families[_choose(list(families), context)]
    else:
        return None
    by_path = {array.path: array for array in chosen}
    ordered = [by_path[path] for path in sort_by_name(list(by_path))]
    draft = _stacked(ordered, context)
    if singles:
        draft = replace(draft, labels=tuple(array.path.stem for array in ordered))
        context.note(f"took each of {len(ordered):,} files as a vector, its name as the label")
    else:
        context.note(f"put {len(ordered):,} .npy files together, in order of name")
    taken = {array.path for array in arrays}
    return draft, [each for each in files if each[0] not in taken]


def _choose(families: list[str], context: ReadContext) -> str:
    """Return which of several matrices in parts is read."""
    others = ", ".join(families[1:])
    assumed = f"took the files {families[0]} as the vectors, not {others}" if others else ""
    selected = context.choose("vector", families, families[0], assumed)
    assert selected is not None
    return selected


def _describe(path: Path) -> _Array | None:
    """Return the shape of a .npy of numbers; None for other arrays and columns of values."""
    with error_context(path), path.open("rb") as file:
        shape, dtype = npy.read_header(file, path.stat().st_size)
        start = file.tell()
    if dtype.kind == "f" and (len(shape) == 1 or (len(shape) == 2 and shape[0] == 1)):
        array = _Array(path, (1, shape[-1]), True, dtype, start)
        return array if shape[-1] > 1 else None
    if dtype.kind not in "fiub" or len(shape) != 2 or 0 in shape:
        return None
    return _Array(path, (shape[0], shape[1]), False, dtype, start)


def _stacked(arrays: Sequence[_Array], context: ReadContext) -> Draft:
    """Return the rows of all arrays, in this order."""
    rows, dimensions = sum(array.shape[0] for array in arrays), arrays[0].shape[1]
    check_bytes(4 * rows * dimensions, f"{len(arrays):,} files together need")
    vectors = np.empty((rows, dimensions), np.float32)
    start = 0
    for array in arrays:
        with error_context(array.path), np.errstate(over="ignore"):
            if array.single:  # np.load would parse the header again
                part = np.fromfile(array.path, array.dtype, dimensions, offset=array.start)
            else:
                part = np.load(array.path, allow_pickle=False)
            part = part.reshape(array.shape)
            vectors[start : start + len(part)] = part
        start += len(part)
    about = npy.header.described(arrays[0].path.parent, part.dtype)
    return Draft.of(as_float32(vectors), **about)
