"""The settings of entity."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge
from typing_extensions import Doc

from embeddings.settings import ADVANCED, Label
from trainers.core.loop_config import (
    DATA,
    MODEL,
    OUTPUT,
    TRAINING,
    Dimensions,
    Fraction,
    LearningRate,
    LoopConfig,
    MinCount,
    Patience,
    Threads,
    WeightDecay,
)
from trainers.data.table_config import TableConfig

WidthRule = Literal["half", "root", "same"]


@dataclass(frozen=True, kw_only=True)
class EntityConfig(TableConfig, LoopConfig):
    """Learn embeddings of the levels of categorical columns (shops, carriers) for a prediction."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Table: CSV, TSV or Parquet; default: flights from New York in 2013, to predict their time "
        "in the air")] = None
    dim: Annotated[Dimensions, Label("Maximum dimensions"), Doc(
        "Maximum dimensions of the vectors")] = 50
    learning_rate: Annotated[LearningRate, Doc(
        "Initial learning rate of AdamW; decays to 0")] = 0.003
    weight_decay: WeightDecay = 0.01
    patience: Patience = 3
    threads: Annotated[Threads, Doc(
        "CPU threads; one is the fastest, because the steps are small")] = 1
    width_rule: Annotated[WidthRule, Label("Dimensions by"), ADVANCED, MODEL, Doc(
        "Dimensions of a column with n levels, at most --dim. half: (n + 1) / 2; root: 1.6 n^0.56; "
        "same: --dim")] = "half"
    hidden: Annotated[int, Ge(2), Label("Hidden units"), ADVANCED, MODEL, Doc(
        "Units of the first layer; the second has half as many")] = 128
    unknown_rate: Annotated[Fraction, Label("Masked fraction"), ADVANCED, TRAINING, Doc(
        "Fraction of the cells that are masked in training, so that unknown levels get a "
        "vector")] = 0.01
    min_count: Annotated[MinCount, Doc(
        "Minimum count of a level; rarer levels are treated as unknown")] = 1

    one_file: Annotated[bool, ADVANCED, OUTPUT, Doc(
        "Write one file, without a further file for each column")] = False

    # fmt: on
