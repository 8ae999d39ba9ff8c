"""Vectors in a table: a column of lists, of texts of lists, or several columns of numbers."""

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, repeat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from embeddings.arrow_types import is_list, is_number, is_text
from embeddings.errors import EmbeddingError
from embeddings.files.limits import as_float32, check_rows
from embeddings.files.options import Note, log_note
from embeddings.files.tabular.text_types import (
    CALLED,
    CALLS,
    MISSING,
    SPARSE,
    holds_number,
    is_missing,
)
from embeddings.files.tabular.vector_bytes import holds_vector_bytes, read_vector_bytes
from embeddings.text import shorten

_PIECE = 2**20  # bytes of cells that are parsed at once
_BRACKETS = " \t\r\n[](){}"


def holds_vectors(kind: pa.DataType) -> bool:
    """Return True for lists of numbers, and for extension types that are stored as such."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return is_list(kind) and is_number(kind.value_type)


def read_vectors(table: pa.Table, column: int | str, note: Note = log_note) -> np.ndarray:
    """Return a column of lists, of texts of lists, or of bytes, as a matrix.

    Returns
    -------
    float32, shape (rows, d), read-only; a missing vector is NaN

    Raises
    ------
    EmbeddingError
        all vectors are missing, or they are of different length
    """
    cells, name = table.column(column), table.field(column).name
    if holds_vector_bytes(cells):
        vectors, numbers = read_vector_bytes(cells, name)
        note(f"column {name}: read its bytes as vectors of {vectors.shape[1]:,} x {numbers}")
        return as_float32(vectors)
    if is_text(cells.type):
        missing = pc.fill_null(pc.match_substring_regex(cells, MISSING), True)
    else:
        cells = _storage(cells)
        missing = pc.fill_null(pc.equal(pc.list_value_length(cells), 0), True)
    if pc.all(missing, min_count=0).as_py():
        raise EmbeddingError(f"column {name}: all vectors are missing")
    first = cells.slice(pc.index(missing, False).as_py(), 1)
    if is_text(cells.type) and SPARSE.fullmatch(first[0].as_py()):
        return as_float32(_parse_sparse(cells, name))
    if is_text(cells.type):
        if pc.any(missing).as_py():
            length = parse_lists(first, name).shape[1]
            between = _separator(first[0].as_py()) or " "
            cells = pc.if_else(missing, between.join(["nan"] * length), cells)
        return as_float32(parse_lists(cells, name))
    length = len(first[0].as_py())
    parts: list[np.ndarray] = []
    for chunk in cells.chunks:
        if len(chunk):
            parts.append(_list_matrix(chunk, name, sum(map(len, parts)), length))
    return as_float32(parts[0] if len(parts) == 1 else np.concatenate(parts, dtype=np.float32))


def _storage(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of an extension type as the lists that it is stored as."""
    if not isinstance(cells.type, pa.BaseExtensionType):
        return cells
    chunks = [chunk.storage for chunk in cells.chunks]
    return pa.chunked_array(chunks, cells.type.storage_type)


def _list_matrix(array: pa.Array, name: str, start: int, length: int) -> np.ndarray:
    """Return a chunk of a list column as a matrix; a missing or empty vector is NaN.

    Parameters
    ----------
    start : row of the first list, for errors
    length : how many numbers each list must have
    """
    present = array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_fixed_size_list(array.type):
        lengths = np.full(len(array), array.type.list_size)
    else:
        lengths = np.diff(array.offsets.to_numpy())
        present &= lengths > 0
    wrong = (lengths != length) & present
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise EmbeddingError(
            f"row {start + row}, column {name}: {lengths[row]} numbers where the first row has "
            f"{length}; all vectors must be of one length"
        )
    matrix = array.flatten().to_numpy(zero_copy_only=False)
    matrix = matrix.reshape(int(present.sum()), length)
    if present.all():
        return matrix
    filled = np.full((len(array), length), np.nan, np.float32)
    with np.errstate(over="ignore"):
        filled[present] = matrix
    return filled


def stack_columns(table: pa.Table, positions: Sequence[int]) -> np.ndarray:
    """Return columns of numbers side by side.

    Returns
    -------
    float32, shape (rows, columns), read-only; a missing number is NaN
    """
    vectors = np.empty((table.num_rows, len(positions)), dtype=np.float32)
    start = 0
    for batch in table.to_batches():
        rows = slice(start, start + len(batch))
        for j, position in enumerate(positions):
            with np.errstate(over="ignore"):
                vectors[rows, j] = batch.column(position).to_numpy(zero_copy_only=False)
        start += len(batch)
    return as_float32(vectors)


