"""The settings of image_text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label, SettingError
from trainers.core.loop_config import (
    DATA,
    MODEL,
    TRAINING,
    BatchSize,
    Dimensions,
    Epochs,
    LearningRate,
    LeaveOut,
    LoopConfig,
    MinCount,
    Patience,
)

BuiltIn = Literal["shapes", "digits"]


@dataclass(frozen=True, kw_only=True)
class ImageTextConfig(TextOptions, LoopConfig):
    """Learn images and captions in one space, so that a text finds the images it describes."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "A folder, or a zip of one, with images and a table with the columns file and caption, or "
        "a .txt for each image; default: drawn shapes")] = None
    dim: Annotated[Dimensions, Doc(
        "Dimensions of the vectors; a pretrained model has its own")] = 64
    epochs: Epochs = 8
    batch_size: Annotated[BatchSize, Unit("pairs"), Doc(
        "Pairs per step, at least 2; default: 32 to 256, for about 50 steps per epoch")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Peak learning rate of AdamW; warms up over the first 5% of the steps, then "
        "decays to 0")] = 0.003
    weight_decay: Annotated[float, Ge(0), ADVANCED, TRAINING, Doc(
        "Weight decay (L2) of all weights but the temperature")] = 0.05
    patience: Patience = 0
    builtin: Annotated[BuiltIn, Label("Built-in data"), DATA, Doc(
        "Built-in data: drawn shapes, 500 combinations of which are held out for the test, or "
        "handwritten digits")] = "shapes"
    width: Annotated[int, Ge(4), Label("Network width"), MODEL, Doc(
        "Channels of the first convolution; each further one has twice as many")] = 24
    leave_out: LeaveOut = False
    size: Annotated[int | None, Ge(4), Label("Image size"), Unit("px"), DATA, Doc(
        "Side length to which images are resized; default: their own if all have the same of at "
        "most 64 px, else 64")] = None
    pretrained: Annotated[Path | None, Label("Pretrained model"), MODEL, Doc(
        "Folder of a pretrained CLIP (config.json, .safetensors), which is used as it is, without "
        "training")] = None
    min_count: Annotated[MinCount, ADVANCED, Doc(
        "Minimum count of a word; rarer words are ignored")] = 2

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pretrained is not None and self.dry_run:
            raise SettingError("dry_run", True, "no --pretrained as well, which takes no steps")
        if self.batch_size == 1:
            expected = "at least 2: the other pairs of a batch are the negatives"
            raise SettingError("batch_size", 1, expected)
