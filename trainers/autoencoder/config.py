"""The settings of autoencoder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label
from trainers.core.loop_config import (
    DATA,
    MODEL,
    BatchSize,
    Dimensions,
    Epochs,
    LearningRate,
    LeaveOut,
    LoopConfig,
    Patience,
)

Network = Literal["convolutional", "dense", "linear"]


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(TextOptions, LoopConfig):
    """Learn image embeddings by compressing images to vectors and reconstructing them."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Images: a folder or zip of image files, optionally one folder per class, IDX, .npz or CSV "
        "of pixels; default: handwritten digits")] = None
    dim: Annotated[Dimensions, Doc("Dimensions of the vectors; 2 can be plotted directly")] = 16
    epochs: Epochs = 100
    batch_size: Annotated[BatchSize, Unit("images"), Doc("Images per step; default: 64")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Initial learning rate of AdamW; decays to 0")] = 0.005
    patience: Patience = 0
    network: Annotated[Network, MODEL, Doc(
        "convolutional; dense: fully connected layers; linear: equivalent to "
        "PCA")] = "convolutional"
    width: Annotated[int, Ge(4), Label("Network width"), MODEL, Doc(
        "Channels of the first convolution; each further one has twice as many")] = 32
    hidden: Annotated[int, Ge(2), Label("Hidden units"), ADVANCED, MODEL, Doc(
        "Units of the first layer of the dense network; the second has half as many")] = 256
    leave_out: LeaveOut = False
    size: Annotated[int | None, Ge(4), Label("Image size"), Unit("px"), DATA, Doc(
        "Side length to which images are resized; default: their own if all have the same of at "
        "most 64 px, else 64")] = None
    label: Annotated[str | None, Label("Class column"), ADVANCED, DATA, Doc(
        "CSV column of the class: its name, or its number from 1; default: detected")] = None

    # fmt: on
