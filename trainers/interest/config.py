"""The settings of interest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong


@dataclass(frozen=True, kw_only=True)
class InterestConfig(LoopConfig):
    """Learn which documents users will want, from the words in the titles of those they read."""

    # fmt: off

    data: Annotated[Path | None, Doc("Clicks: a CSV or TSV with a header, first the user, then the "
                                     "document. Left out: planted readers and topics")] = None
    titles: Annotated[Path | None, Doc("A table of documents: the key in the clicks, then the "
                                       "title. Left out: the documents' keys are their titles"
                                       )] = None
    title: Annotated[str | None, Doc("Column of the title. Left out: title, or the first after the "
                                     "key"), ADVANCED] = None
    words: Annotated[Path | None, Doc("Word vectors: any embedding file. They stay as they are, "
                                      "and words it lacks are learned; left out: all are")] = None
    tune: Annotated[bool, Doc("Learn the vectors of --words further, too")] = False
    dim: Annotated[int, Doc("Length of each vector; that of --words, where given")] = 50
    batch_size: Annotated[int | None, Doc("Clicks a step. Left out: about 100 steps an epoch, of "
                                          "32 to 2048 clicks")] = None
    negatives: Annotated[int, Doc("Random documents that the user has not read, a click")] = 5
    hidden: Annotated[int, Doc("Units of the network's layer"), ADVANCED] = 64

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("negatives", "hidden"):
            self.check_at_least(name, 1)
        if self.tune and self.words is None:
            raise wrong("tune", True, "--words beside it: there is nothing to learn further")
