"""The settings of autoencoder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig

Network = Literal["convolutional", "dense", "linear"]


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(LoopConfig):
    """Learn images by writing each as a few numbers from which it can be drawn again."""

    # fmt: off

    data: Annotated[Path | None, Doc("Images: a folder or zip of pictures, or of one folder a "
                                     "class, IDX, .npz or CSV of pixels. Left out: handwritten "
                                     "digits")] = None
    dim: Annotated[int, Doc("Length of each vector; 2 can be drawn as it is")] = 16
    epochs: Annotated[int, Doc("Times that all data are seen, at most")] = 100
    batch_size: Annotated[int | None, Doc("Images a step. Left out: 64")] = None
    learning_rate: Annotated[float, Doc("Step size of AdamW, falling to 0")] = 0.005
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 0
    network: Annotated[Network, Doc("convolutional; dense: layers that see all pixels; linear: "
                                    "what PCA finds")] = "convolutional"
    width: Annotated[int, Doc("Channels of the first convolution; each further one has twice as "
                              "many")] = 32
    hidden: Annotated[int, Doc("Units of the first layer of dense; the second has half"),
                      ADVANCED] = 256
    size: Annotated[int | None, Doc("Side in pixels to which images are brought. Left out: their "
                                    "own where all have one of at most 64, else 64")] = None
    label: Annotated[str | None, Doc("Column of the class in a CSV: its name, or its number from "
                                     "1. Left out: found"), ADVANCED] = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("width", 4), ("hidden", 2), ("size", 4)):
            self.check_at_least(name, least)
