"""The settings of the command evaluate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from typing_extensions import Doc

from embeddings.settings import ADVANCED, Label, SettingError, check
from trainers.core.loop_config import (
    COMPUTATION,
    DATA,
    EVALUATION,
    MODEL,
    OUTPUT,
    TRAINING,
    Count,
    Device,
    Dimensions,
    LearningRate,
    Threads,
)
from trainers.data.table_config import TableConfig


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig(TableConfig):
    """Compare encodings of categorical columns under several models, by cross-validation."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Table: CSV, TSV or Parquet; default: flights from New York in 2013, to predict their time "
        "in the air")] = None
    out: Annotated[Path | None, OUTPUT, Doc(
        "Zip to write, with a script that rebuilds the pipeline, the embedding files, the table "
        "and the results")] = None
    files: Annotated[bool, ADVANCED, OUTPUT, Doc(
        "Also write the embedding files next to the zip")] = False
    run_dir: Annotated[Path | None, Label("Run folder"), ADVANCED, OUTPUT, Doc(
        "Folder of metrics.jsonl, the log of the progress; default: none")] = None
    features: Annotated[str, EVALUATION, Doc(
        "Encodings to compare, separated by commas")] = "entity,one-hot,label,target,native"
    models: Annotated[str, EVALUATION, Doc(
        "Models to train on them, separated by commas")] = "knn,linear,boosting"
    folds: Annotated[int, Ge(2), EVALUATION, Doc(
        "Number of cross-validation folds; each row is predicted once, from the other folds")] = 5
    neighbors: Annotated[Count, Label("k of k-NN"), ADVANCED, MODEL, Doc("k of k-NN")] = 10
    dim: Annotated[Dimensions, Label("Maximum dimensions"), ADVANCED, Doc(
        "Maximum dimensions of entity embeddings; a column of n levels has at most (n + 1) "
        "/ 2")] = 50
    epochs: Annotated[Count, ADVANCED, TRAINING, Doc(
        "Maximum epochs per fit of the entity embeddings")] = 20
    max_steps: Annotated[int | None, Ge(1), Label("Maximum steps"), ADVANCED, TRAINING, Doc(
        "Maximum steps per fit of the entity embeddings")] = None
    learning_rate: Annotated[LearningRate, ADVANCED, Doc(
        "Initial learning rate of the entity embeddings")] = 0.003
    seed: Annotated[int, Ge(0), EVALUATION, Doc(
        "Random seed for folds, embeddings and boosting")] = 0
    device: Annotated[Device, ADVANCED, COMPUTATION, Doc(
        "Device to train the entity embeddings on")] = "auto"
    threads: Annotated[Threads, Doc(
        "CPU threads of PyTorch and of scikit-learn's models")] = 1
    quiet: Annotated[bool, ADVANCED, OUTPUT, Doc("Print no progress, only the results")] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)
        if self.out is not None and self.out.suffix != ".zip":
            raise SettingError("out", self.out, "a file name such as comparison.zip")
