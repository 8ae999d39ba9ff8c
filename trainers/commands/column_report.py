"""python -m trainers columns TABLE: describe its columns, and how evaluate would use them.

    python -m trainers columns adult.csv
    python -m trainers columns adult.csv --json

Nothing is trained, and PyTorch is not loaded: the Evaluate page calls `describe_table` itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded
from embeddings.cli.terminal import text_table, write
from embeddings.columns import as_text
from embeddings.files.delimited.reading_summary import reading_summary
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.limits import error_context
from embeddings.files.options import Choice, ChoiceName
from embeddings.text import split_names
from trainers.commands.config import ColumnsConfig
from trainers.data import tables
from trainers.data.table_files import read_file, read_flights
from trainers.data.tables import FLIGHTS, FLIGHTS_ROWS, TargetKind

FIRST_ROWS = 20

MIN_CLASS_ROWS = 5
"""A suggested target has at least this many rows of each class: evaluate's default of folds."""


@dataclass(frozen=True)
class Column:
    """Description of a column.

    Attributes
    ----------
    name : of the column
    type : its Arrow type
    values : number of distinct values, without missing ones
    missing : number of rows without a value
    kind : its kind as a predictor; "" if it cannot be one
    number : whether it can be a numeric predictor
    chosen : whether it would be a predictor by default, if another column is the target
    left_out : why it would not be a predictor
    tasks : the tasks for which it can be the target, likeliest first
    rarest : number of rows of its rarest value, if its likeliest task is classification
    """

    name: str
    type: str
    values: int
    missing: int
    kind: Literal["category", "number", ""]
    number: bool
    chosen: bool
    left_out: str
    tasks: tuple[TargetKind, ...]
    rarest: int | None


def run(config: ColumnsConfig) -> dict[str, Any]:
    """Return a description of the table; print it as text unless `--json` is given."""
    described = describe_table(config.data, split_names(config.names), config.text_options)
    if not config.json:
        write(columns_table(described["columns"], described["target"]))
        if described["read_as"]:
            write(f"read as: {described['read_as']}")
    return described


def describe_table(
    path: Path | None, names: Sequence[str] = (), options: TextOptions = DETECTED
) -> dict[str, Any]:
    """Describe a table and its columns.

    Parameters
    ----------
    path : the file; None for the built-in flights
    names : the names of all columns, for a file without a header
    options : how text is written, as far as it is known

    Returns
    -------
    dict ready for JSON: `table` (its name), `read_as` (how text was read, in words), `reading` (the
    fields of each Choice of it), `rows`, `target` (the suggested one), `draw` (the
    suggested number of rows to sample, or None), `columns` (the fields of Column), and `first`
    (the first cells of each column, as text)

    Raises
    ------
    EmbeddingError
        the file is missing or is not a table
    """
    choices: dict[ChoiceName, Choice] = {}
    if path is not None:
        table, source = read_file(path, names, options=options, choices=choices)
        with error_context(path):
            columns = [describe(name, table[name]) for name in table.column_names]
        target = suggested_target(columns)
        draw = None
    else:
        table, source = read_flights()
        columns = [describe(name, table[name], name in FLIGHTS) for name in table.column_names]
        target, draw = "air_time", FLIGHTS_ROWS
    first = table.slice(0, FIRST_ROWS)
    return {
        "table": source["name"],
        "read_as": reading_summary(choices.values()),
        "reading": [asdict(choice) for choice in choices.values()],
        "rows": table.num_rows,
        "target": target,
        "draw": draw,
        "columns": [asdict(column) for column in columns],
        "first": [as_text(column).to_pylist() for column in first.columns],
    }


def describe(name: str, column: pa.ChunkedArray, suggested: bool = True) -> Column:
    """Return the description of a column.

    Parameters
    ----------
    name, column : the column
    suggested : whether it is among the suggested predictors, if it can be one
    """
    column = decoded(column)
    is_scalar = not (pa.types.is_nested(column.type) or pa.types.is_binary(column.type))
    counts = pc.value_counts(column.drop_null()).field("counts") if is_scalar else pa.array([])
    is_category = tables.is_categorical(column, None)
    left_out = tables.exclusion_reason(column, is_category, named=False)
    can_predict = not tables.exclusion_reason(column, is_category, named=True)
    kind: Literal["category", "number"] = "category" if is_category else "number"
    tasks = tables.possible_tasks(column) if is_scalar and len(counts) > 1 else ()
    return Column(
        name=name,
        type=str(column.type),
        values=len(counts),
        missing=column.null_count,
        kind=kind if can_predict else "",
        number=can_predict
        and (tables.is_numeric(column.type) or pa.types.is_temporal(column.type)),
        chosen=suggested and not left_out,
        left_out=left_out,
        tasks=tasks,
        rarest=pc.min(counts).as_py() if tasks[:1] == ("classification",) else None,
    )


def suggested_target(columns: list[Column]) -> str:
    """Return the last column with enough rows of each class, or else the last column."""
    learnable = [
        column.name for column in columns
        if column.tasks and (column.rarest is None or column.rarest >= MIN_CLASS_ROWS)
    ]  # fmt: skip
    return learnable[-1] if learnable else columns[-1].name


def columns_table(columns: Sequence[Mapping[str, Any]], target: str) -> str:
    """Return the columns as a table of text."""
    lines = [["column", "type", "values", "missing", "used as"]]
    for column in columns:
        use = column["kind"]
        if not column["chosen"]:
            use = f"left out: {column['left_out'] or 'not suggested'}"
        if column["name"] == target:
            use = f"target: {column['tasks'][0] if column['tasks'] else 'cannot be learned'}"
        counts = (f"{column[name]:,}" for name in ("values", "missing"))
        lines.append([column["name"], column["type"], *counts, use])
    return text_table(lines)
