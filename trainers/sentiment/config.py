"""The settings of sentiment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label
from trainers.core.loop_config import (
    DATA,
    MODEL,
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
    WeightDecay,
)
from trainers.data.tokens import (
    IdeographsOption,
    Lowercase,
    PunctuationOption,
    TagsOption,
    TextColumn,
    Tokens,
)

Pooling = Literal["mean", "attention"]


@dataclass(frozen=True, kw_only=True)
class SentimentConfig(TextOptions, LoopConfig):
    """Learn word embeddings by predicting whether reviews are positive, or the class of texts."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Texts with labels: a table; lines of text, tab, label; or a folder or zip with a folder "
        "for each label, such as pos and neg. Default: synthetic reviews")] = None
    dim: Annotated[Dimensions, Doc("Dimensions of the vectors")] = 100
    epochs: Epochs = 100
    batch_size: Annotated[BatchSize, Unit("reviews"), Doc(
        "Reviews per step; default: 32 to 1,024, for about 150 steps per epoch")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Learning rate of AdamW, which stays constant")] = 0.001
    weight_decay: WeightDecay = 0.3
    patience: Patience = 3
    pooling: Annotated[Pooling, MODEL, Doc(
        "Vector of a review: the mean of its words' vectors, weighted by how much they tell about "
        "the class, or by attention too")] = "mean"
    vocabulary: Annotated[Count, Label("Vocabulary size"), MODEL, Doc(
        "Maximum vocabulary size; the most frequent words are used")] = 50_000
    min_count: Annotated[MinCount, Doc(
        "Minimum count of a word; rarer words are treated as unknown")] = 2
    word_dropout: Annotated[Fraction, ADVANCED, TRAINING, Doc(
        "Fraction of each review's words dropped in each step")] = 0.4
    lowercase: Lowercase = True
    punctuation: PunctuationOption = "strip"
    tags: TagsOption = "keep"
    ideographs: IdeographsOption = "keep"
    text: TextColumn = None
    label: Annotated[str | None, Label("Label column"), ADVANCED, DATA, Doc(
        "Column of the label; default: detected by name")] = None
    positive: Annotated[str | None, Label("Positive label"), ADVANCED, DATA, Doc(
        "Label of the positive reviews, of two labels; default: 1, pos, positive or "
        "true")] = None

    # fmt: on
    @property
    def tokens(self) -> Tokens:
        """How texts are split into words."""
        return Tokens(self.lowercase, self.punctuation, self.tags, self.ideographs)
