"""NumPy's .npy: one matrix without labels; or a column that describes another file's rows."""

import io
import math
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header
from embeddings.files.atomic import atomic_path
from embeddings.files.damage import damaged
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, first_line, padded_size
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.embedding_table import from_table
from embeddings.files.tabular.roles import CERTAIN, NO_VECTORS, Likelihood
from embeddings.files.tabular.table_draft import are_row_numbers

_MAGIC = b"\x93NUMPY"

COLUMN_KINDS = "USfiubmM"
"""Kinds of dtype that a column of labels or metadata may have (see numpy.dtype.kind)."""

OBJECTS = (
    "an array of Python objects, which are stored as a pickle and never opened; save plain "
    "numbers, numpy.save(path, numpy.array(rows, dtype='float32')), or texts, "
    "numpy.array(labels, dtype=str)"
)
"""Why an array is not read."""

_EXAMINED = 2**16  # bytes that tell packed bits from numbers
_FEWEST_BYTES = 256
_TIME_UNITS = {(unit, 1) for unit in ("D", "s", "ms", "us", "ns")}
_TEXT_BYTES = 2**24  # of a text array that is converted to strings in one step
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def load(path: Path, context: ReadContext) -> Draft:
    """Read a matrix of numbers, in any order of bytes and axes; labels are the row numbers.

    Raises
    ------
    EmbeddingError
        a damaged file, one that holds less than its header states, Python objects, or an array
        that is not a matrix of numbers
    """
    with path.open("rb") as file:
        shape, dtype = read_header(file, path.stat().st_size, limited=not context.should_map(path))
    if dtype.names and len(shape) == 1 and not dtype.hasobject:
        return from_table(_records(np.load(path, allow_pickle=False), context.note), path, context)
    matrix = matrix_shape(shape)
    check_matrix(matrix, dtype)
    if 0 in shape:
        raise EmbeddingError(f"an array of shape {shape}, which is empty; write one with rows")
    if matrix != shape:
        context.note(f"an array of shape {shape}: took it as {matrix[0]:,} x {matrix[1]:,}")
    if context.should_map(path):
        vectors = np.load(context.path_to_map(path), mmap_mode="r")
    else:
        with damaged(".npy", ValueError, OSError, EOFError):
            vectors = np.load(path, allow_pickle=False)
    vectors = vectors.reshape(matrix)
    if dtype == np.uint8 and are_packed_bits(vectors):
        vectors = _unpacked(vectors, context)
    return Draft.of(as_float32(vectors), **header.described(path, dtype))


