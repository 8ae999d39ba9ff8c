"""Parsing delimited rows in pieces and in parallel, with pyarrow or, for large text, plain_rows.py.

pyarrow's own threads take a third more CPU time than one thread; pieces do not.
"""

import codecs
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from embeddings.errors import EmbeddingError
from embeddings.files.limits import MAX_COLUMNS
from embeddings.files.plain_text import LONGEST_LINE

_PIECE = 2**23  # bytes
_BLOCK = 2**20  # bytes that pyarrow parses at once
_LONGEST_BLOCK = 2**31 - 1
_BLOCK_ROWS = 64  # for fewer rows, the memory of each column would not pay off
_LOOK = 2**16
_LARGE = 2**26  # bytes of text from which the import of numba pays off

_Parsed = tuple[pa.Table, np.ndarray | None]
"""A piece as pyarrow parses it, and None; or its other columns, and its components: float32 of
shape (rows, d)."""


def check_width(columns: int) -> None:
    """Raise EmbeddingError for more columns than a table of text may have."""
    if columns > MAX_COLUMNS:
        raise EmbeddingError(
            f"a row of {columns:,} columns; expected at most {MAX_COLUMNS:,} in a text; write "
            "the matrix with numpy.save"
        )


def parse(
    text: pa.Buffer,
    names: list[str],
    parsing: pa.csv.ParseOptions,
    converting: pa.csv.ConvertOptions,
    header: bool = False,
    components: Sequence[str] = (),
) -> pa.Table:
    """Parse delimited rows.

    Parameters
    ----------
    names : names of all columns
    parsing, converting : options of pyarrow: delimiter and quotes, types and missing values; a
        quoted cell may hold newlines without newlines_in_values
    header : True to skip the first row
    components : columns of float32 that are returned as one column of vectors, `vector`, at the
        end; missing numbers are NaN

    Raises
    ------
    pyarrow.ArrowInvalid
        rows of another length than `names`, or cells that are not of their column's type
    """
    plain = text.size >= _LARGE and _is_plain(names, parsing, converting, components)
    if plain and header and b'"' not in bytes(text[: _line_end(memoryview(text), 0)]):
        text, header = text.slice(_line_end(memoryview(text), 0)), False

    def parse_piece(number: int, piece: pa.Buffer, room: np.ndarray) -> _Parsed:
        skipped = int(header and number == 0)
        found = _parse_plain(piece, names, parsing, converting, room) if plain else None
        return found or (_parse_piece(piece, names, parsing, converting, skipped), None)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pieces = _pieces(text, parsing.quote_char or "", pool)
        lines = list(pool.map(_count_lines, pieces)) if plain else [0] * len(pieces)
        vectors = np.empty((sum(lines), len(components)), dtype=np.float32)
        parsed = list(pool.map(parse_piece, count(), pieces, _split(vectors, lines)))
        if not components:
            return pa.concat_tables(table for table, _ in parsed)
        rows = [table.num_rows if numbers is None else len(numbers) for table, numbers in parsed]
        if rows != lines:
            vectors = np.empty((sum(rows), len(components)), dtype=np.float32)
        parts = _split(vectors, rows)
        rest = pa.concat_tables(pool.map(partial(_take_out, components), parsed, parts))
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), len(components))
    return pa.table([*rest.columns, column], names=[*rest.column_names, "vector"])


def _is_plain(
    names: list[str],
    parsing: pa.csv.ParseOptions,
    converting: pa.csv.ConvertOptions,
    components: Sequence[str],
) -> bool:
    """Return True if plain_rows.py may be able to parse a table."""
    return bool(
        components
        and len(names) > 1
        and parsing.delimiter.isascii()
        and parsing.quote_char in (False, '"')
        and converting.decimal_point == "."
    )


def _count_lines(piece: pa.Buffer) -> int:
    """Count the lines, the last of which may have no newline."""
    # imported here, since numba takes long to import
    from embeddings.files.delimited.plain_rows import count_newlines

    ends = piece.size and piece[piece.size - 1 :].to_pybytes() == b"\n"
    return count_newlines(np.frombuffer(piece, dtype=np.uint8)) + (not ends)


def _split(vectors: np.ndarray, rows: Sequence[int]) -> list[np.ndarray]:
    """Split a matrix into parts with these numbers of rows."""
    return np.split(vectors, np.cumsum(rows)[:-1])


