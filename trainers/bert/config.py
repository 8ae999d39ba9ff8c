"""The settings of bert."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Unit
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
    Fraction,
    LearningRate,
    LoopConfig,
    MinCount,
    Patience,
)
from trainers.data.tokens import IdeographsOption, Punctuation, TagsOption, TextColumn, Tokens

WordVector = Literal["first", "mean"]
BertPunctuation = Literal["auto", "keep", "split", "strip", "model"]


@dataclass(frozen=True, kw_only=True)
class BertConfig(TextOptions, LoopConfig):
    """Learn contextual word embeddings by predicting masked words, or use a pretrained model."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Text with one sentence per line: a file, a zip or a folder; or a table with a column of "
        "text, whose other columns are kept. Default: synthetic sentences with homonyms")] = None
    pretrained: Annotated[str | None, Label("Pretrained model"), MODEL, Doc(
        "A pretrained Hugging Face model, which is used as it is: its folder, or an installed "
        "package that contains one")] = None
    dim: Annotated[Dimensions, Doc("Dimensions of the vectors")] = 128
    epochs: Annotated[int, Ge(1), TRAINING, Doc(
        "Maximum number of epochs; small texts need 30 or more")] = 10
    batch_size: Annotated[BatchSize, Unit("sequences"), ADVANCED, Doc(
        "Sequences per step; default: 32")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Peak learning rate of AdamW; warms up, then decays to 0")] = 0.003
    weight_decay: Annotated[float, Ge(0), ADVANCED, TRAINING, Doc(
        "Weight decay (L2) of the matrices")] = 0.01
    patience: Patience = 0
    layers: Annotated[Count, MODEL, Doc("Number of transformer layers")] = 2
    heads: Annotated[Count, Label("Attention heads"), ADVANCED, MODEL, Doc(
        "Number of attention heads, which must divide --dim")] = 4
    block: Annotated[int | None, Ge(3), Label("Sequence length"), Unit("tokens"), MODEL, Doc(
        "Maximum sequence length; longer sentences are split. Default: 64, or the maximum of the "
        "pretrained model")] = None
    dropout: Annotated[Fraction, ADVANCED, TRAINING, Doc("Dropout probability in training")] = 0.1
    vocabulary: Annotated[int, Ge(10), Label("Vocabulary size"), MODEL, Doc(
        "Maximum number of subwords, which are learned from the text")] = 4_000
    lowercase: Annotated[bool, DATA, Doc("Lowercase the text and remove accents")] = True
    words: Annotated[str | None, OUTPUT, Doc(
        "Words whose occurrences are written, separated by commas; default: those with known "
        "senses, or the most frequent content words")] = None
    occurrences: Annotated[Count, OUTPUT, Doc(
        "Maximum number of occurrences that are written")] = 2_000
    min_count: Annotated[MinCount, Doc("Minimum count of a word to get a mean vector")] = 2
    vector: Annotated[WordVector, Label("Word vector"), ADVANCED, OUTPUT, Doc(
        "Vector of a word: that of its first token, or the mean over its tokens")] = "first"
    punctuation: Annotated[BertPunctuation, ADVANCED, DATA, Doc(
        "keep: words are what spaces separate; split: punctuation marks are words of their own; "
        "strip: they are left out; model: a pretrained model's tokenizer separates them within "
        "words. auto: model for a table's text and a pretrained model, else keep")] = "auto"
    tags: TagsOption = "keep"
    ideographs: IdeographsOption = "keep"
    text: TextColumn = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pretrained is None and self.dim % self.heads:
            raise SettingError("heads", self.heads, f"a divisor of --dim {self.dim}")
        if self.pretrained is None and self.punctuation == "model":
            raise SettingError("punctuation", "model", "split or another, without --pretrained")

    @property
    def chosen_words(self) -> tuple[str, ...]:
        """The words listed in `words`."""
        return tuple(word.strip() for word in (self.words or "").split(",") if word.strip())

    @property
    def tokens(self) -> Tokens:
        """How lines are split into words."""
        punctuation: Punctuation = "keep"
        if self.punctuation == "split" or self.punctuation == "strip":
            punctuation = self.punctuation
        return Tokens(False, punctuation, self.tags, self.ideographs)
