"""Tables of text are parsed by pyarrow, on pieces of whole lines in parallel.

pyarrow's own threads take a third more processor time here than one thread does; pieces do not.
"""

import codecs
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import numpy as np
import pyarrow as pa
import pyarrow.csv

from embeddings.errors import EmbeddingError

_PIECE = 2**24  # bytes
_BLOCK = 2**20  # bytes that pyarrow parses at once
_LONGEST_BLOCK = 2**31 - 1
_BLOCK_ROWS = 64  # fewer rows would not pay for the pieces of memory that each column takes
_LOOK = 2**16
_MOST_COLUMNS = 2**16  # each takes some kilobytes while it is parsed


def check_width(columns: int) -> None:
    """Raise EmbeddingError for a row of more numbers than a table of text may have columns."""
    if columns > _MOST_COLUMNS:
        raise EmbeddingError(
            f"a row of {columns:,} columns; text of at most {_MOST_COLUMNS:,} is read: "
            "write the matrix with numpy.save"
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
    names : of all columns
    parsing, converting : pyarrow's options: delimiter and quotes, types and missing values; a
        quoted cell may hold newlines without newlines_in_values
    header : whether the first row is to be skipped
    components : columns of float32 that come back as one column of vectors, `vector`, at the
        end; what is missing is NaN

    Raises
    ------
    pyarrow.ArrowInvalid
        rows of another length than `names`, or cells that are not of their column's type
    """

    def parse_piece(number: int, piece: pa.Buffer) -> pa.Table:
        return _parse_piece(piece, names, parsing, converting, int(header and number == 0))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pieces = _pieces(text, bool(parsing.quote_char))
        tables = list(pool.map(parse_piece, count(), pieces))
        if not components:
            return pa.concat_tables(tables)
        starts = np.cumsum([0, *(table.num_rows for table in tables)])
        vectors = np.empty((starts[-1], len(components)), dtype=np.float32)
        parts = [vectors[start:] for start in starts[:-1]]
        others = list(pool.map(partial(_take_out, components), tables, parts))
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), len(components))
    rest = pa.concat_tables(others)
    return pa.table([*rest.columns, column], names=[*rest.column_names, "vector"])


def _parse_piece(
    piece: pa.Buffer,
    names: list[str],
    parsing: pa.csv.ParseOptions,
    converting: pa.csv.ConvertOptions,
    skipped: int,
) -> pa.Table:
    """Parse one piece in small blocks, which stay in the processor's cache.

    pyarrow refuses where an end of a block falls between the quotes of a cell with newlines, or
    where a row is longer than a block: then the piece is one block, where no such thing matters.
    (With its option newlines_in_values it would look for quotes twice, in every block.)
    """

    if piece.slice(0, min(piece.size, 3)).to_pybytes() == codecs.BOM_UTF8:  # is part of a cell
        piece = pa.py_buffer(codecs.BOM_UTF8 + piece.to_pybytes())  # but pyarrow skips the first

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
            raise EmbeddingError(f"a row of more than {_LONGEST_BLOCK:,} bytes") from error
        return read(piece.size + 1)


def _take_out(components: Sequence[str], table: pa.Table, vectors: np.ndarray) -> pa.Table:
    """Copy columns of float32 side by side into the first rows of a matrix; return the others."""
    place = {name: i for i, name in enumerate(table.column_names)}
    positions = [place.pop(name) for name in components]  # by name, it would be squared in width
    start = 0
    for batch in table.select(positions).to_batches():
        for j, values in enumerate(batch.columns):
            vectors[start : start + len(batch), j] = values.to_numpy(zero_copy_only=False)
        start += len(batch)
    return table.select(list(place.values()))


def _pieces(text: pa.Buffer, quoted: bool) -> Iterator[pa.Buffer]:
    """Cut a text between rows: at ends of lines, and with `quoted` outside of pairs of quotes."""
    view = memoryview(text)
    start = 0
    while start < len(view):
        end = _line_end(view, start + _PIECE)
        open_quotes = quoted and _odd_quotes(view[start:end])
        while open_quotes and end < len(view):
            further = _line_end(view, end)
            open_quotes ^= _odd_quotes(view[end:further])
            end = further
        yield text.slice(start, end - start)
        start = end
    if not len(view):
        yield text


def _odd_quotes(view: memoryview) -> bool:
    """Say whether the number of quotes is odd."""
    raw = np.frombuffer(view, dtype=np.uint8)
    blocks = (raw[start : start + _LOOK] for start in range(0, len(raw), _LOOK))
    return sum(int(np.count_nonzero(block == ord('"'))) for block in blocks) % 2 == 1


def _line_end(view: memoryview, position: int) -> int:
    """Return where the line ends that holds `position`, after its end of line."""
    while position < len(view):
        found = bytes(view[position : position + _LOOK]).find(b"\n")
        if found >= 0:
            return position + found + 1
        position += _LOOK
    return len(view)
