"""The settings of image_text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong

BuiltIn = Literal["shapes", "digits"]


@dataclass(frozen=True, kw_only=True)
class ImageTextConfig(LoopConfig):
    """Learn images and captions in one space, so that a text finds the images that it describes."""

    # fmt: off

    data: Annotated[Path | None, Doc("Images and a table with the columns file and caption, in a "
                                     "folder or a zip of it. Left out: drawn shapes")] = None
    dim: Annotated[int, Doc("Length of each vector; with --pretrained that of its model")] = 64
    epochs: Annotated[int, Doc("Times that all data are seen, at most")] = 8
    batch_size: Annotated[int | None, Doc("Pairs a step. Left out: about 50 steps an epoch, of 32 "
                                          "to 256 pairs")] = None
    learning_rate: Annotated[float, Doc("Step size of AdamW, rising over the first twentieth of "
                                        "the steps, then falling to 0")] = 0.003
    weight_decay: Annotated[float, Doc("Pull of all weights but the temperature towards 0"),
                            ADVANCED] = 0.05
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 0
    builtin: Annotated[BuiltIn, Doc("What is learned without data: drawn shapes, 500 of whose "
                                    "combinations are never learned from; handwritten digits"
                                    )] = "shapes"
    width: Annotated[int, Doc("Channels of the first convolution; each further one has twice as "
                              "many")] = 24
    size: Annotated[int | None, Doc("Side in pixels to which images are brought. Left out: their "
                                    "own where all have one of at most 64, else 64")] = None
    pretrained: Annotated[Path | None, Doc("Folder of a CLIP that was learned elsewhere "
                                           "(config.json, .safetensors): nothing is learned, "
                                           "images and captions are put through it")] = None
    min_count: Annotated[int, Doc("Words seen fewer times are left out"), ADVANCED] = 2

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("width", 4), ("size", 4), ("min_count", 1)):
            self.check_at_least(name, least)
        if self.pretrained is not None and self.dry_run:
            raise wrong("dry_run", True, "no --pretrained beside it, which takes no steps")
        if self.batch_size == 1:
            raise wrong("batch_size", 1, "at least 2: the other pairs of a batch are the negatives")
