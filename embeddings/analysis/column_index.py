"""The columns of a set prepared for comparing groups of rows: their values, words and numbers.

It is made once for a set; a comparison then only counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.analysis.significance import Ranks, rank
from embeddings.arrow_types import is_text
from embeddings.columns import (
    CATEGORICAL,
    LABEL,
    SCALED,
    are_codes,
    coded,
    coded_items,
    column_kind,
    column_of,
    is_missing,
    numbers,
    seconds,
    texts,
)
from embeddings.embedding_set import EmbeddingSet
from embeddings.filters.text_conditions import NO_WORD

TermKind = Literal["value", "word"]

FEWEST_ROWS = 3
"""Rows that have a value or a word, below which it is not compared: it could prove nothing."""

MOST_CHARACTERS = 100_000_000
"""Characters of a column of texts that are split into words."""

_NAME_BYTES = 100  # of a term's name and count
_SHORTEST_WORD = 2  # characters


@dataclass(frozen=True, eq=False)
class Terms:
    """Which rows have which values of a column, or which words of its texts.

    Attributes
    ----------
    column : its name
    kind : whether terms are values or words
    names : v terms; a missing value is None
    counts : int64, shape (v,); numbers of rows that have each
    codes : int32, shape (m,); the index of a term, for each pair of a row and one of its terms
    rows : int32, shape (m,); the row of each pair
    """

    column: str
    kind: TermKind
    names: tuple[str | None, ...]
    counts: np.ndarray
    codes: np.ndarray
    rows: np.ndarray

    def count(self, group: np.ndarray) -> np.ndarray:
        """Return in how many rows of a group, bool (n,), each term is: int64, shape (v,)."""
        return np.bincount(self.codes[group[self.rows]], minlength=len(self.names))


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """The numbers of a column.

    Attributes
    ----------
    column : its name
    values : float64, shape (n,); dates in s since 1970; NaN where missing or infinite
    ranks : of those that are not NaN
    is_date : whether they are dates
    """

    column: str
    values: np.ndarray
    ranks: Ranks
    is_date: bool


@dataclass(frozen=True, eq=False)
class ColumnIndex:
    """The columns of a set of n rows.

    Attributes
    ----------
    rows : n
    terms : of the columns of categories, the columns of text, and missing values of the others
    number_columns : columns of numbers and dates
    notes : what was left out, as sentences
    """

    rows: int
    terms: tuple[Terms, ...]
    number_columns: tuple[NumberColumn, ...]
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """The memory that it takes, about, in bytes."""
        terms = sum(t.codes.nbytes + t.rows.nbytes + _NAME_BYTES * len(t.names) for t in self.terms)
        return terms + sum(c.values.nbytes + c.ranks.ranks.nbytes for c in self.number_columns)


def index_columns(
    embedding_set: EmbeddingSet, kinds: Mapping[str, str] | None = None
) -> ColumnIndex:
    """Prepare the columns of a set; records, images and sounds are left out.

    The items of lists, such as tags, are values; a row may have several.

    Parameters
    ----------
    kinds : the kind of each column, and "category" for the label if labels are values rather than
        texts; by default whole numbers of few values are categories, and so are labels of which
        at most half are distinct
    """
    kinds = default_kinds(embedding_set) if kinds is None else kinds
    terms: list[Terms] = []
    number_columns: list[NumberColumn] = []
    notes: list[str] = []
    for name, kind in kinds.items():
        column = column_of(embedding_set, name)
        if kind in CATEGORICAL:
            terms.append(_values(name, column))
        elif kind in SCALED:
            number_columns.append(_numbers(name, column, kind == "date"))
            terms.append(_missing_values(name, column))
        elif kind == "list" and is_text(column.type.value_type):
            terms.append(_items(name, column))
        elif kind == "text":
            terms += [_words(name, column, notes), _missing_values(name, column)]
    if LABEL not in kinds:
        terms.append(_words(LABEL, column_of(embedding_set, LABEL), notes))
    found = tuple(each for each in terms if each.names)
    return ColumnIndex(len(embedding_set), found, tuple(number_columns), tuple(notes))


def default_kinds(embedding_set: EmbeddingSet) -> dict[str, str]:
    """Return the kind of each metadata column, and of the labels if they repeat like categories."""
    metadata = embedding_set.metadata
    kinds: dict[str, str] = {}
    for name, column in zip(metadata.column_names, metadata.columns, strict=True):
        kinds[name] = "category" if are_codes(column) else column_kind(column)
    if LABEL not in kinds and 2 * len(set(embedding_set.labels)) <= len(embedding_set):
        kinds[LABEL] = "category"
    return kinds


def _values(name: str, column: pa.ChunkedArray) -> Terms:
    found = coded(column)
    rows = np.arange(len(column), dtype=np.int32)
    return _frequent(name, "value", (None, *found.values), found.codes + np.int32(1), rows)


def _items(name: str, column: pa.ChunkedArray) -> Terms:
    """Return the items of lists of texts as values, and missing lists."""
    found, rows = coded_items(column)
    return _frequent(name, "value", (None, *found.values), found.codes + np.int32(1), rows)


def _missing_values(name: str, column: pa.ChunkedArray) -> Terms:
    rows = np.flatnonzero(is_missing(column)).astype(np.int32)
    return _frequent(name, "value", (None,), np.zeros(len(rows), np.int32), rows)


def _numbers(name: str, column: pa.ChunkedArray, is_date: bool) -> NumberColumn:
    values = seconds(column) if is_date else numbers(column, np.float64)
    is_finite = np.isfinite(values)
    return NumberColumn(name, np.where(is_finite, values, np.nan), rank(values[is_finite]), is_date)


def _words(name: str, column: pa.ChunkedArray, notes: list[str]) -> Terms:
    """Split texts into words, in lower case; a word that a text repeats counts once."""
    written = pc.utf8_lower(texts(column))
    longest = MOST_CHARACTERS // max(1, len(written))
    if (pc.sum(pc.utf8_length(written)).as_py() or 0) > MOST_CHARACTERS:
        written = pc.utf8_slice_codeunits(written, 0, longest)
        notes.append(f"Words are those of the first {longest:,} characters of each {name}.")
    lists = pc.split_pattern_regex(written, pattern=NO_WORD)
    words, rows = pc.list_flatten(lists), pc.list_parent_indices(lists)
    is_long = pc.greater_equal(pc.utf8_length(words), _SHORTEST_WORD)
    found = pc.dictionary_encode(words.filter(is_long))
    codes = found.indices.to_numpy()
    keys = rows.filter(is_long).to_numpy().astype(np.int64) << 32 | codes
    keys.sort()  # 20 times as fast as np.unique
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    names = tuple(found.dictionary.to_pylist())
    return _frequent(
        name, "word", names, (keys & 0xFFFFFFFF).astype(np.int32), (keys >> 32).astype(np.int32)
    )


def _frequent(
    column: str,
    kind: TermKind,
    names: tuple[str | None, ...],
    codes: np.ndarray,
    rows: np.ndarray,
) -> Terms:
    """Return the terms of FEWEST_ROWS rows and more."""
    counts = np.bincount(codes, minlength=len(names))
    is_frequent = counts >= FEWEST_ROWS
    if not is_frequent.all():
        number = np.cumsum(is_frequent, dtype=np.int32) - 1
        pairs = is_frequent[codes]
        codes, rows = number[codes[pairs]], rows[pairs]
        names = tuple(names[i] for i in np.flatnonzero(is_frequent))
    return Terms(column, kind, names, counts[is_frequent], codes, rows)
