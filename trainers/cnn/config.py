"""The settings of cnn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong


@dataclass(frozen=True, kw_only=True)
class CnnConfig(LoopConfig):
    """Learn images from what they show: the last layer but one of a convolutional network."""

    # fmt: off

    data: Annotated[Path | None, Doc("Images: a folder or zip with one folder of pictures a class, "
                                     "IDX, .npz or CSV of pixels. Left out: handwritten digits"
                                     )] = None
    dim: Annotated[int, Doc("Length of each vector; with --pretrained that of its network")] = 32
    epochs: Annotated[int, Doc("Times that all data are seen, at most")] = 30
    batch_size: Annotated[int | None, Doc("Images a step. Left out: 64")] = None
    learning_rate: Annotated[float, Doc("Step size of AdamW, falling to 0")] = 0.003
    weight_decay: Annotated[float, Doc("Pull of all weights towards 0"), ADVANCED] = 0.05
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 10
    width: Annotated[int, Doc("Channels of the first convolution; each further one has twice as "
                              "many")] = 32
    shift: Annotated[int | None, Doc("Pixels by which images are moved at random, at most, at each "
                                     "step. Left out: a 14th of their side"), ADVANCED] = None
    size: Annotated[int | None, Doc("Side in pixels to which images are brought. Left out: their "
                                    "own where all have one of at most 64, else 64")] = None
    label: Annotated[str | None, Doc("Column of the class in a CSV: its name, or its number from "
                                     "1. Left out: found"), ADVANCED] = None
    pretrained: Annotated[Path | None, Doc("Weights that were learned elsewhere (.safetensors, "
                                           ".pth): nothing is learned, images are put through "
                                           "their network")] = None
    architecture: Annotated[str | None, Doc("Network of --pretrained, by timm's name. Left out: "
                                            "told by its config.json, or EfficientNet-Lite0"),
                            ADVANCED] = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("width", 4), ("shift", 0), ("size", 4)):
            self.check_at_least(name, least)
        if self.architecture is not None and self.pretrained is None:
            raise wrong("architecture", self.architecture, "--pretrained beside it")
