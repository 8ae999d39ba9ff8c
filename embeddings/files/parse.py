"""Tables of text are parsed by pyarrow, on pieces of whole lines in parallel.

pyarrow's own threads take a third more processor time here than one thread does; pieces do not.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.csv

from embeddings.errors import EmbeddingError

_PIECE = 2**23  # bytes
_BLOCK = 2**20  # bytes that pyarrow parses at once; a longer row is read in one block of its own
_LONGEST_BLOCK = 2**31 - 1
_LOOK = 2**16


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
    parsing, converting : pyarrow's options: delimiter and quotes, types and missing values
    header : whether the first row is to be skipped
    components : columns of float32 that come back as one column of vectors, `vector`, at the
        end; what is missing is NaN

    Raises
    ------
    pyarrow.ArrowInvalid
        rows of another length than `names`, or cells that are not of their column's type
    """
    pieces = _pieces(text, bool(parsing.quote_char))

    def parse_piece(number: int) -> pa.Table:
        skipped = int(header and number == 0)
        table = _parse_piece(pieces[number], names, parsing, converting, skipped)
        return _join(table, components) if components else table

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return pa.concat_tables(pool.map(parse_piece, range(len(pieces))))


def _parse_piece(
    piece: pa.Buffer,
    names: list[str],
    parsing: pa.csv.ParseOptions,
    converting: pa.csv.ConvertOptions,
    skipped: int,
) -> pa.Table:
    for block in (_BLOCK, min(piece.size + 2, _LONGEST_BLOCK)):
        reading = pa.csv.ReadOptions(
            column_names=names,
            skip_rows_after_names=skipped,
            block_size=block,
            use_threads=False,
        )
        try:
            return pa.csv.read_csv(pa.BufferReader(piece), reading, parsing, converting)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error) or block >= piece.size:
                raise
    raise EmbeddingError(f"a row of more than {_LONGEST_BLOCK:,} bytes")


def _join(table: pa.Table, components: Sequence[str]) -> pa.Table:
    """Put columns of float32 side by side into one column of vectors."""
    vectors = np.empty((table.num_rows, len(components)), dtype=np.float32)
    start = 0
    for batch in table.select(components).to_batches():
        for j, values in enumerate(batch.columns):
            vectors[start : start + len(batch), j] = values.to_numpy(zero_copy_only=False)
        start += len(batch)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), len(components))
    return table.drop_columns(list(components)).append_column("vector", column)


def _pieces(text: pa.Buffer, quoted: bool) -> list[pa.Buffer]:
    """Cut a text between rows: at ends of lines, and with `quoted` outside of pairs of quotes."""
    view = memoryview(text)
    pieces = []
    start = 0
    while start < len(view):
        end = _line_end(view, start + _PIECE)
        open_quotes = quoted and bytes(view[start:end]).count(b'"') % 2 == 1
        while open_quotes and end < len(view):
            further = _line_end(view, end)
            open_quotes ^= bytes(view[end:further]).count(b'"') % 2 == 1
            end = further
        pieces.append(text.slice(start, end - start))
        start = end
    return pieces or [text]


def _line_end(view: memoryview, position: int) -> int:
    """Return where the line ends that holds `position`, after its end of line."""
    while position < len(view):
        found = bytes(view[position : position + _LOOK]).find(b"\n")
        if found >= 0:
            return position + found + 1
        position += _LOOK
    return len(view)