def _parse_plain(
    piece: pa.Buffer,
    names: list[str],
    parsing: pa.csv.ParseOptions,
    converting: pa.csv.ConvertOptions,
    room: np.ndarray,
) -> _Parsed | None:
    """Parse a piece with plain_rows.py; return None if it is not plain."""
    from embeddings.files.delimited.plain_rows import parse_plain

    if piece.size >= _LONGEST_BLOCK:
        return None
    column_types = converting.column_types  # each access builds a new dict
    types = [column_types[name] for name in names]
    found = parse_plain(piece, parsing.delimiter, bool(parsing.quote_char), types, room)
    if found is None:
        return None
    texts, numbers = found
    if converting.strings_can_be_null:
        texts = [_empty_is_missing(text) for text in texts]
    kept = [
        name
        for name, kind in zip(names, types, strict=True)
        if kind not in (pa.float32(), pa.null())
    ]
    return pa.table(texts, names=kept), numbers


def _parse_piece(
    piece: pa.Buffer,
    names: list[str],
    parsing: pa.csv.ParseOptions,
    converting: pa.csv.ConvertOptions,
    skipped: int,
) -> pa.Table:
    """Parse a piece with pyarrow in small blocks, which stay in the processor's cache.

    pyarrow fails if a block ends between the quotes of a cell with newlines, or if a row is longer
    than a block; then the whole piece is one block. (The option newlines_in_values would make it
    look for quotes twice in every block.)
    """
    if piece.slice(0, min(piece.size, 3)).to_pybytes() == codecs.BOM_UTF8:  # part of a cell here,
        piece = pa.py_buffer(codecs.BOM_UTF8 + piece.to_pybytes())  # but pyarrow skips one

    def read(block: int) -> pa.Table:
        reading = pa.csv.ReadOptions(
            column_names=names,
            skip_rows_after_names=skipped,
            block_size=block,
            use_threads=False,
        )
        return pa.csv.read_csv(pa.BufferReader(piece), reading, parsing, converting)

    line = _line_end(memoryview(piece), 0)
    try:
        return read(min(max(_BLOCK, _BLOCK_ROWS * line), _LONGEST_BLOCK))
    except pa.ArrowInvalid as error:
        if piece.size >= _LONGEST_BLOCK:
            raise EmbeddingError(
                f"a row of more than {_LONGEST_BLOCK:,} bytes; write the matrix with numpy.save"
            ) from error
        return read(piece.size + 1)


def _empty_is_missing(texts: pa.Array) -> pa.Array:
    """Return texts with null in place of each empty one."""
    empty = pc.equal(pc.binary_length(texts), 0)
    return pc.if_else(empty, pa.scalar(None, texts.type), texts)


def _take_out(components: Sequence[str], parsed: _Parsed, vectors: np.ndarray) -> pa.Table:
    """Copy the components of a piece into a matrix; return the other columns."""
    table, numbers = parsed
    if numbers is not None:
        if not np.may_share_memory(numbers, vectors):
            vectors[:] = numbers
        return table
    place = {name: i for i, name in enumerate(table.column_names)}
    positions = [place.pop(name) for name in components]  # names would take quadratic time
    start = 0
    for batch in table.select(positions).to_batches():
        for j, values in enumerate(batch.columns):
            vectors[start : start + len(batch), j] = values.to_numpy(zero_copy_only=False)
        start += len(batch)
    return table.select(list(place.values()))


def _pieces(text: pa.Buffer, quote: str, pool: ThreadPoolExecutor) -> list[pa.Buffer]:
    """Split a text between rows: at newlines, but not within quotes, if there is a quote sign."""
    view = memoryview(text)
    ends = [0]
    while ends[-1] < len(view):
        ends.append(_line_end(view, ends[-1] + _PIECE))
    if quote:
        parts = (view[start:end] for start, end in pairwise(ends))
        odd = pool.map(partial(_odd_quotes, quote), parts)
        outside = ~np.logical_xor.accumulate([False, *odd])
        outside[-1] = True
        ends = [end for end, between in zip(ends, outside, strict=True) if between]
        longest = max(end - start for start, end in pairwise(ends)) if len(ends) > 1 else 0
        if longest > _PIECE + 2 * LONGEST_LINE:
            raise EmbeddingError(
                f"a row of more than {LONGEST_LINE:,} bytes; check the quotes, one of which may "
                "not be closed"
            )
    return [text.slice(start, end - start) for start, end in pairwise(ends)] or [text]


def _odd_quotes(quote: str, view: memoryview) -> bool:
    """Return True if the number of quotes is odd."""
    raw = np.frombuffer(view, dtype=np.uint8)
    blocks = (raw[start : start + _LOOK] for start in range(0, len(raw), _LOOK))
    return sum(int(np.count_nonzero(block == ord(quote))) for block in blocks) % 2 == 1


def _line_end(view: memoryview, position: int) -> int:
    """Return where the line at `position` ends, after its newline."""
    while position < len(view):
        found = bytes(view[position : position + _LOOK]).find(b"\n")
        if found >= 0:
            return position + found + 1
        position += _LOOK
    return len(view)
