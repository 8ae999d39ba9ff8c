"""The settings of two_tower."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from trainers.configs.loop import LoopConfig


@dataclass(frozen=True, kw_only=True)
class TwoTowerConfig(LoopConfig):
    """Learn items of two sides from the pairs they form: books and links, users and items."""

    # fmt: off

    data: Annotated[Path | None, Doc("Pairs: a CSV or TSV with a header, or JSON arrays of books "
                                     "and links. Left out: the Python modules installed")] = None
    batch_size: Annotated[int | None, Doc("Pairs a step. Left out: about 100 steps an epoch, of 32 "
                                          "to 4096 pairs")] = None
    negatives: Annotated[int, Doc("Random pairs, known ones excluded, for each pair")] = 5
    min_count: Annotated[int | None, Doc("Drop right-side items seen fewer times. Left out: 4 for "
                                         "links and names, 1 for a table")] = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_at_least("negatives", 1)
        self.check_at_least("min_count", 1)
