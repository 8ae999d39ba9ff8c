"""The settings of entity."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong
from trainers.data.table_config import TableConfig

WidthRule = Literal["half", "root", "same"]


@dataclass(frozen=True, kw_only=True)
class EntityConfig(TableConfig, LoopConfig):
    """Learn the levels of categorical columns from what they help to predict: carriers, shops."""

    # fmt: off

    data: Annotated[Path | None, Doc("A table: CSV, TSV or Parquet. Left out: flights from New "
                                     "York in 2013, and their time in the air")] = None
    dim: Annotated[int, Doc("Length of the longest vectors")] = 50
    learning_rate: Annotated[float, Doc("Step size of AdamW, falling to 0")] = 0.003
    weight_decay: Annotated[float, Doc("Pull of all weights towards 0"), ADVANCED] = 0.01
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 3
    threads: Annotated[int | None, Doc("CPU threads. One is the fastest: steps are small"),
                       ADVANCED] = 1
    width_rule: Annotated[WidthRule, Doc("Length of a column's vectors by its levels n, at most "
                                         "--dim. half: (n + 1) / 2; root: 1.6 n^0.56; same: "
                                         "--dim"), ADVANCED] = "half"
    hidden: Annotated[int, Doc("Units of the first layer; the second has half"), ADVANCED] = 128
    unknown_rate: Annotated[float, Doc("Share of the cells that are hidden in training, so that "
                                       "unknown levels have a vector"), ADVANCED] = 0.01
    min_count: Annotated[int, Doc("Levels in fewer rows count as unknown")] = 1

    one_file: Annotated[bool, Doc("Write no files of single columns"), ADVANCED] = False

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("min_count", "rows"):
            self.check_at_least(name, 1)
        self.check_at_least("hidden", 2)
        if not 0 <= self.unknown_rate < 1:
            raise wrong("unknown_rate", self.unknown_rate, "at least 0 and below 1")
