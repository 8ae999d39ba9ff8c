"""The settings of everything that learns from a table: columns, their meaning, number of rows."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label

ColumnNames = Annotated[str | None, Label("Column names"), ADVANCED, Doc(
    "Names of all columns, separated by commas, for a table without a header")]  # fmt: skip
PairColumns = Annotated[str | None, Label("Columns"), ADVANCED, Doc(
    "The two columns of a pair, by name or by number from 1, separated by a comma; default: the "
    "first two")]  # fmt: skip

TargetTask = Literal["auto", "regression", "classification"]


@dataclass(frozen=True, kw_only=True)
class TableConfig(TextOptions):
    """The columns of a table and what they are. Lists of columns are separated by commas."""

    # fmt: off

    target: Annotated[str | None, Doc("Column to predict; default: the last one")] = None
    columns: Annotated[str | None, Doc(
        "Columns to predict it from, separated by commas; default: all others")] = None
    categorical: Annotated[str | None, Label("Categorical columns"), Doc(
        "Numeric columns that are categories, separated by commas; text always is. Default: "
        "integer columns with at most 32 values")] = None
    task: Annotated[TargetTask, Doc(
        "auto: classification if the target is text or an integer with at most 10 values, else "
        "regression")] = "auto"
    names: Annotated[str | None, Label("Column names"), Doc(
        "Names of all columns, separated by commas, for a file without a header")] = None
    rows: Annotated[int | None, Ge(1), Doc(
        "Number of rows to sample at random; default: all, or 40,000 of the built-in table")] = None

    # fmt: on
