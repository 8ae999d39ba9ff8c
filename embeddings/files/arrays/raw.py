"""Bare numbers, little-endian float32 without a header: the length of a vector must be chosen."""

from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files import header
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes
from embeddings.files.options import ChoiceRequired, ReadContext
from embeddings.text import listed

SUFFIXES = (".bytes", ".tensor", ".raw", ".f32")
"""The suffixes of such files; their content does not identify the format."""

_USUAL = (50, 100, 128, 200, 256, 300, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
_LONGEST = 4096


def matches(head: bytes, path: Path) -> bool:
    """Return True if the name is that of a file of bare numbers; this format is tried last."""
    return path.suffix.lower() in SUFFIXES


def load(path: Path, context: ReadContext, rows: int | None = None) -> Draft:
    """Read bare numbers as vectors.

    Parameters
    ----------
    rows : number of vectors, if the files beside it state it

    Raises
    ------
    ChoiceRequired
        neither a selection nor `rows` determines the length of a vector; the choice lists the
        lengths that divide the numbers, the usual ones first
    EmbeddingError
        the file is not a whole number of float32, or not a whole number of such vectors
    """
    size = path.stat().st_size
    check_bytes(size, "the file has")
    if size == 0 or size % 4:
        raise EmbeddingError(
            f"{size:,} bytes, which is not a whole number of float32 (4 bytes each); copy the file "
            "again, or write it with numpy.save, which stores shape and type"
        )
    length = _length(size // 4, context, rows)
    vectors = np.fromfile(path, dtype="<f4").reshape(-1, length)
    return Draft.of(as_float32(vectors), **header.described(path, "float32"))


def _length(count: int, context: ReadContext, rows: int | None) -> int:
    """Return how long each vector is: as selected, else by the number of rows.

    Parameters
    ----------
    count : how many numbers the file holds
    """
    if rows is not None and (rows == 0 or count % rows):
        raise EmbeddingError(
            f"{count:,} numbers do not divide into {rows:,} vectors; open it without the files "
            "that describe its rows, or with the right ones"
        )
    if rows is not None:
        lengths, default = [count // rows], str(count // rows)
        assumed = f"{count:,} numbers for {rows:,} rows, so each vector has {default}"
    else:
        lengths, default, assumed = _lengths(count), None, ""
    candidates = [str(length) for length in lengths]
    selected = context.choose(
        "dimensions", candidates, default, assumed,
        accepts=lambda selection: rows is None and _divides(selection, count),
    )  # fmt: skip
    if selected is None:
        shapes = listed((f"{length} (x {count // length:,})" for length in lengths), 8)
        raise ChoiceRequired(
            f"{count:,} bare numbers, which do not tell how long a vector is; give its "
            f"dimensions: {shapes or 'none from 2 to 4,096 divides them'}; or open it together "
            "with the labels or the metadata of its rows, or with a Projector's config",
            context.choices["dimensions"],
        )
    return int(selected)


def _lengths(count: int) -> list[int]:
    """Return the lengths up to 4,096 that divide `count` numbers, the usual ones first."""
    longest = min(count, _LONGEST)
    divisors = [length for length in range(2, longest + 1) if count % length == 0]
    return sorted(divisors, key=lambda length: (length not in _USUAL, length))


def _divides(text: str, count: int) -> bool:
    """Return True if a text is a length of vectors that divides `count` numbers."""
    return text.isdecimal() and len(text) < 19 and int(text) > 0 and count % int(text) == 0
