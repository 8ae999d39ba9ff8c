"""Sparse vectors as text: each line is a word, or a class, and `place:number` pairs.

So are the vectors of positive pointwise mutual information of Chinese-Word-Vectors, below a line
"rows dimensions", and the data sets of LIBSVM. They are read with their zeros where they are small.
"""

import codecs
import re
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes
from embeddings.files.options import ReadContext
from embeddings.files.plain_text import lines, read_text
from embeddings.text import shorten

_HEADER = re.compile(rb"(\d{1,9})[ \t]+(\d{1,9})[ \t]*\r?\n")
_LINE = re.compile(rb"\S{1,200}+((?:[ \t]+\d{1,9}:[-+.\deE]{1,30})+)\s*")
_EXAMINED_LINES = 20
_MOST_DIGITS = 18  # of a place
_LARGEST = 2**28  # bytes of the dense matrix
_PAIR_BYTES = 100  # of memory for a place and its number


def matches(head: bytes, path: Path) -> bool:
    """Return True if the first line and most others are of that form, with a header or many pairs.

    A single pair in each may be something else, such as a time of day.
    """
    head = head.removeprefix(codecs.BOM_UTF8)
    header = _HEADER.match(head)
    rest = head[header.end() if header else 0 :].split(b"\n", _EXAMINED_LINES)
    complete = rest[:-1] if len(rest) > 1 else rest
    pairs = [_LINE.fullmatch(line) for line in complete if line.strip()]
    found = [match for match in pairs if match is not None]
    several = any(match[1].count(b":") > 1 for match in found)
    begins = bool(pairs) and pairs[0] is not None and 2 * len(found) >= len(pairs)
    return begins and (several or header is not None)


def load(path: Path, context: ReadContext) -> Draft:
    """Read words and vectors.

    Places count from 0 if one is 0, or if the header states more dimensions than the largest.

    Raises
    ------
    EmbeddingError
        a line of another form, or a matrix of more than 256 MiB with its zeros
    """
    text = read_text(path, context.note)
    header = _HEADER.match(text.slice(0, min(text.size, 64)).to_pybytes())
    words, places, numbers, rows = [], [], [], []
    for number, line in enumerate(lines(text), 1):
        if not line.strip() or (header and number == 1):
            continue
        word, *pairs = line.split()
        for pair in pairs:
            place, _, value = pair.partition(b":")
            try:
                numbers.append(float(value))
                places.append(int(place) if len(place) < _MOST_DIGITS else -1)
            except ValueError:
                shown = shorten(pair.decode("utf-8", "replace"))
                raise EmbeddingError(
                    f"line {number}: {shown!r}; expected a place and a number, such as 3:0.5"
                ) from None
        check_bytes(_PAIR_BYTES * len(numbers), "its numbers take")
        rows.append(len(pairs))
        words.append(word.decode("utf-8", "replace"))
    if header and len(words) < int(header[1]):
        raise EmbeddingError(
            f"the header states {int(header[1]):,} rows, but {len(words):,} follow; the file is "
            "cut short"
        )
    found = np.array(places, np.int64)
    stated = int(header[2]) if header else 0
    least, largest = (int(found.min()), int(found.max())) if len(found) else (0, -1)
    first = 0 if least == 0 or largest < stated else 1
    dimensions = max(largest - first + 1, stated)
    size = 4 * len(words) * dimensions
    if size > _LARGEST or dimensions < 1 or least < 0:
        raise EmbeddingError(
            f"{len(words):,} sparse vectors of {dimensions:,} numbers; write them reduced to fewer "
            "dimensions: numpy.save('vectors.npy', sklearn.decomposition.TruncatedSVD(100)"
            ".fit_transform(matrix))"
        )
    check_bytes(size, "with their zeros its vectors take")
    vectors = np.zeros((len(words), dimensions), np.float32)
    with np.errstate(over="ignore"):
        vectors[np.repeat(np.arange(len(words)), rows), found - first] = numbers
    context.note(f"sparse vectors: read as {len(words):,} x {dimensions:,} numbers, zeros included")
    about = provenance.described(path, "text")
    if len(words) > 2 and len(set(words)) <= len(words) // 2:  # LIBSVM's classes
        return Draft.of(as_float32(vectors), None, {"class": words}, **about)
    return Draft.of(as_float32(vectors), words, **about)
