"""The settings of sentiment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong

Pooling = Literal["mean", "attention"]


@dataclass(frozen=True, kw_only=True)
class SentimentConfig(LoopConfig):
    """Learn words from whether the reviews that they stand in are positive or negative."""

    # fmt: off

    data: Annotated[Path | None, Doc("Reviews: lines of text, tab, label; a CSV with a header; a "
                                     "folder or zip with pos and neg. Left out: planted reviews"
                                     )] = None
    dim: Annotated[int, Doc("Length of each vector")] = 100
    batch_size: Annotated[int | None, Doc("Reviews a step. Left out: about 150 steps an epoch, of "
                                          "32 to 1024 reviews")] = None
    learning_rate: Annotated[float, Doc("Step size of AdamW, falling to 0")] = 0.001
    weight_decay: Annotated[float, Doc("Pull of all weights towards 0"), ADVANCED] = 0.3
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 3
    pooling: Annotated[Pooling, Doc("What a review is: the mean of its words' vectors, or one in "
                                    "which words have learned weights")] = "mean"
    vocabulary: Annotated[int, Doc("Words that are kept, at most: the most frequent")] = 50_000
    min_count: Annotated[int, Doc("Words seen fewer times count as unknown")] = 2
    word_dropout: Annotated[float, Doc("Share of the words of each review hidden at each step"),
                            ADVANCED] = 0.4
    text: Annotated[str | None, Doc("Column of the text. Left out: by its name"), ADVANCED] = None
    label: Annotated[str | None, Doc("Column of the label. Left out: by its name"), ADVANCED] = None
    positive: Annotated[str | None, Doc("Label of the positive reviews. Left out: 1, pos, "
                                        "positive, true"), ADVANCED] = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("vocabulary", "min_count"):
            self.check_at_least(name, 1)
        if not 0 <= self.word_dropout < 1:
            raise wrong("word_dropout", self.word_dropout, "at least 0 and below 1")
