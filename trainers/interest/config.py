"""The settings of interest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label, SettingError
from trainers.core.loop_config import (
    DATA,
    MODEL,
    TRAINING,
    BatchSize,
    Count,
    Dimensions,
    LoopConfig,
)
from trainers.data.table_config import ColumnNames, PairColumns, TableFormat, table_format
from trainers.data.tokens import (
    IdeographsOption,
    Lowercase,
    PunctuationOption,
    TagsOption,
    Tokens,
)


@dataclass(frozen=True, kw_only=True)
class InterestConfig(TextOptions, LoopConfig):
    """Learn users and documents from clicks, through the words in the documents' titles."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Clicks: a table, first the user, then the document; default: synthetic "
        "readers and topics")] = None
    names: ColumnNames = None
    columns: PairColumns = None
    titles: Annotated[Path | None, DATA, Doc(
        "Table of documents: the key used in the clicks, then the title; default: the keys are the "
        "titles")] = None
    titles_format: TableFormat = None
    title: Annotated[str | None, Label("Title column"), ADVANCED, DATA, Doc(
        "Column of the title; default: title, or the first after the key")] = None
    words: Annotated[Path | None, Label("Word vectors"), MODEL, Doc(
        "Word vectors, any embedding file, which stay fixed; words it lacks are learned. "
        "Default: all are learned")] = None
    lowercase: Lowercase = True
    punctuation: PunctuationOption = "strip"
    tags: TagsOption = "keep"
    ideographs: IdeographsOption = "keep"
    tune: Annotated[bool, Label("Fine-tune word vectors"), MODEL, Doc(
        "Fine-tune the given word vectors")] = False
    dim: Annotated[Dimensions, Doc(
        "Dimensions of the vectors; given word vectors have their own")] = 50
    batch_size: Annotated[BatchSize, Unit("clicks"), Doc(
        "Clicks per step; default: 32 to 2,048, for about 100 steps per epoch")] = None
    negatives: Annotated[Count, Label("Negative samples"), TRAINING, Doc(
        "Negative samples per click, from documents that the user has not read")] = 5
    hidden: Annotated[Count, Label("Hidden units"), ADVANCED, MODEL, Doc(
        "Units of the hidden layer")] = 64

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.titles_text_options
        if self.tune and self.words is None:
            raise SettingError("tune", True, "--words as well, the vectors to fine-tune")

    @property
    def titles_text_options(self) -> TextOptions:
        """How the titles are written, if they are text."""
        return table_format("titles_format", self.titles_format)

    @property
    def tokens(self) -> Tokens:
        """How texts are split into words."""
        return Tokens(self.lowercase, self.punctuation, self.tags, self.ideographs)
