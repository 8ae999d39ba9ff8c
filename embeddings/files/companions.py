"""Several files that make up one set: vectors, and files that describe their rows.

Which file is which is decided by content, not by order or name.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from embeddings.arrow_types import is_binary
from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.detect import ARROW, DELIMITED, PARQUET, Format
from embeddings.files.draft import Draft
from embeddings.files.limits import error_context
from embeddings.files.options import ChoiceName, Note, ReadContext
from embeddings.files.tabular.embedding_table import companion_columns
from embeddings.files.tabular.roles import CERTAIN, NO_VECTORS, Likelihood, choose_label
from embeddings.files.tabular.shards import are_shards, read_shards, sort_by_name
from embeddings.files.tabular.table_draft import describe_columns, to_labels, with_unique_names
from embeddings.text import listed

_Reading = tuple[pa.Table, str]
"""A table, and the words that distinguish it in messages from the other readings of its file."""


@dataclass(frozen=True, eq=False)
class _Companion:
    """A file that describes rows.

    Attributes
    ----------
    readings : the ways that it can be read; only the last may have a row for each vector
    """

    path: Path
    readings: Sequence[_Reading]

    @property
    def table(self) -> pa.Table:
        return self.readings[-1][0]


def find_vectors(files: Sequence[tuple[Path, Format]], options: TextOptions = DETECTED) -> int:
    """Return the position of the file that holds the vectors.

    Parameters
    ----------
    options : how the caller states that text is written

    Raises
    ------
    EmbeddingError
        none of the files holds vectors, or several of them do, equally likely
    """
    ranks = [_vector_likelihood(*file, options) for file in files]
    best = max(ranks)
    names = listed(path.name for path, _ in files)
    if best == NO_VECTORS:
        raise EmbeddingError(f"{names}: none of them holds vectors; add the file that does")
    if ranks.count(best) > 1:
        alike = [path.name for (path, _), rank in zip(files, ranks, strict=True) if rank == best]
        which = "" if len(alike) == len(files) else f" ({listed(alike)})"
        raise EmbeddingError(
            f"{names}: more than one of them holds vectors{which}; open them one by one"
        )
    return ranks.index(best)


def add_columns(draft: Draft, files: Sequence[tuple[Path, Format]], context: ReadContext) -> Draft:
    """Return the draft with the columns of its companion files.

    A companion has one row for each vector, in the same order. If it has not, it is joined by its
    only column that holds each label of the vectors once. The best label column among all
    companions labels the items, unless they have labels already; the rest is metadata.

    Raises
    ------
    EmbeddingError
        a file has another number of rows and no such column, or is of a format that describes no
        rows
    """
    note, rows, labels = context.note, len(draft.vectors), draft.labels
    shards = _joined_shards(files, rows, note)
    companions = [
        _read(*file, rows, context)
        for file in files
        if not shards or file[1] not in (PARQUET, ARROW)
    ]
    companions += shards
    fitting = [each for each in companions if each.table.num_rows == rows]
    others = [each for each in companions if each.table.num_rows != rows]
    if labels is None:
        described, labels = _take_labels(_side_by_side([each.table for each in fitting]), context)
    else:
        described = _side_by_side([_in_order(each, labels, note) for each in fitting])
    joined = [_by_key(each, rows, labels, note) for each in others]
    every = _side_by_side([draft.metadata, described, *joined])
    extended = (
        with_unique_names(every, range(every.num_columns)) if every.num_columns else draft.metadata
    )
    return replace(draft, labels=labels, metadata=extended)


def count_rows(path: Path, its_format: Format, numbers: int) -> int | None:
    """Return how many rows a companion describes, where that divides `numbers`; else None."""
    with error_context(path):
        readings = its_format.module.read_columns(path, None, lambda _: None)
        counts = (table.num_rows for table, _ in readings)
        return next((count for count in counts if count and numbers % count == 0), None)


def may_hold_vectors(path: Path, its_format: Format) -> bool:
    """Return True unless a file can only describe the rows of another."""
    return _vector_likelihood(path, its_format) != NO_VECTORS


def _vector_likelihood(
    path: Path, its_format: Format, options: TextOptions = DETECTED
) -> Likelihood:
    if not its_format.describes_rows:
        return CERTAIN
    stated = (options,) if its_format == DELIMITED else ()
    with error_context(path):
        rank: Likelihood = its_format.module.vector_likelihood(path, *stated)
        return rank


def _read(path: Path, its_format: Format, rows: int, context: ReadContext) -> _Companion:
    """Read a file in each way there is, up to the one that gives `rows` rows.

    What the caller states about text holds for all texts of the set; see _read_further_text.
    """
    with error_context(path):
        if not its_format.describes_rows:
            raise EmbeddingError(
                "files of its format hold vectors, and cannot describe the rows of another file; "
                "open it alone, or give its columns as CSV, JSON, Parquet or .npz"
            )
        if its_format == DELIMITED and "encoding" in context.choices:
            return _Companion(path, _read_further_text(path, rows, context))
        stated = (context,) if its_format == DELIMITED else ()
        return _Companion(path, _readings(path, its_format, rows, context.note, *stated))


def _readings(
    path: Path, its_format: Format, rows: int, note: Note, *stated: ReadContext
) -> list[_Reading]:
    """Return the readings of a file up to the first one of `rows` rows."""
    found: list[_Reading] = []
    for reading in its_format.module.read_columns(path, rows, note, *stated):
        found.append(reading)
        if reading[0].num_rows == rows:
            break
    return found


def _read_further_text(path: Path, rows: int, context: ReadContext) -> list[_Reading]:
    """Return the readings of a text that is not the first one of its set.

    It is read as the caller states. If that does not divide it into columns, or gives another
    number of rows, whether it has a header is detected, or else all but the encoding; which is
    noted.
    """
    names = context.text_options.stated
    stated = {name: value for name, value in context.selections.items() if name in names}
    ways: list[dict[ChoiceName, str]] = [
        stated,
        {name: value for name, value in stated.items() if name != "header"},
        {name: value for name, value in stated.items() if name == "encoding"},
    ]
    attempts: list[tuple[Mapping[ChoiceName, str], list[_Reading], list[str]]] = []
    errors: list[EmbeddingError] = []
    for i, options in enumerate(ways):
        if options in ways[:i]:
            continue
        notes: list[str] = []
        trial = ReadContext(notes.append, options)
        try:
            found = _readings(path, DELIMITED, rows, trial.note, trial)
        except EmbeddingError as error:
            errors.append(error)
            continue
        attempts.append((options, found, notes))
        table = found[-1][0]
        if table.num_rows == rows and ("separator" not in options or table.num_columns > 1):
            break
    if not attempts:
        raise errors[0]
    first, last = (attempt[1][-1][0].shape for attempt in (attempts[0], attempts[-1]))
    chosen, found, notes = attempts[-1 if last[0] == rows and last != first else 0]
    if chosen != stated:
        notes.append(f"{path.name}: not written as stated for the set; read as detected")
    for sentence in notes:
        context.note(sentence)
    return found


def _joined_shards(files: Sequence[tuple[Path, Format]], rows: int, note: Note) -> list[_Companion]:
    """Return Parquet or Arrow files of the same columns as one if they fit together."""
    paths = [path for path, each in files if each in (PARQUET, ARROW)]
    if not are_shards(paths):
        return []
    ordered = sort_by_name(paths)
    table = companion_columns(read_shards(ordered), note)
    if table.num_rows != rows:
        return []
    note(f"put {len(paths)} tables of the same columns together, in order of name")
    return [_Companion(ordered[0], [(table, "")])]


def _take_labels(table: pa.Table, context: ReadContext) -> tuple[pa.Table, tuple[str, ...] | None]:
    """Return the table without its column of labels, and the labels; None if it has none.

    A column of labels that repeat is a category as well and stays, as does a lone one of numbers.
    """
    columns, rest = describe_columns(table), list(range(table.num_columns))
    position = choose_label(columns, rest, context)
    named = position is not None
    if len(rest) == 1 and _can_label(table.schema.field(0).type):
        position = 0
    if position is None:
        return table, None
    labels = tuple(to_labels(table.column(position)))
    if (named or columns[position].kind != "number") and len(set(labels)) > len(labels) // 2:
        rest.remove(position)
    return table.select(rest), labels


def _can_label(kind: pa.DataType) -> bool:
    return not (pa.types.is_nested(kind) or is_binary(kind))


def _side_by_side(tables: Sequence[pa.Table]) -> pa.Table:
    """Return all columns of tables of the same number of rows; names may repeat."""
    return pa.table(
        [column for table in tables for column in table.columns],
        names=[name for table in tables for name in table.column_names],
    )


def _in_order(companion: _Companion, labels: Sequence[str], note: Note) -> pa.Table:
    """Return the rows in the order of the labels, if a column holds them in another order."""
    table, name = companion.table, companion.path.name
    key = _key(table, labels)
    if key is None or to_labels(table.column(key)) == list(labels):
        return table
    note(
        f"{name}: its column {table.column_names[key]} holds the labels in another order; "
        f"its {table.num_rows:,} rows are joined to the vectors by it"
    )
    return _joined(table, key, labels)


def _by_key(companion: _Companion, rows: int, labels: Sequence[str] | None, note: Note) -> pa.Table:
    """Return the row of a table for each label; EmbeddingError if no column identifies them."""
    for table, how in companion.readings:
        key = None if labels is None else _key(table, labels, whole_numbers=True)
        if labels is not None and key is not None:
            used = len(set(labels))
            note(
                f"{companion.path.name}: {table.num_rows:,} rows{how} for {rows:,} vectors: joined "
                f"by its column {table.column_names[key]}, which holds each label once; "
                f"{table.num_rows - used:,} of its rows describe no vector"
            )
            return _joined(table, key, labels)
    counts = dict.fromkeys(f"{table.num_rows:,} rows{how}" for table, how in companion.readings)
    raise EmbeddingError(
        f"{companion.path.name}: {' or '.join(counts)} for {rows:,} vectors; give exactly one for "
        "each vector, in the same order, or with a column that holds each label once"
    )


def _key(table: pa.Table, labels: Sequence[str], whole_numbers: bool = False) -> int | None:
    """Return the position of the only column of texts, or integers, that holds each label once."""
    distinct, keys = set(labels), []
    if len(distinct) > table.num_rows:
        return None
    for i, column in enumerate(describe_columns(table)):
        numbers = whole_numbers and pa.types.is_integer(table.schema.field(i).type)
        if column.kind == "text" or numbers:
            counts = Counter(to_labels(table.column(i)))
            if all(counts[label] == 1 for label in distinct):
                keys.append(i)
    return keys[0] if len(keys) == 1 else None


def _joined(table: pa.Table, key: int, labels: Sequence[str]) -> pa.Table:
    """Return one row for each label, without the key column, which would repeat the labels."""
    rows = {value: row for row, value in enumerate(to_labels(table.column(key)))}
    return table.remove_column(key).take(pa.array([rows[label] for label in labels]))
