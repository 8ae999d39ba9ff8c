"""The settings that every trainer has: data, size, optimization, device and the run's folder.

A trainer's config is a frozen dataclass that inherits LoopConfig. It adds its own settings and
repeats those whose default or meaning differs; their order stays the one below.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Lt, Unit
from typing_extensions import Doc

from embeddings.settings import ADVANCED, Group, Label, SettingError, check, hints

DATA, MODEL, TRAINING = Group("Data"), Group("Model"), Group("Training")
EVALUATION, COMPUTATION, OUTPUT = Group("Evaluation"), Group("Computation"), Group("Output")
GROUPS = (DATA, MODEL, TRAINING, EVALUATION, COMPUTATION, OUTPUT)
"""The groups of settings, in the order of forms."""

ADDED = "added"
"""Marks a setting that earlier versions did not have, and by whose default a run goes as it went in
those versions: their runs can be resumed. Settings that change runs by their default have none."""

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["fp32", "bf16", "fp16"]
Resume = Literal["never", "auto"]

Count = Annotated[int, Ge(1)]
Dimensions = Annotated[int, Ge(1), Label("Dimensions"), MODEL]
BatchSize = Annotated[int | None, Ge(1), TRAINING]
LearningRate = Annotated[float, Gt(0), TRAINING]
Fraction = Annotated[float, Ge(0), Lt(1)]
MinCount = Annotated[int, Ge(1), Label("Minimum count"), DATA]
Threads = Annotated[int | None, Ge(1), Label("CPU threads"), ADVANCED, COMPUTATION]

LeaveOut = Annotated[bool, Label("Leave out damaged files"), ADVANCED, DATA, Doc(
    "Leave out image files that cannot be read, and say how many")]  # fmt: skip
Epochs = Annotated[int, Doc("Maximum number of epochs"), Ge(1), TRAINING]
WeightDecay = Annotated[float, Doc("Weight decay (L2)"), Ge(0), ADVANCED, TRAINING]
Patience = Annotated[int, Doc("Early stopping: number of epochs without a better validation result "
                              "before the run stops; 0: never"), Ge(0), ADVANCED, TRAINING,
                     Unit("epochs")]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """The settings that every trainer has."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc("Training data; default: the built-in data")] = None
    out: Annotated[Path, OUTPUT, Doc("Embedding file to write: NAME.embedding.parquet")]
    run_dir: Annotated[Path | None, Label("Run folder"), ADVANCED, OUTPUT, Doc(
        "Folder of the run, with last.pt, best.pt and metrics.jsonl; default: NAME.run next to the "
        "file")] = None
    dim: Annotated[Dimensions, Doc("Dimensions of the vectors")] = 50
    epochs: Epochs = 20
    max_steps: Annotated[int | None, Ge(1), Label("Maximum steps"), ADVANCED, TRAINING, Doc(
        "Maximum number of steps, whatever the number of epochs")] = None
    batch_size: Annotated[BatchSize, Unit("examples"), Doc(
        "Examples per step; default: chosen from the data size")] = None
    learning_rate: Annotated[LearningRate, Doc("Learning rate of the optimizer")] = 0.005
    weight_decay: WeightDecay = 0.0
    validation_fraction: Annotated[Fraction, EVALUATION, Doc(
        "Fraction of the data held out for validation, which selects the best epoch; 0: train on "
        "all data for all epochs")] = 0.1
    patience: Patience = 5
    seed: Annotated[int, Ge(0), Lt(2 ** 63), TRAINING, Doc(
        "Random seed; the same seed gives the same vectors on the CPU")] = 0
    device: Annotated[Device, COMPUTATION, Doc(
        "Device to train on; auto: a GPU if there is one")] = "auto"
    precision: Annotated[Precision, ADVANCED, COMPUTATION, Doc(
        "Precision of the arithmetic; weights stay in fp32. fp16 needs a GPU")] = "fp32"
    threads: Annotated[Threads, Doc("CPU threads; default: PyTorch's own choice")] = None
    resume: Annotated[Resume, ADVANCED, OUTPUT, Doc(
        "auto: continue the run in --run-dir exactly where it stopped, or start one")] = "never"
    tensorboard: Annotated[bool, Label("TensorBoard"), ADVANCED, OUTPUT, Doc(
        "Write curves and the projector for TensorBoard to tensorboard/ in --run-dir")] = False
    dry_run: Annotated[bool, ADVANCED, OUTPUT, Doc(
        "Take 20 steps, report shapes, parameters, memory and speed, and write nothing")] = False
    quiet: Annotated[bool, ADVANCED, OUTPUT, Doc(
        "Print no progress, only the last line, which holds the metrics")] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)
        if self.out.suffix != ".parquet" or self.out.is_dir():
            raise SettingError("out", self.out, "a file name such as NAME.embedding.parquet")

    @property
    def run_folder(self) -> Path:
        """The folder of the run: `run_dir`, or NAME.run next to NAME.embedding.parquet."""
        return self.run_dir or run_of(self.out)


def run_of(file: Path) -> Path:
    """Return NAME.run next to NAME.embedding.parquet."""
    name = file.name.removesuffix(".parquet").removesuffix(".embedding")
    return file.with_name(f"{name}.run")


def added_defaults(config: type) -> dict[str, Any]:
    """Return the defaults of the settings that are marked ADDED, by name."""
    marked = {name for name, (_, notes) in hints(config).items() if ADDED in notes}
    return {field.name: field.default for field in fields(config) if field.name in marked}
