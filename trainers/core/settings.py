"""The settings that every trainer has: data, size, optimization, device, and where a run is kept.

A trainer's config is a frozen dataclass that inherits LoopConfig. It adds its own settings and
repeats those whose default differs; the order on the command line stays the one below.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from embeddings.errors import EmbeddingError

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["fp32", "bf16", "fp16"]
Resume = Literal["never", "auto"]

ADVANCED = "advanced"
"""Beside a field's Doc: a form folds the setting away."""


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """The settings that every trainer has."""

    # fmt: off

    data: Annotated[Path | None, Doc("What to learn from. Left out: the built-in data")] = None
    out: Annotated[Path, Doc("The embedding file to write: NAME.embedding.parquet")]
    run_dir: Annotated[Path | None, Doc("Folder of the run: last.pt, best.pt, metrics.jsonl. Left "
                                        "out: NAME.run beside the file"), ADVANCED] = None
    dim: Annotated[int, Doc("Length of each vector")] = 50
    epochs: Annotated[int, Doc("Times that all data are seen, at most")] = 20
    max_steps: Annotated[int | None, Doc("Stop after so many steps, whatever the epochs"),
                         ADVANCED] = None
    batch_size: Annotated[int | None, Doc("Examples a step. Left out: by the data")] = None
    learning_rate: Annotated[float, Doc("Step size of the optimizer")] = 0.005
    weight_decay: Annotated[float, Doc("Pull of all weights towards 0"), ADVANCED] = 0.0
    validation_fraction: Annotated[float, Doc("Share of the data withheld, by which the best epoch "
                                              "is chosen; 0: train on all, to the end")] = 0.1
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 5
    seed: Annotated[int, Doc("Same seed, same vectors on CPU")] = 0
    device: Annotated[Device, Doc("Where to train; auto: a GPU where there is one")] = "auto"
    precision: Annotated[Precision, Doc("Of the arithmetic; weights stay fp32. fp16 needs a GPU"),
                         ADVANCED] = "fp32"
    threads: Annotated[int | None, Doc("CPU threads. Left out: as many as PyTorch takes"),
                       ADVANCED] = None
    resume: Annotated[Resume, Doc("auto: continue the run in --run-dir as if never stopped, or "
                                  "begin one"), ADVANCED] = "never"
    tensorboard: Annotated[bool, Doc("Write curves and the projector for TensorBoard, to "
                                     "tensorboard/ in --run-dir"), ADVANCED] = False
    dry_run: Annotated[bool, Doc("Take 20 steps; tell shapes, parameters, memory and speed; write "
                                 "nothing"), ADVANCED] = False
    quiet: Annotated[bool, Doc("No progress; the last line still holds the metrics"),
                     ADVANCED] = False

    # fmt: on
    def __post_init__(self) -> None:
        for name in ("dim", "epochs", "max_steps", "batch_size", "threads"):
            self.check_at_least(name, 1)
        self.check_at_least("patience", 0)
        self.check_at_least("weight_decay", 0)
        if not 0 < self.learning_rate < float("inf"):
            raise wrong("learning_rate", self.learning_rate, "a number above 0")
        if not 0 <= self.validation_fraction < 1:
            raise wrong("validation_fraction", self.validation_fraction, "at least 0 and below 1")
        if not 0 <= self.seed < 2**63:
            raise wrong("seed", self.seed, "a whole number from 0")
        if self.out.suffix != ".parquet" or self.out.is_dir():
            raise wrong("out", self.out, "a file name such as NAME.embedding.parquet")

    def check_at_least(self, name: str, least: float) -> None:
        """Raise EmbeddingError if the setting is given and is not `least` or more."""
        value = getattr(self, name)
        if value is not None and not value >= least:  # NaN is not
            raise wrong(name, value, f"at least {least}")

    @property
    def run_folder(self) -> Path:
        """Where the run is kept: `run_dir`, or NAME.run beside NAME.embedding.parquet."""
        return self.run_dir or run_of(self.out)


def run_of(file: Path) -> Path:
    """Return NAME.run beside NAME.embedding.parquet."""
    name = file.name.removesuffix(".parquet").removesuffix(".embedding")
    return file.with_name(f"{name}.run")


def wrong(name: str, value: object, expected: str) -> EmbeddingError:
    """Return the error for a setting, named by its flag."""
    return EmbeddingError(f"--{name.replace('_', '-')} {value}: expected {expected}")
