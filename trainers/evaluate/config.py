"""The settings of the command evaluate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, Device, wrong
from trainers.data.table_config import TableConfig


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig(TableConfig):
    """Compare features of categorical columns under several models, by cross-validation."""

    # fmt: off

    data: Annotated[Path | None, Doc("A table: CSV, TSV or Parquet. Left out: flights from New "
                                     "York in 2013, and their time in the air")] = None
    out: Annotated[Path | None, Doc("A zip to write: a script that rebuilds the pipeline, the "
                                    "embedding files, the table, the results")] = None
    files: Annotated[bool, Doc("Write the embedding files beside the zip too"), ADVANCED] = False
    run_dir: Annotated[Path | None, Doc("Folder of metrics.jsonl, which tells how far it is. Left "
                                        "out: none"), ADVANCED] = None
    features: Annotated[str, Doc("What to compare, separated by commas")] = (
        "entity,one-hot,label,target,native")
    models: Annotated[str, Doc("Under which models, separated by commas")] = "knn,linear,boosting"
    folds: Annotated[int, Doc("Parts of the rows; each is predicted once from all others")] = 5
    neighbors: Annotated[int, Doc("Of k-NN"), ADVANCED] = 10
    dim: Annotated[int, Doc("Length of the longest entity embeddings"), ADVANCED] = 50
    epochs: Annotated[int, Doc("Of each training of entity embeddings, at most"), ADVANCED] = 20
    max_steps: Annotated[int | None, Doc("Stop each training after so many steps"), ADVANCED] = None
    learning_rate: Annotated[float, Doc("Of entity embeddings"), ADVANCED] = 0.003
    seed: Annotated[int, Doc("Of folds, embeddings, boosting")] = 0
    device: Annotated[Device, Doc("Where embeddings are trained"), ADVANCED] = "auto"
    threads: Annotated[int | None, Doc("CPU threads of PyTorch"), ADVANCED] = 1
    quiet: Annotated[bool, Doc("No progress; the results are still printed"), ADVANCED] = False

    # fmt: on
    def __post_init__(self) -> None:
        for name, least in (("folds", 2), ("neighbors", 1), ("rows", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise wrong(name, value, f"at least {least}")
        if self.out is not None and self.out.suffix != ".zip":
            raise wrong("out", self.out, "a file name such as comparison.zip")
