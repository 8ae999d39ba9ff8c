"""A compiled parser of plain rows: no missing numbers, no cells that span several lines.

Rows that are not plain are left to pyarrow: parse_plain returns None.

To open 400,000 rows of a word and 50 numbers it takes .65 to .75 of the CPU time of polars, which
takes 170 MB on disk and reads a row that is too short as one with missing numbers, and less than
half of pyarrow's (docs/benchmarks.md). numba takes .8 s to import, which text pays from 64 MiB on
(see number_parser.py); layouts need it anyway.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numba import njit, uint8, uint64

_TEXT, _NUMBER, _NOTHING = 0, 1, 2
_KINDS = {pa.float32(): _NUMBER, pa.null(): _NOTHING}

_POWERS = np.array([float(f"1e{power}") for power in range(61)])
_DIGITS = 19  # so many always fit into 64 bits
_DOUBT = 2.0**-50
_SMALLEST, _LARGEST = 1.2e-38, 3.4e38  # between them float32 has its full precision

# types of the compiled functions, which are compiled, or read from the disk, at import
_RAW, _KIND = "Array(uint8, 1, 'C', readonly=True)", "int8[::1]"
_OUT = "uint8[:, ::1], int32[:, ::1]"

_NEWLINE, _RETURN, _QUOTE, _PLUS, _MINUS, _POINT = b'\n\r"+-.'
_ZERO, _BIG_E, _SMALL_E = b"0Ee"


def parse_plain(
    piece: pa.Buffer,
    delimiter: str,
    quoted: bool,
    columns: Sequence[pa.DataType],
    vectors: np.ndarray,
) -> tuple[list[pa.Array], np.ndarray] | None:
    """Parse rows of cells.

    Parameters
    ----------
    piece : whole lines, less than 2 GiB; blank ones are skipped
    delimiter : one ASCII character
    quoted : True if a text that begins with a quote ends with the next one, and two quotes within
        it are one
    columns : the types, at least two: float32, null (always empty), string or binary
    vectors : float32, shape (lines or more, numbers), filled from its first row on

    Returns
    -------
    columns, vectors : the columns of text, and the filled part of `vectors`, each number the
        nearest float32 to what is written; None if the rows are not plain
    """
    raw = np.frombuffer(piece, dtype=np.uint8)
    if not len(raw) or raw[-1] != _NEWLINE:
        raw = np.append(raw, np.uint8(_NEWLINE))
    kinds = np.array([_KINDS.get(kind, _TEXT) for kind in columns], dtype=np.int8)
    texts = [kind for kind in columns if kind not in _KINDS]
    characters = np.empty((len(texts), len(raw)), dtype=np.uint8)
    ends = np.zeros((len(texts), len(vectors) + 1), dtype=np.int32)
    mark = _QUOTE if quoted else -1
    rows = _parse(raw, ord(delimiter), mark, kinds, vectors, characters, ends)
    if rows < 0:
        return None
    arrays = []
    for kind, text, end in zip(texts, characters, ends, strict=True):
        buffers = [None, pa.py_buffer(end[: rows + 1]), pa.py_buffer(text[: end[rows]].copy())]
        arrays.append(pa.Array.from_buffers(kind, rows, buffers))
    return arrays, vectors[:rows]


@njit(f"int64({_RAW})", nogil=True, cache=True)
def count_newlines(raw):
    """Return the number of newlines in `raw`: uint8."""
    found = 0
    for i in range(len(raw)):
        found += raw[i] == _NEWLINE
    return found


@njit(
    f"uint64({_RAW}, uint64, int64, int64, {_KIND}, float32[::1], {_OUT}, int64)",
    nogil=True, cache=True,
)  # fmt: skip
def _parse_row(raw, at, delimiter, mark, columns, vector, characters, ends, row):
    """Parse the cells of one line; return where the next line begins, or 0 if it is not plain.

    A number is w * 10^power. The integer w (at most 19 digits), the power and their product are
    each rounded once in float64, so the relative error of the product is less than _DOUBT. If both
    ends of this interval round to the same float32, that is the nearest to what is written. (After
    Clinger, "How to read floating point numbers accurately", 1990, who does so for float64.)

    For speed this is one function and `at` is unsigned: numba counts references to arrays at every
    call, and checks signed indices for negative ones.
    """
    one, ten, nowhere = uint64(1), uint64(10), uint64(0)
    text = number = 0
    for column in range(len(columns)):
        if column:
            if raw[at] != delimiter:
                return nowhere
            at += one
        if columns[column] == _TEXT:
            place = ends[text, row]
            if raw[at] == mark:
                at += one
                while raw[at] != mark or raw[at + one] == mark:
                    if raw[at] == _NEWLINE or raw[at] == _RETURN:
                        return nowhere
                    at += uint64(raw[at] == mark)  # two stand for one
                    characters[text, place] = raw[at]
                    place += 1
                    at += one
                if place == ends[text, row]:
                    return nowhere  # empty with quotes, missing without
                at += one
                if raw[at] != delimiter and raw[at] != _NEWLINE and raw[at] != _RETURN:
                    return nowhere
            while raw[at] != delimiter and raw[at] != _NEWLINE and raw[at] != _RETURN:
                characters[text, place] = raw[at]
                place += 1
                at += one
            ends[text, row + 1] = place
            text += 1
        if columns[column] != _NUMBER:
            continue
        negative = raw[at] == _MINUS
        if negative:
            at += one
        w, first = uint64(0), at
        digit = uint8(raw[at] - _ZERO)
        while digit <= 9:
            w = w * ten + uint64(digit)
            at += one
            digit = uint8(raw[at] - _ZERO)
        digits, power = np.int64(at - first), np.int64(0)
        if raw[at] == _POINT:
            at += one
            behind = at
            digit = uint8(raw[at] - _ZERO)
            while digit <= 9:
                w = w * ten + uint64(digit)
                at += one
                digit = uint8(raw[at] - _ZERO)
            power = -np.int64(at - behind)
            digits -= power
        if digits > _DIGITS:
            while raw[first] == _ZERO or raw[first] == _POINT:
                digits -= np.int64(raw[first] == _ZERO)
                first += one
        if digits > _DIGITS or digits == 0:
            return nowhere
        if raw[at] == _SMALL_E or raw[at] == _BIG_E:
            at += one
            down = raw[at] == _MINUS
            if down or raw[at] == _PLUS:
                at += one
            exponent, first = np.int64(0), at
            while uint8(raw[at] - _ZERO) <= 9 and exponent < 1000:
                exponent = exponent * 10 + np.int64(raw[at] - _ZERO)
                at += one
            if at == first:
                return nowhere
            power += -exponent if down else exponent
        product = np.float64(w)
        if w:
            if power >= len(_POWERS) or -power >= len(_POWERS):
                return nowhere
            product = product * _POWERS[power] if power >= 0 else product / _POWERS[-power]
            low, high = np.float32(product * (1 - _DOUBT)), np.float32(product * (1 + _DOUBT))
            if low != high or not _SMALLEST < product < _LARGEST:
                return nowhere
        vector[number] = -product if negative else product
        number += 1
    if raw[at] == _RETURN:
        at += one
    return at + one if raw[at] == _NEWLINE else nowhere


@njit(f"int64({_RAW}, int64, int64, {_KIND}, float32[:, ::1], {_OUT})", nogil=True, cache=True)
def _parse(raw, delimiter, mark, columns, vectors, characters, ends):
    """Fill the last three arguments; return the number of rows, or -1 if a line is not plain.

    `raw` ends in a newline and no step goes beyond one, so `at` never leaves it.
    """
    at, end, row = uint64(0), uint64(len(raw)), 0
    while at < end:
        if raw[at] == _NEWLINE or raw[at] == _RETURN:
            at += uint64(1)  # a blank line; pyarrow, too, ends lines at either
            continue
        ends[:, row + 1] = ends[:, row]
        at = _parse_row(raw, at, delimiter, mark, columns, vectors[row], characters, ends, row)
        if at == 0:
            return -1
        row += 1
    return row