def are_packed_bits(array: np.ndarray) -> bool:
    """Return True if bytes look like bits that numpy.packbits packed, such as signs of vectors.

    Each bit is then about as often set as not, and independent of the one beside it; in numbers
    that were rounded to bytes, and in pixels, the highest bits depend on each other.

    Parameters
    ----------
    array : uint8, shape (rows, columns)
    """
    first = array[: 1 + _EXAMINED // array.shape[1]]
    if first.size < _FEWEST_BYTES:
        return False
    bits = np.unpackbits(first).reshape(-1, 8).astype(np.float64)
    alike = (bits[:, :-1] == bits[:, 1:]).mean(0)
    return bool((np.abs(bits.mean(0) - 0.5) < 0.25).all() and (np.abs(alike - 0.5) < 0.15).all())


def _unpacked(packed: np.ndarray, context: ReadContext) -> np.ndarray:
    """Return packed bits as 1 and -1: float32, shape (rows, 8 columns); or the bytes, if chosen."""
    rows, width = packed.shape
    selected = context.choose(
        "dimensions",
        (str(8 * width), str(width)),
        str(8 * width),
        f"its bytes look like packed bits: read as {8 * width:,} numbers, 1 and -1, so that cosine "
        f"compares by Hamming distance; choose {width} dimensions for the bytes as numbers",
    )
    if selected == str(width):
        return packed
    check_bytes(32 * rows * width, "unpacked, its bits need")
    signs = np.unpackbits(packed, axis=1).astype(np.float32)
    signs *= 2
    signs -= 1
    return signs


def vector_likelihood(path: Path) -> Likelihood:
    """Return how surely the file holds vectors: a one-dimensional array does not."""
    with path.open("rb") as file:
        shape, dtype = read_header(file, path.stat().st_size, limited=False)
    return NO_VECTORS if len(shape) == 1 and not dtype.names else CERTAIN


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield a one-dimensional array as a table of one column of labels or metadata.

    Raises
    ------
    EmbeddingError
        a damaged file, Python objects, or an array of another shape
    """
    with path.open("rb") as file:
        shape, dtype = read_header(file, path.stat().st_size)
    if dtype.hasobject:
        raise EmbeddingError(OBJECTS)
    if len(shape) != 1 or dtype.kind not in COLUMN_KINDS:
        raise EmbeddingError(
            f"an array of shape {shape} and type {dtype}; "
            "expected one text, number, boolean or date for each vector"
        )
    yield pa.table({path.stem: to_column(np.load(path, allow_pickle=False))}), ""


def to_column(array: np.ndarray) -> pa.ChunkedArray:
    """Return a one-dimensional array as a pyarrow column; bytes are read as UTF-8."""
    kind = array.dtype.kind
    if kind in "US":
        return _text_column(array)
    if kind == "f" and array.dtype.itemsize > 8:  # pyarrow has no longer floats
        array = array.astype(np.float64)
    elif kind in "mM" and np.datetime_data(array.dtype) not in _TIME_UNITS:
        array = array.astype(f"{kind}8[us]")
    try:
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        return pa.chunked_array([pa.array(array)])
    except (ValueError, pa.ArrowException) as error:
        raise EmbeddingError(
            f"an array of type {array.dtype} that cannot be read ({first_line(error)})"
        ) from error


def _text_column(array: np.ndarray) -> pa.ChunkedArray:
    """Return an array of texts of fixed width as a column, in parts, since most may be short.

    Through lists, since pyarrow would cut the texts of an array at their first NUL.
    """
    parts = []
    for rows in row_blocks(len(array), array.dtype.itemsize, _TEXT_BYTES):
        values = array[rows].tolist()
        try:
            texts = [v if isinstance(v, str) else v.decode("utf-8", "replace") for v in values]
            parts.append(pa.array(texts, pa.string()))
        except (ValueError, pa.ArrowException) as error:
            raise EmbeddingError(
                f"an array of type {array.dtype} that cannot be read ({first_line(error)})"
            ) from error
    return pa.chunked_array(parts, pa.string())


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write the vectors alone, atomically; return the names of what else the set holds."""
    with atomic_path(path) as temporary:
        np.save(temporary, embedding_set.vectors)
    return (
        *(() if are_row_numbers(embedding_set.labels) else ("labels",)),
        *(f"column {name}" for name in embedding_set.metadata.column_names),
        *header.lost(embedding_set.provenance),
    )


def read_header(
    file: IO[bytes], size: int, limited: bool = True
) -> tuple[tuple[int, ...], np.dtype]:
    """Return shape and dtype of the array in `file`, after comparing them with `size`.

    Parameters
    ----------
    file : open at the start of the .npy content
    size : bytes of the whole content, header included
    limited : True if the array must fit the size limit; False for one that is mapped

    Raises
    ------
    EmbeddingError
        the content is not .npy, or its header claims more bytes than follow or than the limit
    """
    # numpy parses the header as Python, so that a damaged one raises nearly anything
    with damaged(".npy header", Exception, advice="write the file again with numpy.save"):
        version = np.lib.format.read_magic(file)
        length = file.read(2 if version == (1, 0) else 4)
        shape, dtype = _parsed(version, length + file.read(int.from_bytes(length, "little")))
    if any(length < 0 for length in shape):
        raise EmbeddingError(f"its header claims the impossible shape {shape}")
    claimed, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if claimed > held and not dtype.hasobject:  # objects are pickled, in any number of bytes
        raise EmbeddingError(
            f"its header claims an array of shape {shape} and type {dtype}, {claimed:,} bytes, "
            f"but {held:,} follow; the file is cut short or damaged"
        )
    if limited:
        check_bytes(padded_size(shape) * max(4, dtype.itemsize), "the array needs")
    return shape, dtype


@lru_cache(maxsize=8)  # tens of thousands of files, one of each vector, have the same header
def _parsed(version: tuple[int, int], header: bytes) -> tuple[tuple[int, ...], np.dtype]:
    """Return the shape and dtype that a header states, which begins with its length."""
    # a header of version 3 differs from 2 in being UTF-8, which only names of fields need
    read = _READERS.get(version, np.lib.format.read_array_header_2_0)
    shape, _, dtype = read(io.BytesIO(header))
    return shape, dtype


def ends_in_header(head: bytes, size: int) -> bool:
    """Return True if a .npy of `size` bytes, which starts with `head`, ends within its header."""
    if not head.startswith(_MAGIC):
        return False
    length = head[8:10] if head[6:7] == b"\1" else head[8:12]
    return size < 8 + len(length) + max(1, int.from_bytes(length, "little"))


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of an array as a matrix, without axes of length 1, if it has such a shape.

    Of (rows, 1, dimensions) it is (rows, dimensions); a shape without such axes is returned as is.
    """
    if len(shape) < 3:
        return shape
    longer = tuple(length for length in shape if length != 1)
    if len(longer) == 2:
        return longer
    return shape if len(longer) > 2 else (shape[0], math.prod(shape[1:]))


def is_npy_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Return True if a member of a zip is a .npy, by its extension or, without one, its content."""
    if info.filename.endswith(".npy"):
        return True
    if "." in info.filename or info.filename.endswith("/"):
        return False
    with archive.open(info) as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _records(array: np.ndarray, note: Note) -> pa.Table:
    """Return an array of records as a table; a field of several numbers is a column of lists."""
    columns = {}
    for name in array.dtype.names or ():
        field = array[name]
        if field.ndim == 1 and field.dtype.kind in COLUMN_KINDS:
            columns[name] = to_column(field)
        elif field.ndim == 2 and field.dtype.kind in "fiu" and field.shape[1]:
            flat = to_column(field.reshape(-1)).combine_chunks()
            columns[name] = pa.FixedSizeListArray.from_arrays(flat, field.shape[1])
        else:
            note(f"left out the field {name}: of type {array.dtype[name]}")
    return pa.table(columns)


def check_matrix(shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise EmbeddingError unless an array is a matrix of real numbers."""
    if dtype.hasobject:
        raise EmbeddingError(OBJECTS)
    if dtype.kind not in "fiub":
        raise EmbeddingError(
            f"an array of type {dtype}; expected integers or floats of NumPy's own types "
            "(not bfloat16, not records): array.astype('float32')"
        )
    if len(shape) == 1:
        raise EmbeddingError(
            f"a one-dimensional array of {shape[0]:,} values; expected two dimensions, one row for "
            "each item: array.reshape(rows, dimensions); if it holds the labels of another file, "
            "open both together"
        )
    if len(shape) != 2:
        raise EmbeddingError(
            f"an array of shape {shape}; expected two dimensions, one row for each item: "
            "array.reshape(len(array), -1), or select one layer or token"
        )
