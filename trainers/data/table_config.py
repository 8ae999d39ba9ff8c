"""The settings of whatever learns from a table: which columns, what they are, how many rows."""

from dataclasses import dataclass
from typing import Annotated, Literal

from typing_extensions import Doc

TargetTask = Literal["auto", "regression", "classification"]


@dataclass(frozen=True, kw_only=True)
class TableConfig:
    """Which columns of a table are what. Lists of columns are separated by commas."""

    # fmt: off

    target: Annotated[str | None, Doc("Column to predict. Left out: the last one")] = None
    columns: Annotated[str | None, Doc("Columns to predict it from, separated by commas. Left out: "
                                       "all others")] = None
    categorical: Annotated[str | None, Doc("Columns of numbers that are categories; text always "
                                           "is. Left out: integers of at most 32 values")] = None
    task: Annotated[TargetTask, Doc("auto: by the target: text, or whole numbers of at most 10 "
                                    "values, are classes")] = "auto"
    names: Annotated[str | None, Doc("Names of all columns, for a file without a header")] = None
    rows: Annotated[int | None, Doc("Draw so many rows at random. Left out: all; 40,000 of the "
                                    "built-in table")] = None

    # fmt: on
