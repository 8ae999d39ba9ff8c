"""python -m trainers columns TABLE: what its columns hold, and what evaluate would take them for.

    python -m trainers columns adult.csv
    python -m trainers columns adult.csv --json

Nothing is learned, and PyTorch is not loaded. A page asks this before a person chooses.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.columns import as_text
from embeddings.files.limits import error_context
from trainers.commands.columns_config import ColumnsConfig
from trainers.core.text_table import aligned
from trainers.data import tables
from trainers.data.table_files import read_file, read_flights, split_names
from trainers.data.tables import FLIGHTS, FLIGHTS_ROWS, TargetKind

FIRST_ROWS = 20

LEAST_CLASS = 5
"""A suggested target has so many rows of each class: as many as evaluate has folds."""


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes
    ----------
    type : of Arrow
    values : how many different ones, missing ones left out
    missing : rows without a value
    kind : what a predictor it would be; "" where it cannot be one
    number : whether it can be a predictor of numbers
    chosen : whether it would be a predictor, were another column the target
    left_out : why it would not be one
    tasks : what learning it can be, the likely one first; none where it cannot be a target
    rarest : rows of its rarest value, where classification is likely
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
    """Describe the table; print it for a person unless JSON is asked for."""
    if config.data is not None:
        table, source = read_file(config.data, split_names(config.names))
        with error_context(config.data):
            found = [describe(name, table[name]) for name in table.column_names]
        target = suggested_target(found)
        draw = None
    else:
        table, source = read_flights()
        found = [describe(name, table[name], name in FLIGHTS) for name in table.column_names]
        target, draw = "air_time", FLIGHTS_ROWS
    if not config.json:
        print(as_lines(found, target))  # noqa: T201
    first = table.slice(0, FIRST_ROWS)
    return {
        "table": source["name"],
        "rows": table.num_rows,
        "target": target,
        "draw": draw,
        "columns": [asdict(column) for column in found],
        "first": [as_text(column).to_pylist() for column in first.columns],
    }


def describe(name: str, column: pa.ChunkedArray, wanted: bool = True) -> Column:
    """Return what a column holds; `wanted`: whether it would be chosen, were it fit."""
    column = tables.plain(column)
    usable = not (pa.types.is_nested(column.type) or pa.types.is_binary(column.type))
    counts = pc.value_counts(column.drop_null()).field("counts") if usable else pa.array([])
    is_category = tables.is_category_column(column, None)
    left_out = tables.unfit(column, is_category, named=False)
    possible = not tables.unfit(column, is_category, named=True)
    kind: Literal["category", "number"] = "category" if is_category else "number"
    tasks = tables.tasks_of(column) if usable and len(counts) > 1 else ()
    return Column(
        name=name,
        type=str(column.type),
        values=len(counts),
        missing=column.null_count,
        kind=kind if possible else "",
        number=possible and (tables.is_number(column.type) or pa.types.is_temporal(column.type)),
        chosen=wanted and not left_out,
        left_out=left_out,
        tasks=tasks,
        rarest=pc.min(counts).as_py() if tasks[:1] == ("classification",) else None,
    )


def suggested_target(columns: list[Column]) -> str:
    """Return the last column of which enough is there to learn; else the last of all."""
    fit = [c.name for c in columns if c.tasks and (c.rarest is None or c.rarest >= LEAST_CLASS)]
    return fit[-1] if fit else columns[-1].name


def as_lines(columns: list[Column], target: str) -> str:
    """Return the columns for a person to read."""
    lines = [["column", "type", "values", "missing", "taken for"]]
    for column in columns:
        taken = column.kind if column.chosen else f"left out: {column.left_out or 'not suggested'}"
        if column.name == target:
            taken = f"target: {column.tasks[0] if column.tasks else 'cannot be learned'}"
        cells = [column.name, column.type, f"{column.values:,}", f"{column.missing:,}", taken]
        lines.append(cells)
    return aligned(lines)
