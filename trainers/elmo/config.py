"""The settings of elmo."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong

Softmax = Literal["auto", "full", "adaptive"]


@dataclass(frozen=True, kw_only=True)
class ElmoConfig(LoopConfig):
    """Learn words in context from predicting the next word and the previous one: LSTMs."""

    # fmt: off

    data: Annotated[Path | None, Doc("Text, one sentence a line: a file, a .gz, or a folder. Left "
                                     "out: sentences with planted homonyms")] = None
    dim: Annotated[int, Doc("Length of each vector, an even number: one half is forward, one "
                            "backward")] = 256
    epochs: Annotated[int, Doc("Times that the text is read, at most")] = 10
    batch_size: Annotated[int | None, Doc("Words a step. Left out: about 200 steps an epoch, of "
                                          "512 to 4096 words"), ADVANCED] = None
    learning_rate: Annotated[float, Doc("Step size of Adam; it grows over the first 20th of the "
                                        "steps, then falls to 0")] = 0.003
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 3
    layers: Annotated[int, Doc("LSTM layers of each direction")] = 2
    dropout: Annotated[float, Doc("Share of the components left out at each step")] = 0.5
    characters: Annotated[bool, Doc("Make words of their letters, too, by convolutions: rare words "
                                    "get vectors of their own")] = False
    softmax: Annotated[Softmax, Doc("Over the whole vocabulary, or adaptive: rare words in "
                                    "clusters, faster. auto: adaptive above 4,000 words"),
                       ADVANCED] = "auto"
    min_count: Annotated[int, Doc("Words seen fewer times count as unknown")] = 2
    lowercase: Annotated[bool, Doc("Make all words lower-case first")] = False
    longest: Annotated[int, Doc("Words of a sentence, at most; longer lines are cut"),
                       ADVANCED] = 70
    words: Annotated[str | None, Doc("Words whose occurrences are written, set apart by commas. "
                                     "Left out: those whose sense is known, or the most frequent "
                                     "content words")] = None
    occurrences: Annotated[int, Doc("Occurrences that are written, at most")] = 2_000

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("layers", "min_count", "longest", "occurrences"):
            self.check_at_least(name, 1)
        if self.dim % 2:
            raise wrong("dim", self.dim, "an even number")
        if not 0 <= self.dropout < 1:
            raise wrong("dropout", self.dropout, "at least 0 and below 1")

    @property
    def chosen_words(self) -> tuple[str, ...]:
        """The words of `words`, apart."""
        return tuple(word.strip() for word in (self.words or "").split(",") if word.strip())
