"""The settings of the command columns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc


@dataclass(frozen=True, kw_only=True)
class ColumnsConfig:
    """Tell what the columns of a table hold, and what evaluate would take them for."""

    # fmt: off

    data: Annotated[Path | None, Doc("A table: CSV, TSV or Parquet. Left out: flights from New "
                                     "York in 2013")] = None
    names: Annotated[str | None, Doc("Names of all columns, for a file without a header")] = None
    json: Annotated[bool, Doc("Print JSON and nothing else")] = False

    # fmt: on
