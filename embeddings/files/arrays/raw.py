"""Bare numbers, little-endian float32 without any header: the length of a vector is asked for."""

from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes
from embeddings.files.options import ChoiceRequired, ReadContext

SUFFIXES = (".bytes", ".tensor", ".raw", ".f32")
"""Names of such files end so; nothing in them tells what they are."""

_USUAL = (50, 100, 128, 200, 256, 300, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
_LONGEST = 4096
_SHOWN = 8


def matches(head: bytes, path: Path) -> bool:
    """Say whether a file holds bare numbers by its name; only asked where nothing else matched."""
    return path.suffix.lower() in SUFFIXES


def load(path: Path, context: ReadContext, rows: int | None = None) -> Draft:
    """Read bare numbers as vectors.

    Parameters
    ----------
    rows : number of vectors, where files beside it tell

    Raises
    ------
    ChoiceRequired
        nobody said how long a vector is, and no `rows` tell; the choice lists the lengths that
        divide the numbers, the usual ones first
    EmbeddingError
        no whole number of float32, or a number of them that no vectors of that length, or that
        number of rows, make up
    """
    size = path.stat().st_size
    check_bytes(size, "the file has")
    if size == 0 or size % 4:
        raise EmbeddingError(
            f"{size:,} bytes, which is no whole number of float32 (4 bytes each); copy the file "
            "again, or write it with numpy.save, which keeps shape and type"
        )
    length = _length(size // 4, context, rows)
    vectors = np.fromfile(path, dtype="<f4").reshape(-1, length)
    return Draft.of(as_float32(vectors), **provenance.described(path, "float32"))


def _length(count: int, context: ReadContext, rows: int | None) -> int:
    """Return how long each vector is: as answered, else as the number of rows tells.

    Parameters
    ----------
    count : numbers in the file
    """
    if rows is not None and (rows == 0 or count % rows):
        raise EmbeddingError(
            f"{count:,} numbers are no whole vectors for {rows:,} rows; open it without the files "
            "that describe its rows, or with the right ones"
        )
    if rows is not None:
        lengths, default = [count // rows], str(count // rows)
        assumed = f"{count:,} numbers for {rows:,} rows: vectors of {default}, by the files given"
    else:
        lengths, default, assumed = _lengths(count), None, ""
    candidates = [str(length) for length in lengths]
    taken = context.choose(
        "dimensions", candidates, default, assumed,
        accepts=lambda answer: rows is None and _divides(answer, count),
    )  # fmt: skip
    if taken is None:
        shown = ", ".join(f"{d} (x {count // d:,})" for d in lengths[:_SHOWN])
        more = f" and {len(lengths) - _SHOWN} more" if len(lengths) > _SHOWN else ""
        raise ChoiceRequired(
            f"{count:,} bare numbers, which do not tell how long a vector is; give its "
            f"dimensions: {shown or 'none from 2 to 4,096 divides them'}{more}; or open it "
            "together with the labels or the metadata of its rows, or with a Projector's config",
            context.choices["dimensions"],
        )
    return int(taken)


def _lengths(count: int) -> list[int]:
    """Return the lengths up to 4,096 that divide `count` numbers, the usual ones first."""
    longest = min(count, _LONGEST)
    divisors = [length for length in range(2, longest + 1) if count % length == 0]
    return sorted(divisors, key=lambda length: (length not in _USUAL, length))


def _divides(answer: str, count: int) -> bool:
    return answer.isdecimal() and len(answer) < 19 and int(answer) > 0 and count % int(answer) == 0
