"""The roles of a table's columns: vector and label, by their names and what they hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from embeddings.errors import EmbeddingError
from embeddings.files.options import ReadContext
from embeddings.text import count_noun, listed, split_names

Kind = Literal["list", "number", "text", "other"]

LABEL_NAMES = (
    "label", "labels", "name", "names", "title", "titles", "word", "words", "token", "term",
    "item", "text", "sentence", "custom_id", "id", "key",
)  # fmt: skip
"""Names of the column of labels, best first; if none is found, it is the first column of text."""

VECTOR_NAMES = ("vector", "embedding", "vectors", "embeddings", "emb", "values", "features")
"""Names of the list column that holds the vectors, best first."""

_DIGITS = "0123456789"
_MOST_DIGITS = 18  # of the number of a column; more are an ID, or a trap
_NO_COMPONENT = re.compile(
    r"|index|idx|row|target|class|cluster|category|count|year|unnamed: \d+|.*[_ ]id|"
    + "|".join(LABEL_NAMES)
)
_WRITTEN = 3  # columns of a vector that are all written out
_LISTED = 8  # columns in a note


@dataclass(frozen=True)
class Column:
    """Name of a column and what it holds: lists of numbers, numbers, text, or anything else."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Roles:
    """Positions of the vector (one column of lists, or several of numbers) and of the label."""

    vector: tuple[int, ...]
    label: int | None


def choose_roles(columns: Sequence[Column], context: ReadContext) -> Roles:
    """Find the vector and the label among named columns; note what was assumed.

    The vector is, in this order: a list column `vector`; dim_0, dim_1, ...; the list column (the
    one with the best name); columns numbered in another way; x, y[, z]; all columns of numbers but
    IDs and the like. A selection may also be columns of numbers, separated by commas. Columns that
    the caller ignores, or reads as categories or text, are no vectors.

    Raises
    ------
    EmbeddingError
        no list column and fewer than two columns of numbers, or a selection that is not a candidate
    """
    context.columns = tuple(column.name for column in columns)
    columns = _as_selected(columns, context)
    vector = _choose_vector(columns, context)
    apart = set(vector)
    rest = [i for i in range(len(columns)) if i not in apart]
    return Roles(vector, choose_label(columns, rest, context))


def _as_selected(columns: Sequence[Column], context: ReadContext) -> list[Column]:
    """Return the columns with the kinds that the caller selected for some of them."""
    ignored = context.selected_columns("ignore")
    words = context.selected_columns("category", "text")
    text: Kind = "text"
    other: Kind = "other"
    kinds = dict.fromkeys(words, text) | dict.fromkeys(ignored, other)
    return [Column(column.name, kinds.get(column.name, column.kind)) for column in columns]


def choose_label(
    columns: Sequence[Column], positions: Sequence[int], context: ReadContext
) -> int | None:
    """Return the position of the label: the best name, or else the first column of text.

    Parameters
    ----------
    positions : the columns that can be the label
    """
    ignored = context.selected_columns("ignore")
    positions = [i for i in positions if columns[i].name not in ignored]
    default = guess_label(columns, positions)
    candidates = [i for i in positions if i == default or columns[i].kind in ("text", "number")]
    if not candidates:
        return None
    name = None if default is None else columns[default].name
    certain = name is not None and name.lower() in LABEL_NAMES
    selected = context.choose("label", [columns[i].name for i in candidates], name, certain=certain)
    if selected == name:
        return default
    return next(i for i in candidates if columns[i].name == selected)


def guess_label(columns: Sequence[Column], positions: Sequence[int]) -> int | None:
    """Return the position of the label as choose_label does without a selection."""
    named = {columns[i].name.lower(): i for i in reversed(positions) if columns[i].kind != "other"}
    known = [named[name] for name in LABEL_NAMES if name in named]
    texts = [i for i in positions if columns[i].kind == "text"]
    return next(iter(known + texts), None)


def _choose_vector(columns: Sequence[Column], context: ReadContext) -> tuple[int, ...]:
    """Return the positions of the vector: one column of lists, or several of numbers."""
    numbers = [i for i, column in enumerate(columns) if column.kind == "number"]
    assumed: list[str] = []
    default = (
        tuple(i for i, c in enumerate(columns) if c == Column(VECTOR_NAMES[0], "list"))[:1]
        or _numbered(columns, numbers, "dim_")
        or _list_column(columns, assumed)
        or _number_columns(columns, numbers, assumed)
    )
    if not default:
        names = listed((column.name or "(no name)" for column in columns), limit=20)
        count = count_noun(len(columns), "column")
        raise EmbeddingError(
            f"no vectors among its {count} ({names}); expected a column of lists of numbers, or at "
            "least two columns of numbers; if it describes the rows of another file, open both "
            "together"
        )
    runs = [run for run in _runs(columns, numbers).values() if len(run) >= 2]
    lists = [(i,) for i, column in enumerate(columns) if column.kind == "list"]
    every = _all_numbers(columns, numbers)
    named = {_written(columns, each): each for each in (default, *lists, *runs, every) if each}

    def separated(selection: str) -> tuple[int, ...]:
        """Return the positions of columns of numbers that are separated by commas."""
        by_name = {columns[i].name: i for i in reversed(numbers)}
        parts = split_names(selection)
        known = len(parts) >= 2 and all(part in by_name for part in parts)
        return tuple(by_name[part] for part in parts) if known else ()

    selected = context.choose(
        "vector", list(named), _written(columns, default), " ".join(assumed),
        accepts=lambda selection: bool(separated(selection)), certain=not assumed,
    )  # fmt: skip
    assert selected is not None
    return named.get(selected) or separated(selected)


