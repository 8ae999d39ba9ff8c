"""Search of texts: the rows whose label or any column matches, the best matches first.

Texts are compared in lower case. The work is done by Arrow on whole columns, on the distinct values
where these repeat.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.columns import LABEL, column_kind, texts
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.filters.text_conditions import MatchesPattern, match_pattern

Mode = Literal["words", "contains", "exact", "regex"]
MODES: tuple[Mode, ...] = get_args(Mode)
"""Ways to match: all words anywhere in the row, the text as it is, the whole cell, a pattern."""

EXACT, PREFIX, WORD_START, INSIDE, SCATTERED, NO_MATCH = range(6)
"""How well a row matches, best first: a cell is the text; begins with it; has a word that begins
with it; has it inside a word; or the words of the text are in several places of the row."""

_WITHOUT_TEXT = ("image", "audio", "other", "empty")
_BEFORE_WORD = r"(?:^|[^\pL\pN])"
_NO_RANK = 2 * NO_MATCH


@dataclass(frozen=True, eq=False)
class TextIndex:
    """The labels and columns of a set in lower case, for many searches.

    Attributes
    ----------
    count : number of rows n
    columns : by name, the labels first; each has its distinct values (large_string) and, for each
        of the n rows, which of them it has: int32, or None where row i has value i
    """

    count: int
    columns: Mapping[str, tuple[pa.Array, np.ndarray | None]]

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(
            values.nbytes + (0 if codes is None else codes.nbytes)
            for values, codes in self.columns.values()
        )

    @classmethod
    def of(cls, embedding_set: EmbeddingSet, names: Iterable[str] | None = None) -> "TextIndex":
        """Index the labels and some columns; by default, all columns but images and the like.

        Raises
        ------
        EmbeddingError
            there is no such column
        """
        table = embedding_set.metadata
        if names is None:
            names = [
                name for name in table.column_names
                if column_kind(table.column(name)) not in _WITHOUT_TEXT
            ]  # fmt: skip
        columns = {LABEL: _indexed(pa.array(embedding_set.labels, pa.large_string()))}
        for name in names:
            if name not in table.column_names:
                raise EmbeddingError(
                    f"no column {name!r}; the set has {', '.join(table.column_names)}"
                )
            key = name if name != LABEL else f"{LABEL} (column)"
            columns[key] = _indexed(pc.fill_null(texts(table.column(name)), ""))
        return cls(len(embedding_set), columns)


@dataclass(frozen=True, eq=False)
class Matches:
    """The rows that match a text.

    Attributes
    ----------
    rows : int32, shape (m,), best match first; equally good ones in row order
    quality : uint8, shape (m,), EXACT to SCATTERED
    """

    rows: np.ndarray
    quality: np.ndarray


def search(index: TextIndex, text: str, mode: Mode = "words") -> Matches:
    """Find the rows whose label or any column matches a text, ignoring case.

    Parameters
    ----------
    mode : "words": each word of the text occurs somewhere in the row; "contains": a cell contains
        the text; "exact": a cell is the text; "regex": a cell contains a match of the regular
        expression, in the syntax of RE2, whose time is linear in the length of the cells

    Returns
    -------
    Matches : by quality; of equal quality, labels before other columns. A text without words
        matches nothing.

    Raises
    ------
    EmbeddingError
        an unknown mode, or a pattern that is no regular expression
    """
    if mode not in MODES:
        raise EmbeddingError(f"unknown mode {mode!r}; expected one of {', '.join(MODES)}")
    if not text.strip():
        return Matches(np.empty(0, np.int32), np.empty(0, np.uint8))
    if mode == "regex":
        MatchesPattern(LABEL, text)  # refuses what is no regular expression
        rank = _ranks(index, lambda values: _pattern_quality(values, text))
    else:
        phrase = _lower(" ".join(text.split()) if mode == "words" else text.strip())
        rank = _ranks(index, lambda values: _phrase_quality(values, phrase, mode == "exact"))
        if mode == "words" and " " in phrase:
            scattered = _has_all(index, phrase.split(" ")) & (rank >= _NO_RANK)
            rank[scattered] = 2 * SCATTERED
    rows = np.flatnonzero(rank < _NO_RANK).astype(np.int32)
    rows = rows[np.argsort(rank[rows], kind="stable")]
    return Matches(rows, rank[rows] // 2)


def _indexed(written: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Return texts in lower case: the distinct values and their indices, if values repeat."""
    lowered = pc.utf8_lower(written.cast(pa.large_string()))
    encoded = lowered.dictionary_encode()
    if 2 * len(encoded.dictionary) > len(written):
        return lowered, None
    return encoded.dictionary, encoded.indices.to_numpy()


def _lower(text: str) -> str:
    """Return a text in lower case, as those of the columns are."""
    lowered: str = pc.utf8_lower(pa.scalar(text)).as_py()
    return lowered


def _ranks(index: TextIndex, quality_of: Callable[[pa.Array], np.ndarray]) -> np.ndarray:
    """Return the best rank of each row over its cells: uint8, shape (n,).

    A rank is twice the quality, plus 1 for columns other than the labels.
    """
    best = np.full(index.count, _NO_RANK, dtype=np.uint8)
    for place, (values, codes) in enumerate(index.columns.values()):
        rank = 2 * quality_of(values) + min(place, 1)
        np.minimum(best, rank if codes is None else rank[codes], out=best)
    return best


def _phrase_quality(values: pa.Array, phrase: str, only_exact: bool) -> np.ndarray:
    """Return how well each value matches a text in lower case: uint8, EXACT to NO_MATCH."""
    quality = np.full(len(values), NO_MATCH, dtype=np.uint8)
    if only_exact:
        quality[_bools(pc.equal(values, phrase))] = EXACT
        return quality
    hits = np.flatnonzero(_bools(pc.match_substring(values, phrase)))
    found = values.take(pa.array(hits))
    inside = np.full(len(hits), INSIDE, dtype=np.uint8)
    inside[_bools(pc.match_substring_regex(found, _BEFORE_WORD + re.escape(phrase)))] = WORD_START
    inside[_bools(pc.starts_with(found, phrase))] = PREFIX
    inside[_bools(pc.equal(found, phrase))] = EXACT
    quality[hits] = inside
    return quality


def _pattern_quality(values: pa.Array, pattern: str) -> np.ndarray:
    """Return INSIDE where a value contains a match of a pattern, else NO_MATCH: uint8."""
    found = match_pattern(values, f"(?i){pattern}", "the texts")
    return np.where(found, INSIDE, NO_MATCH).astype(np.uint8)


def _has_all(index: TextIndex, words: list[str]) -> np.ndarray:
    """Return the rows that contain every word, in one column or in several: bool, shape (n,)."""
    everywhere = np.ones(index.count, dtype=bool)
    for word in words:
        somewhere = np.zeros(index.count, dtype=bool)
        for values, codes in index.columns.values():
            contains = _bools(pc.match_substring(values, word))
            somewhere |= contains if codes is None else contains[codes]
        everywhere &= somewhere
    return everywhere


def _bools(mask: pa.Array) -> np.ndarray:
    """Return an Arrow mask without missing values as numpy's."""
    return mask.to_numpy(zero_copy_only=False)
