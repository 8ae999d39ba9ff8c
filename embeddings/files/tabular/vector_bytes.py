"""Vectors that are stored as bytes: of numbers, as databases keep them, or as hex or base64 text.

Bytes do not say which numbers they are. Of the types that fit, the one is taken under which the
magnitudes differ least: read as another type, the mantissas of some numbers become exponents of
others, and magnitudes differ by many powers of two.
"""

import base64
import binascii
import io
import re
from collections.abc import Sequence
from itertools import islice

import numpy as np
import pyarrow as pa

from embeddings.arrow_types import is_binary, is_text
from embeddings.errors import EmbeddingError
from embeddings.files.damage import damaged
from embeddings.files.limits import check_rows
from embeddings.files.tabular.roles import is_vector_name
from embeddings.files.tabular.text_types import is_missing
from embeddings.media import media_type

_TYPES = ("<f4", "<f8", "<f2")  # little-endian, as numpy's tobytes() on nearly every machine
_NPY, _NPY_MARK = "npy", b"\x93NUMPY"
_NAMES = {"<f4": "float32", "<f8": "float64", "<f2": "float16", _NPY: "the .npy in each cell"}
_SPREAD = 4.5  # powers of two by which the magnitudes of a vector's numbers differ, at most
_EXAMINED = 20
_FEWEST_BYTES = 8
_HEAD_BYTES = 2**20
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}={0,2}")


def holds_vector_bytes(cells: pa.ChunkedArray) -> bool:
    """Return True if the first cells of a column of bytes or text are vectors, stored as bytes."""
    if not (is_binary(cells.type) or is_text(cells.type)):
        return False
    first = _first_cells(cells)
    contents = [content for cell in first if (content := _content(cell)) is not None]
    return 0 < len(first) == len(contents) and _type_of(contents) is not None


def holds_encoded_vectors(name: str, cells: pa.ChunkedArray) -> bool:
    r"""Return True if a column of text holds vectors as \x and hex, or by its name as base64."""
    first = next(iter(_first_cells(cells)), "")
    hexadecimal = isinstance(first, str) and first.lstrip().startswith("\\x")
    if not hexadecimal and not is_vector_name(name):
        return False
    return holds_vector_bytes(cells)


def read_vector_bytes(cells: pa.ChunkedArray, name: str) -> tuple[np.ndarray, str]:
    """Return the vectors of a column for which holds_vector_bytes returns True.

    Parameters
    ----------
    name : of the column, for errors

    Returns
    -------
    vectors, type_name : float32, shape (rows, d), NaN where one is missing or empty; and the type
        of the numbers that were taken from the bytes

    Raises
    ------
    EmbeddingError
        a cell that holds no bytes, or another number of them than the first; or more rows than the
        limit allows
    """
    contents = [c for cell in _first_cells(cells) if (c := _content(cell)) is not None]
    dtype = _type_of(contents)
    assert dtype is not None
    length = len(_numbers(contents[0], dtype))
    check_rows(len(cells), 4 * length)
    vectors = np.full((len(cells), length), np.nan, np.float32)
    for row, cell in enumerate(cells):
        value = cell.as_py()
        if _is_missing(value):
            continue
        content = _content(value)
        if content is None or len(content) != len(contents[0]):
            found = "no bytes of a vector" if content is None else f"{len(content):,} bytes"
            raise EmbeddingError(
                f"row {row}, column {name}: {found} where the first rows have "
                f"{len(contents[0]):,} bytes; all vectors must be of one length"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
            vectors[row] = _numbers(content, dtype)
    return vectors, _NAMES[dtype]


def _first_cells(cells: pa.ChunkedArray) -> list[bytes | str]:
    """Return the first cells that are not missing."""
    present = (cell.as_py() for cell in cells)
    return list(islice((cell for cell in present if not _is_missing(cell)), _EXAMINED))


def _is_missing(cell: bytes | str | None) -> bool:
    return is_missing(cell) if isinstance(cell, str) else not cell


def _content(cell: bytes | str) -> bytes | None:
    r"""Return the bytes in a cell: as they are, as \x and hex digits, or as base64; else None."""
    if isinstance(cell, bytes):
        return None if media_type(cell[:64]) else cell
    text = cell.strip()
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:]) if _HEX.fullmatch(text) else None
    if _BASE64.fullmatch(text) is None:
        return None
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None


def _type_of(contents: Sequence[bytes]) -> str | None:
    """Return the type of the numbers in byte strings of one length; None if they hold none."""
    size = len(contents[0])
    if size < _FEWEST_BYTES or any(len(content) != size for content in contents):
        return None
    if contents[0].startswith(_NPY_MARK):
        return _NPY
    spreads = {dtype: _spread(b"".join(contents), dtype, size) for dtype in _TYPES}
    best = min(spreads, key=spreads.__getitem__)
    return best if spreads[best] <= _SPREAD else None


def looks_like(content: bytes, dtype: str) -> bool:
    """Return True if bytes, as numbers of a type, are finite and of similar magnitude.

    Parameters
    ----------
    content : of which the first MiB is looked at
    dtype : "<f4", "<f8" or "<f2"
    """
    head = content[:_HEAD_BYTES]
    return _spread(head, dtype, len(head)) <= _SPREAD


def is_encoded_vector(name: str, value: object) -> bool:
    r"""Return True for a vector as base64, or as \x and hex digits, under a name for vectors."""
    if not isinstance(value, str) or not (is_vector_name(name) or name == "base64"):
        return False
    content = _content(value)
    return content is not None and _type_of([content]) is not None


def _spread(content: bytes, dtype: str, size: int) -> float:
    """Return the standard deviation of the magnitudes' exponents; inf for what is no vector."""
    width = np.dtype(dtype).itemsize
    if size % width or size < 2 * width:
        return np.inf
    with np.errstate(invalid="ignore"):
        numbers = np.frombuffer(content, dtype).astype(np.float64)
    if not np.isfinite(numbers).all():
        return np.inf
    for parts in (2, 4):  # of a longer number; the lowest is 0 where few digits are used
        lowest, highest = numbers[0::parts], numbers[parts - 1 :: parts]
        if len(numbers) % parts == 0 and highest.any() and not lowest.any():
            return np.inf
    magnitudes = np.abs(numbers[numbers != 0])
    return float(np.log2(magnitudes).std()) if len(magnitudes) else np.inf


def _numbers(content: bytes, dtype: str) -> np.ndarray:
    """Return the numbers of a vector: shape (d,)."""
    if dtype != _NPY:
        return np.frombuffer(content, dtype)
    with damaged(".npy in a cell", ValueError, OSError, EOFError, advice="write the cells again"):
        found = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return np.asarray(found, dtype=np.float32).reshape(-1)
