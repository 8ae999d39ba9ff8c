"""Columns of text become typed: numbers, booleans, dates, categories; or vectors, one a cell."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, repeat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from embeddings.errors import EmbeddingError
from embeddings.text import shorten

NUMBER = re.compile(
    r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)\s*", re.IGNORECASE | re.ASCII
)
"""What counts as one number, on a full match."""

_LIST = re.compile(
    r"\s*[\[({]{0,2}\s*[+-]?[\d.][\d.e+-]*(?:\s*[,;\s]\s*(?:[+-]?[\d.][\d.e+-]*|nan|inf|\.\.\.))+"
    r"[\s,]*[\])}]{0,2}\s*",
    re.IGNORECASE,
)

_CALLS = r"(?:np\.)?(?:tensor|array|float\d+)\(|,\s*[a-z_]+=[^\[\]]*$|\)"
"""What stands around numbers where Python's text of an object was written: tensor([...],
device='cuda:0'), array([...], dtype=float32), [np.float32(0.1), ...]."""

_CALLED = re.compile(r"\s*\[?\s*(np\.)?(tensor|array|float\d+)\(")

_WHOLE = r"^-?(0|[1-9]\d{0,18})$"  # no leading zeros: 007 is a name
_REAL = r"^(-?(0|[1-9]\d{0,15})(\.\d*)?([eE][+-]?\d+)?|[nN]a[nN]|-?[iI]nf)$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$"

_PIECE = 2**20  # bytes of cells that are parsed at once
_BRACKETS = " \t\r\n[](){}"


def is_number(text: str) -> bool:
    """Say whether a cell holds one number."""
    return NUMBER.fullmatch(text) is not None


def is_list(text: str) -> bool:
    """Say whether a cell holds several numbers: '[0.1, 0.2]', '[0.1 0.2]' or '0.1 0.2'."""
    if _CALLED.match(text):
        text = re.sub(_CALLS, "", text)
    return _LIST.fullmatch(text) is not None


def begins_list(text: str) -> bool:
    """Say whether a cell may hold a list for how it begins: with a bracket, or as a call."""
    return text.lstrip().startswith("[") or _CALLED.match(text) is not None


def typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give a column of strings the narrowest type that every present value fits.

    int64, float64, boolean, date32, timestamp; a dictionary (a category) where each value stands
    twice on average; else strings, unchanged. Whatever is converted reads the same as before.
    """
    for pattern, kinds in (
        (_WHOLE, [pa.int64()]),
        (_REAL, [pa.float64()]),
        ("^([tT]rue|[fF]alse|TRUE|FALSE)$", [pa.bool_()]),
        (_DATE, [pa.date32()]),
        (_TIME, [pa.timestamp("us"), pa.timestamp("us", "UTC")]),
    ):
        if _all_match(column, pattern):
            for kind in kinds:
                try:
                    return column.cast(kind)
                except pa.ArrowInvalid:  # a 31st of June, or a time with and one without zone
                    continue
    present = len(column) - column.null_count
    if 0 < pc.count_distinct(column).as_py() <= present // 2:
        return column.dictionary_encode().unify_dictionaries()
    return column


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    present = column.drop_null()
    if len(present) == 0 or re.search(pattern, present[0].as_py()) is None:
        return False
    return bool(pc.all(pc.match_substring_regex(present, pattern)).as_py())


def parse_lists(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Read a vector from each cell, as OpenAI's cookbook or numpy write them.

    Parameters
    ----------
    column : strings such as '[0.1, 0.2]' or '[0.1 0.2]'
    name : of the column, for errors

    Returns
    -------
    float32, shape (rows, d), C-contiguous

    Raises
    ------
    EmbeddingError
        a cell that is missing, of another length than the first, or holds something else
    """
    pieces = [
        chunk.slice(start, step)
        for chunk in column.chunks
        for step in [1 + len(chunk) * _PIECE // max(chunk.nbytes, 1)]
        for start in range(0, len(chunk), step)
    ]
    if not pieces:
        raise EmbeddingError("no rows; expected at least one")
    first = pieces[0][0].as_py() or ""
    if _CALLED.match(first):
        pieces = [pc.replace_substring_regex(piece, _CALLS, "") for piece in pieces]
        first = pieces[0][0].as_py()
    length = max(1, len(re.findall(r"[^\s,]+", first.strip(_BRACKETS))))
    starts = accumulate(map(len, pieces), initial=0)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = pool.map(_parse_cells, pieces, repeat(name), starts, repeat(length))
        return np.concatenate(list(parts))


def _parse_cells(cells: pa.Array, name: str, start: int, length: int) -> np.ndarray:
    """Parse some cells as one small CSV of numbers, which pyarrow does fast."""
    if cells.null_count:
        row = start + int(np.flatnonzero(cells.is_null().to_numpy(zero_copy_only=False))[0])
        raise EmbeddingError(f"row {row}, column {name}: the vector is missing")
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
    """Say which cell cannot be read, and why."""
    for row, text in enumerate(texts, start):
        numbers = [number.strip() for number in text.split(",")]
        place = f"row {row}, column {name}"
        if "..." in text:
            return EmbeddingError(
                f"{place}: numpy shortened the vector to {shorten(text)!r} when it was written; "
                "write it with .tolist()"
            )
        for number in numbers:
            if not is_number(number):
                return EmbeddingError(f"{place}: {shorten(number)!r} is not a number")
        if len(numbers) != length:
            return EmbeddingError(
                f"{place}: {len(numbers)} numbers where the first row has {length}; "
                "all vectors must be of one length"
            )
    return EmbeddingError(f"rows {start} to {start + len(texts)}, column {name}: not readable")