def _parse_sparse(cells: pa.ChunkedArray, name: str) -> np.ndarray:
    """Parse a sparse vector from each cell, {place: number, ...}/length; places count from 1.

    Returns
    -------
    float32, shape (rows, length); a missing vector is NaN
    """
    first = next(text for text in cells.to_pylist() if text and SPARSE.fullmatch(text))
    length = int(first.rpartition("/")[2])
    check_rows(len(cells), 4 * length)
    vectors = np.zeros((len(cells), length), np.float32)
    for row, cell in enumerate(cells):
        text = cell.as_py()
        if text is None or is_missing(text):
            vectors[row] = np.nan
            continue
        match = SPARSE.fullmatch(text)
        pairs = [part.split(":") for part in text.partition("}")[0].strip(" {").split(",") if part]
        places = [int(place) - 1 for place, _ in pairs] if match else []
        if match is None or int(match[1]) != length or not all(0 <= p < length for p in places):
            raise EmbeddingError(
                f"row {row}, column {name}: {shorten(text, 40)!r} is no sparse vector of "
                f"{length:,} numbers, such as {{1:0.5,3:1}}/{length}"
            )
        try:
            vectors[row, places] = [float(number) for _, number in pairs]
        except ValueError as error:
            raise EmbeddingError(f"row {row}, column {name}: {error}") from error
    return vectors


def _separator(text: str) -> str:
    """Return what separates the numbers of a list; "" for blanks."""
    return next((sign for sign in ";|," if sign in text), "")


def parse_lists(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Parse a vector from each cell of text, as OpenAI's cookbook or NumPy write them.

    Parameters
    ----------
    column : strings such as '[0.1, 0.2]' or '[0.1 0.2]'; at least one, and none missing
    name : of the column, for errors

    Returns
    -------
    float32, shape (rows, d), C-contiguous

    Raises
    ------
    EmbeddingError
        a cell holds another number of numbers than the first, or something else
    """
    pieces = [
        chunk.slice(start, step)
        for chunk in column.chunks
        for step in [1 + len(chunk) * _PIECE // max(chunk.nbytes, 1)]
        for start in range(0, len(chunk), step)
    ]
    first = pieces[0][0].as_py()
    if CALLED.match(first):
        for pattern in CALLS:
            pieces = [pc.replace_substring_regex(piece, pattern, "") for piece in pieces]
        first = pieces[0][0].as_py()
    separator = _separator(first)
    if separator in (";", "|") and "," in first:  # decimal commas
        pieces = [pc.replace_substring(piece, ",", ".") for piece in pieces]
    if separator in (";", "|"):
        pieces = [pc.replace_substring(piece, separator, ",") for piece in pieces]
        first = pieces[0][0].as_py()
    length = max(1, len(re.findall(r"[^\s,]+", first.strip(_BRACKETS))))
    starts = accumulate(map(len, pieces), initial=0)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = pool.map(_parse_cells, pieces, repeat(name), starts, repeat(length))
        return np.concatenate(list(parts))


def _parse_cells(cells: pa.Array, name: str, start: int, length: int) -> np.ndarray:
    """Parse some cells as a small CSV of numbers, which is fast in pyarrow.

    Parameters
    ----------
    start : row of the first cell, for errors
    length : how many numbers each cell must have
    """
    cells = pc.ascii_trim(cells, _BRACKETS)
    commas = "," in cells[0].as_py()
    text = _join_lines(cells)
    if not commas or text.count(b"\n") > len(cells) or b"\r" in text:
        cells = pc.replace_substring_regex(cells, r"\s*,\s*" if commas else r"\s+", ",")
        text = _join_lines(cells)
    names = [str(i) for i in range(length)]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(text),
            pa.csv.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
            pa.csv.ParseOptions(quote_char=False, double_quote=False, ignore_empty_lines=False),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float32()), null_values=[]),
        )
    except pa.ArrowInvalid as error:
        raise _list_error(cells.to_pylist(), name, start, length) from error
    if len(table) != len(cells):  # a newline between two numbers
        raise _list_error(cells.to_pylist(), name, start, length)
    return np.stack([values.to_numpy() for values in table.columns], axis=1)


def _join_lines(cells: pa.Array) -> bytes:
    """Return each cell as a line."""
    rows = pa.ListArray.from_arrays(pa.array([0, len(cells)], pa.int32()), cells)
    return pc.binary_join(rows, "\n")[0].as_py().encode() + b"\n"


def _list_error(texts: list[str], name: str, start: int, length: int) -> EmbeddingError:
    """Find the first cell that is not a vector of the right length, and describe what is wrong."""
    for row, text in enumerate(texts, start):
        numbers = [number.strip() for number in text.split(",")]
        place = f"row {row}, column {name}"
        if "..." in text:
            return EmbeddingError(
                f"{place}: NumPy shortened the vector to {shorten(text, 40)!r} when it was "
                "written; write it with .tolist()"
            )
        for number in numbers:
            if not holds_number(number):
                return EmbeddingError(f"{place}: {shorten(number, 40)!r} is not a number")
        if len(numbers) != length:
            return EmbeddingError(
                f"{place}: {len(numbers)} numbers where the first row has {length}; "
                "all vectors must be of one length"
            )
    return EmbeddingError(f"rows {start} to {start + len(texts)}, column {name}: not readable")
