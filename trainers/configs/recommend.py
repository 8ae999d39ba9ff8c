"""The arguments of `python -m trainers recommend`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from typing_extensions import Doc

from trainers.configs.loop import wrong


@dataclass(frozen=True)
class RecommendConfig:
    """Print the right items nearest to a left item, those that it is paired with left out."""

    # fmt: off

    file: Annotated[tyro.conf.Positional[Path], Doc("An embedding file of two_tower")]
    label: Annotated[tyro.conf.Positional[str], Doc("A left item: a user, a book, a query")]
    k: Annotated[int, Doc("How many"), tyro.conf.arg(aliases=["-k"])] = 10
    json: Annotated[bool, Doc("Print a list of {row, label, similarity}")] = False

    # fmt: on
    def __post_init__(self) -> None:
        if self.k < 1:
            raise wrong("k", self.k, "at least 1")