def _written(columns: Sequence[Column], positions: Sequence[int]) -> str:
    """Return the names of some columns, or the first and the last name of many."""
    names = [columns[i].name for i in positions]
    return ", ".join(names) if len(names) <= _WRITTEN else f"{names[0]} to {names[-1]}"


def _list_column(columns: Sequence[Column], assumed: list[str]) -> tuple[int, ...]:
    lists = [i for i, column in enumerate(columns) if column.kind == "list"]
    if len(lists) < 2:
        return tuple(lists)
    names = {columns[i].name.lower(): i for i in reversed(lists)}
    known = [names[name] for name in VECTOR_NAMES if name in names]
    if known:
        return (known[0],)
    chosen = next((i for i in lists if "emb" in columns[i].name.lower()), lists[0])
    assumed.append(
        f"several columns of vectors ({listed(columns[i].name for i in lists)}): "
        f"took {columns[chosen].name}"
    )
    return (chosen,)


def _number_columns(
    columns: Sequence[Column], numbers: Sequence[int], assumed: list[str]
) -> tuple[int, ...]:
    run = _numbered(columns, numbers)
    if len(run) >= 2 and 2 * len(run) >= len(numbers):
        return run
    by_name = {columns[i].name.lower(): i for i in numbers}
    if "x" in by_name and "y" in by_name:
        return tuple(by_name[axis] for axis in "xyz" if axis in by_name)
    rest = _all_numbers(columns, numbers)
    if not rest:
        return ()
    names = listed((columns[i].name for i in rest), limit=_LISTED)
    assumed.append(
        f"no column of lists and no numbered columns: took all {len(rest)} columns of numbers as "
        f"the vector ({names})"
    )
    return rest


def _all_numbers(columns: Sequence[Column], numbers: Sequence[int]) -> tuple[int, ...]:
    """Return all columns of numbers but IDs, counts and the like; none if only one is left."""
    rest = [i for i in numbers if not _NO_COMPONENT.fullmatch(columns[i].name.lower())]
    return tuple(rest) if len(rest) >= 2 else ()


def _numbered(
    columns: Sequence[Column], numbers: Sequence[int], prefix: str | None = None
) -> tuple[int, ...]:
    """Return columns numbered without a gap, in order: those with a prefix, or the longest run."""
    runs = _runs(columns, numbers)
    return max((run for start, run in runs.items() if prefix in (None, start)), key=len, default=())


def _runs(columns: Sequence[Column], numbers: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return all runs of columns numbered without a gap, by the prefix of their names."""
    found: dict[str, dict[int, int]] = {}
    for i in numbers:
        start, digits = _numbered_name(columns[i].name)
        if 0 < len(digits) <= _MOST_DIGITS:
            found.setdefault(start, {}).setdefault(int(digits), i)
    return {
        start: tuple(numbered[number] for number in sorted(numbered))
        for start, numbered in found.items()
        if max(numbered) - min(numbered) + 1 == len(numbered)
    }


def _numbered_name(name: str) -> tuple[str, str]:
    """Return what is before the digits that a name ends in, and these: dim_0, x1, v[3], 17."""
    name = name.removesuffix("]")
    start = name.rstrip(_DIGITS)
    return start, name[len(start) :]


Likelihood = tuple[int, int]
"""How likely a file holds vectors; larger is more likely. The first number is 1 for columns of
numbers with names of their own, 2 for numbered columns or x and y, 3 for lists of numbers, and 4 if
it is certain; the second is the number of components."""

NO_VECTORS: Likelihood = (0, 0)
"""Likelihood of a file without vectors, which can only describe the rows of another."""

CERTAIN: Likelihood = (4, 0)
"""Likelihood of a file that certainly holds vectors."""


def columns_likelihood(columns: Sequence[Column]) -> Likelihood:
    """Return how likely a table holds vectors; a list of numbers may be metadata as well."""
    notes: list[str] = []
    try:
        chosen = choose_roles(columns, ReadContext(notes.append)).vector
    except EmbeddingError:
        return NO_VECTORS
    first = columns[chosen[0]]
    if first.kind == "list":
        return CERTAIN if is_vector_name(first.name) else (3, 0)
    return (1 if notes else 2, len(chosen))


def is_vector_name(name: str) -> bool:
    """Return True if the name of a column says that it holds vectors or embeddings."""
    return name.lower() in VECTOR_NAMES or "emb" in name.lower() or "vec" in name.lower()
