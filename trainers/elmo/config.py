"""The settings of elmo."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label, SettingError
from trainers.core.loop_config import (
    DATA,
    MODEL,
    OUTPUT,
    TRAINING,
    BatchSize,
    Count,
    Dimensions,
    Epochs,
    Fraction,
    LearningRate,
    LoopConfig,
    MinCount,
    Patience,
)
from trainers.data.tokens import (
    IdeographsOption,
    Lowercase,
    PunctuationOption,
    TagsOption,
    TextColumn,
    Tokens,
)

Softmax = Literal["auto", "full", "adaptive"]


@dataclass(frozen=True, kw_only=True)
class ElmoConfig(TextOptions, LoopConfig):
    """Learn contextual word embeddings by predicting the next and previous words with LSTMs."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Text with one sentence per line: a file, a zip or a folder; or a table with a column of "
        "text. Default: synthetic sentences with homonyms")] = None
    dim: Annotated[Dimensions, Doc(
        "Dimensions of the vectors, an even number: half forward, half backward")] = 256
    epochs: Epochs = 10
    batch_size: Annotated[BatchSize, Unit("words"), ADVANCED, Doc(
        "Words per step; default: 512 to 4,096, for about 200 steps per epoch")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Peak learning rate of AdamW; warms up over the first 5% of the steps, then "
        "decays to 0")] = 0.003
    patience: Patience = 3
    layers: Annotated[Count, MODEL, Doc("Number of LSTM layers in each direction")] = 2
    dropout: Annotated[Fraction, TRAINING, Doc("Dropout probability")] = 0.5
    characters: Annotated[bool, Label("Character input"), MODEL, Doc(
        "Also build words from their characters, by convolutions, so that rare words get good "
        "vectors")] = False
    softmax: Annotated[Softmax, ADVANCED, MODEL, Doc(
        "full: over the whole vocabulary; adaptive: rare words in clusters, which is faster; auto: "
        "adaptive above 4,000 words")] = "auto"
    min_count: Annotated[MinCount, Doc(
        "Minimum count of a word; rarer words are treated as unknown")] = 2
    lowercase: Lowercase = False
    punctuation: PunctuationOption = "keep"
    tags: TagsOption = "keep"
    ideographs: IdeographsOption = "keep"
    text: TextColumn = None
    longest: Annotated[Count, Label("Sentence length"), Unit("words"), ADVANCED, DATA, Doc(
        "Maximum length of a sentence; longer lines are truncated")] = 70
    words: Annotated[str | None, OUTPUT, Doc(
        "Words whose occurrences are written, separated by commas; default: those with known "
        "senses, or the most frequent content words")] = None
    occurrences: Annotated[Count, OUTPUT, Doc(
        "Maximum number of occurrences that are written")] = 2_000

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim % 2:
            raise SettingError("dim", self.dim, "an even number")

    @property
    def chosen_words(self) -> tuple[str, ...]:
        """The words listed in `words`."""
        return tuple(word.strip() for word in (self.words or "").split(",") if word.strip())

    @property
    def tokens(self) -> Tokens:
        """How lines are split into words."""
        return Tokens(self.lowercase, self.punctuation, self.tags, self.ideographs)
