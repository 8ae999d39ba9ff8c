"""Metadata of a side's items: a table joined by key, and features made of its columns."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.reading_summary import reading_summary
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.options import Choice, ChoiceName
from embeddings.files.tabular.reader import read_table
from trainers.data.pairs.pairs import Side, plural, role_count

BINS = 10
"""Numbers are divided into this many bins of about equal size."""

TEXT_WORDS = 3
"""Text columns with more words than this on average are texts, the others are categories."""


@dataclass(frozen=True, eq=False)
class WeightedBags:
    """The tokens of each item of a side: categories, words or bins of its features.

    Attributes
    ----------
    vocabulary : the tokens, `column=value`
    tokens : int64, shape (t,), token numbers of the items, item after item
    offsets : int64, shape (items + 1,); item i has tokens[offsets[i] : offsets[i + 1]]
    weights : float32, shape (t,); for each item, the weights of a column sum to 1
    """

    vocabulary: tuple[str, ...]
    tokens: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray


def join(
    side: Side, path: Path, add_new: bool, options: TextOptions = DETECTED
) -> tuple[Side, tuple[str, ...]]:
    """Join a table to the items of a side; return the side and notes.

    The key is the column named like the side's role, or else the first column.

    Parameters
    ----------
    side : the items
    path : the table
    add_new : also append the items of the table that have no pair
    options : how text is written, as far as it is known

    Raises
    ------
    EmbeddingError
        the table cannot be read, or a key is missing or repeated
    """
    notes: list[str] = []
    choices: dict[ChoiceName, Choice] = {}
    table = read_table(
        path,
        options=options,
        note=lambda note: notes.append(f"{path.name}: {note}"),
        choices=choices,
    )
    if choices:
        notes.append(f"{path.name}: read as {reading_summary(choices.values())}")
    name = side.role if side.role in table.column_names else table.column_names[0]
    keys = [None if key is None else str(key) for key in table.column(name).to_pylist()]
    row_of: dict[str, int] = {}
    for row, key in enumerate(keys):
        if key is None or key in row_of:
            what = "no value" if key is None else f"{key!r} again, first in row {row_of[key] + 1}"
            raise EmbeddingError(
                f"{path.name}, row {row + 1}, column {name}: {what}; each key must occur once"
            )
        row_of[key] = row
    labels = list(side.labels)
    if add_new:
        known = set(labels)
        labels += [key for key in row_of if key not in known]
    rows = pa.array([row_of.get(label) for label in labels], pa.int64())
    added = len(labels) - len(side)
    columns = {
        column: pa.concat_arrays([array, pa.nulls(added, array.type)])
        for column, array in side.columns.items()
    }
    for other in table.column_names:
        if other != name:
            columns[other] = table.column(other).combine_chunks().take(rows)
    if missing := rows.null_count:
        notes.append(f"{missing:,} of {role_count(len(side), side.role)} not found in {path.name}")
    if added:
        notes.append(
            f"{role_count(added, side.role)} of {path.name} without a pair; "
            "their vectors come from their features"
        )
    return replace(side, labels=tuple(labels), columns=columns), tuple(notes)


def feature_bags(side: Side, names: Sequence[str]) -> tuple[WeightedBags, tuple[str, ...]]:
    """Turn columns of a side into tokens; return them and notes on how each was interpreted.

    Lists, and texts with `|`, are sets of values; longer texts are their words in lower case; other
    texts are categories; numbers are divided into bins of about equal size.

    Raises
    ------
    EmbeddingError
        a column does not exist
    """
    tokens: list[list[str]] = [[] for _ in side.labels]
    weights: list[list[float]] = [[] for _ in side.labels]
    notes = []
    for name in names:
        if name not in side.columns:
            existing = ", ".join(side.columns) or "none"
            raise EmbeddingError(
                f"no column {name!r} on the {side.role} side for its features; its columns: "
                f"{existing}"
            )
        kind, values = _values(side.columns[name])
        notes.append(f"feature {name} of {plural(side.role)}: {kind}")
        for item, found in enumerate(values):
            tokens[item] += [f"{name}={value}" for value in found]
            weights[item] += [1 / len(found) for _ in found]
    vocabulary = tuple(dict.fromkeys(token for item in tokens for token in item))
    number = {token: i for i, token in enumerate(vocabulary)}
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
    """Return how a column is interpreted, and the values of each item; an empty cell has none."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "sets of values", [_distinct(cell or []) for cell in column.to_pylist()]
    if pa.types.is_floating(kind) or (
        pa.types.is_integer(kind) and len(column.unique()) > 2 * BINS
    ):
        return f"numbers, in {BINS} bins", _bins(column)
    texts = [None if cell is None else str(cell) for cell in column.to_pylist()]
    given = [text for text in texts if text]
    if any("|" in text for text in given):
        return "sets of values, separated by |", [
            _distinct((text or "").split("|")) for text in texts
        ]
    words = [re.findall(r"\w+", (text or "").lower()) for text in texts]
    if given and sum(map(len, words)) > TEXT_WORDS * len(given):
        return "words", [_distinct(found) for found in words]
    return "categories", [[text] if text else [] for text in texts]


def _distinct(values: Iterable[object]) -> list[str]:
    """Return the values as text, each once, without empty ones."""
    return list(dict.fromkeys(text for value in values if (text := str(value).strip())))


def _bins(column: pa.Array) -> list[list[str]]:
    """Return the bin of each number, named by its bounds; missing and infinite values have none."""
    numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    finite = np.isfinite(numbers)
    if not finite.any():
        return [[] for _ in numbers]
    edges = np.unique(np.quantile(numbers[finite], np.linspace(0, 1, BINS + 1)))
    bins = np.searchsorted(edges[1:-1], numbers, side="right")
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    names = names or [f"{edges[0]:g}"]
    return [[names[i]] if ok else [] for i, ok in zip(bins, finite, strict=True)]
