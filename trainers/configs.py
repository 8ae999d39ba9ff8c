"""The settings of every trainer, in one place that imports no torch.

A config makes the trainer's command line (tyro reads the types, defaults and texts below) and,
through schema.py, its form on a page.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from embeddings.errors import EmbeddingError

Device = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True, kw_only=True)
class TwoTowerConfig:
    """Learn items of two sides from the pairs they form: books and links, users and items."""

    # fmt: off

    data: Annotated[Path | None, Doc("Pairs: a CSV or TSV with a header, or JSON arrays of books "
                                     "and links. Left out: the Python modules installed")] = None
    out: Annotated[Path, Doc("The embedding file to write: NAME.embedding.parquet")]
    dim: Annotated[int, Doc("Length of each vector")] = 50
    epochs: Annotated[int, Doc("Times that every pair is seen")] = 20
    max_steps: Annotated[int | None, Doc("Stop after so many steps, whatever the epochs")] = None
    batch_size: Annotated[int | None, Doc("Pairs a step. Left out: about 100 steps an epoch, of 32 "
                                          "to 4096 pairs")] = None
    learning_rate: Annotated[float, Doc("Step size of Adam")] = 0.005
    negatives: Annotated[int, Doc("Random pairs, known ones excluded, for each pair")] = 5
    min_count: Annotated[int | None, Doc("Drop right-side items seen fewer times. Left out: 4 for "
                                         "links and names, 1 for a table")] = None
    validation_fraction: Annotated[float, Doc("Share of the pairs withheld from training, by which "
                                              "recall@10 is measured; 0: train on all")] = 0.01
    seed: Annotated[int, Doc("Same seed, same vectors on CPU")] = 0
    device: Annotated[Device, Doc("Where to train; auto: a GPU where there is one")] = "auto"
    threads: Annotated[int | None, Doc("CPU threads. Left out: as many as PyTorch takes")] = None
    quiet: Annotated[bool, Doc("No progress; the last line still holds the metrics")] = False

    # fmt: on
    def __post_init__(self) -> None:
        for name in ("dim", "epochs", "max_steps", "batch_size", "negatives", "min_count",
                     "threads"):  # fmt: skip
            value = getattr(self, name)
            if value is not None and value < 1:
                raise wrong(name, value, "at least 1")
        if not 0 < self.learning_rate < float("inf"):
            raise wrong("learning_rate", self.learning_rate, "a number above 0")
        if not 0 <= self.validation_fraction < 1:
            raise wrong("validation_fraction", self.validation_fraction, "at least 0 and below 1")
        if not 0 <= self.seed < 2**63:
            raise wrong("seed", self.seed, "a whole number from 0")
        if self.out.suffix != ".parquet" or self.out.is_dir():
            raise wrong("out", self.out, "a file name such as NAME.embedding.parquet")


Config = TwoTowerConfig

TRAINERS: dict[str, type[Config]] = {"two_tower": TwoTowerConfig}
"""Trainers by name; the module trainers/NAME.py has run(config) -> metrics."""


def wrong(name: str, value: object, expected: str) -> EmbeddingError:
    """Return the error for a setting, named by its flag."""
    return EmbeddingError(f"--{name.replace('_', '-')} {value}: expected {expected}")
