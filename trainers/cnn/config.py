"""The settings of cnn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

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
    Patience,
    WeightDecay,
)


@dataclass(frozen=True, kw_only=True)
class CnnConfig(TextOptions, LoopConfig):
    """Learn image embeddings from classes: the penultimate layer of a convolutional network."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Images: a folder or zip with one folder of image files per class, IDX, .npz or CSV of "
        "pixels; default: handwritten digits")] = None
    dim: Annotated[Dimensions, Doc(
        "Dimensions of the vectors; a pretrained network has its own")] = 32
    epochs: Epochs = 30
    batch_size: Annotated[BatchSize, Unit("images"), Doc("Images per step; default: 64")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Initial learning rate of AdamW; decays to 0")] = 0.003
    weight_decay: WeightDecay = 0.05
    patience: Patience = 10
    width: Annotated[int, Ge(4), Label("Network width"), MODEL, Doc(
        "Channels of the first convolution; each further one has twice as many")] = 32
    shift: Annotated[int | None, Ge(0), Unit("px"), ADVANCED, TRAINING, Doc(
        "Maximum random shift of the images in each step; default: 1/14 of their side")] = None
    leave_out: LeaveOut = False
    size: Annotated[int | None, Ge(4), Label("Image size"), Unit("px"), DATA, Doc(
        "Side length to which images are resized; default: their own if all have the same of at "
        "most 64 px, else 64")] = None
    label: Annotated[str | None, Label("Class column"), ADVANCED, DATA, Doc(
        "CSV column of the class: its name, or its number from 1; default: detected")] = None
    pretrained: Annotated[Path | None, Label("Pretrained weights"), MODEL, Doc(
        "Pretrained weights of a timm model: a folder with config.json, or a file (.safetensors, "
        ".pth); the network is used as it is, without training")] = None
    architecture: Annotated[str | None, ADVANCED, MODEL, Doc(
        "Network of the pretrained weights, by its name in timm; default: the one in config.json, "
        "if the weights are a folder")] = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.architecture is not None and self.pretrained is None:
            raise SettingError("architecture", self.architecture, "--pretrained as well")
