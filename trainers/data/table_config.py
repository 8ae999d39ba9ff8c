"""The settings of everything that learns from tables: columns, kinds, how text is written."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge
from typing_extensions import Doc

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import TEXT_OPTION_NAMES, TextOptions
from embeddings.settings import ADVANCED, Label, SettingError
from trainers.core.loop_config import ADDED, DATA

ColumnNames = Annotated[str | None, Label("Column names"), ADVANCED, DATA, Doc(
    "Names of all columns, separated by commas, for a table without a header")]  # fmt: skip
PairColumns = Annotated[str | None, Label("Columns"), ADVANCED, DATA, Doc(
    "The two columns of a pair, by name or by number from 1, separated by a comma; default: the "
    "first two")]  # fmt: skip

TableFormat = Annotated[str | None, ADVANCED, ADDED, DATA, Doc(
    "How this table is written, if it is text, such as `separator=; header=no encoding=utf-16 "
    "decimal=, quotes=none`; default: detected")]  # fmt: skip


def table_format(name: str, text: str | None) -> TextOptions:
    """Return how a table is written, as a setting states it: `separator=; header=no`.

    Parameters
    ----------
    name : of the setting
    text : its value: options of TextOptions, separated by spaces

    Raises
    ------
    SettingError
        no such option, or a value that it cannot have
    """
    options = {}
    for part in (text or "").split():
        option, _, value = part.partition("=")
        if option not in TEXT_OPTION_NAMES or not value:
            raise SettingError(name, text, f"NAME=VALUE with names {', '.join(TEXT_OPTION_NAMES)}")
        options[option] = value
    try:
        found = TextOptions.of(options)
        _ = found.codec
    except EmbeddingError as error:
        raise SettingError(name, text, f"other values ({error})") from error
    return found


TargetTask = Literal["auto", "regression", "classification"]


@dataclass(frozen=True, kw_only=True)
class TableConfig(TextOptions):
    """The columns of a table and what they are. Lists of columns are separated by commas."""

    # fmt: off

    target: Annotated[str | None, DATA, Doc("Column to predict; default: the last one")] = None
    columns: Annotated[str | None, DATA, Doc(
        "Columns to predict it from, separated by commas; default: all others")] = None
    categorical: Annotated[str | None, Label("Categorical columns"), DATA, Doc(
        "Numeric columns that are categories, separated by commas; text always is. Default: "
        "integer columns with at most 32 values")] = None
    task: Annotated[TargetTask, DATA, Doc(
        "auto: classification if the target is text or an integer with at most 10 values, else "
        "regression")] = "auto"
    names: Annotated[str | None, Label("Column names"), DATA, Doc(
        "Names of all columns, separated by commas, for a file without a header")] = None
    rows: Annotated[int | None, Ge(1), DATA, Doc(
        "Number of rows to sample at random; default: all, or 40,000 of the built-in table")] = None

    # fmt: on
