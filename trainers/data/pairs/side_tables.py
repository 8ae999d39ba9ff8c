"""What is known of the items of a side: a metadata table joined by key, features from columns."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from trainers.data.pairs.pairs import Side, role_count
from trainers.data.table_files import read_file

BINS = 10
"""A number becomes one of so many classes of about equal size."""

TEXT_WORDS = 3
"""A column of text with more words than this, on average, is a text and not a category."""


@dataclass(frozen=True, eq=False)
class WeightedBags:
    """The tokens of every item of a side: the levels, words or classes that its features have.

    Attributes
    ----------
    vocabulary : the tokens, `column=value`
    tokens : int64, shape (t,), numbers of tokens, item after item
    offsets : int64, shape (items + 1,), where each item's tokens begin
    weights : float32, shape (t,); those of one column add up to 1 for each item
    """

    vocabulary: tuple[str, ...]
    tokens: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray


def join(side: Side, path: Path, add_new: bool) -> tuple[Side, tuple[str, ...]]:
    """Give items the columns of a table; return the side and notes.

    The key is the column called like the side's role, or else the table's first.

    Parameters
    ----------
    add_new : also append the table's items that no pair has

    Raises
    ------
    EmbeddingError
        no readable table, or a key that is missing or repeated
    """
    table, _ = read_file(path)
    name = side.role if side.role in table.column_names else table.column_names[0]
    keys = [None if key is None else str(key) for key in table.column(name).to_pylist()]
    row_of: dict[str, int] = {}
    for row, key in enumerate(keys):
        if key is None or key in row_of:
            what = "no value" if key is None else f"{key!r} again, first in row {row_of[key] + 1}"
            raise EmbeddingError(
                f"{path.name}, row {row + 1}, column {name}: {what}; keys must be there once each"
            )
        row_of[key] = row
    labels = list(side.labels)
    if add_new:
        known = set(labels)
        labels += [key for key in row_of if key not in known]
    rows = pa.array([row_of.get(label) for label in labels], pa.int64())
    added = len(labels) - len(side)
    columns = {
        own: pa.concat_arrays([array, pa.nulls(added, array.type)])
        for own, array in side.columns.items()
    }
    for other in table.column_names:
        if other != name:
            columns[other] = table.column(other).combine_chunks().take(rows)
    notes = []
    without = rows.null_count
    if without:
        notes.append(f"{role_count(without, side.role)} of {len(side):,} are not in {path.name}")
    if added:
        notes.append(
            f"{role_count(added, side.role)} of {path.name} have no pair; "
            "their vectors come from their features"
        )
    return replace(side, labels=tuple(labels), columns=columns), tuple(notes)


def bags(side: Side, names: Sequence[str]) -> tuple[WeightedBags, tuple[str, ...]]:
    """Make tokens of some columns of a side; return them and notes that say how each was taken.

    Lists, and texts with `|`, are sets of values; longer texts are their words in lower case; other
    texts are categories; numbers are classes of about equal size.

    Raises
    ------
    EmbeddingError
        there is no such column
    """
    tokens: list[list[str]] = [[] for _ in side.labels]
    weights: list[list[float]] = [[] for _ in side.labels]
    notes = []
    for name in names:
        if name not in side.columns:
            have = ", ".join(side.columns) or "none"
            raise EmbeddingError(
                f"no column {name!r} of the {side.role} side for its features; its columns: {have}"
            )
        taken_as, values = _values(side.columns[name])
        notes.append(f"feature {name} of {role_count(2, side.role)[2:]}: {taken_as}")
        for item, found in enumerate(values):
            tokens[item] += [f"{name}={value}" for value in found]
            weights[item] += [1 / len(found) for _ in found]
    vocabulary = tuple(dict.fromkeys(token for item in tokens for token in item))
    number = {token: place for place, token in enumerate(vocabulary)}
    return (
        WeightedBags(
            vocabulary,
            np.array([number[token] for item in tokens for token in item], dtype=np.int64),
            np.cumsum([0, *(len(item) for item in tokens)], dtype=np.int64),
            np.array([weight for item in weights for weight in item], dtype=np.float32),
        ),
        tuple(notes),
    )


def _values(column: pa.Array) -> tuple[str, list[list[str]]]:
    """Return how a column is taken, and each item's values; none where the cell is empty."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "sets of values", [_distinct(cell or []) for cell in column.to_pylist()]
    if pa.types.is_floating(kind) or (
        pa.types.is_integer(kind) and len(column.unique()) > 2 * BINS
    ):
        return f"numbers, in {BINS} classes", _classes(column)
    texts = [None if cell is None else str(cell) for cell in column.to_pylist()]
    given = [text for text in texts if text]
    if any("|" in text for text in given):
        return "sets of values, with | between", [
            _distinct((text or "").split("|")) for text in texts
        ]
    words = [re.findall(r"\w+", (text or "").lower()) for text in texts]
    if given and sum(map(len, words)) > TEXT_WORDS * len(given):
        return "words", [_distinct(found) for found in words]
    return "categories", [[text] if text else [] for text in texts]


def _distinct(values: Iterable[object]) -> list[str]:
    """Return the values as text, each once, without those that are empty."""
    return list(dict.fromkeys(text for value in values if (text := str(value).strip())))


def _classes(column: pa.Array) -> list[list[str]]:
    """Return the class of each number, called by its bounds."""
    numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    there = np.isfinite(numbers)
    if not there.any():
        return [[] for _ in numbers]
    edges = np.unique(np.quantile(numbers[there], np.linspace(0, 1, BINS + 1)))
    place = np.searchsorted(edges[1:-1], numbers, side="right")
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    names = names or [f"{edges[0]:g}"]
    return [[names[p]] if ok else [] for p, ok in zip(place, there, strict=True)]
