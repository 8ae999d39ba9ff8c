"""The settings of word2vec."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label, SettingError
from trainers.core.loop_config import (
    COMPUTATION,
    DATA,
    EVALUATION,
    MODEL,
    TRAINING,
    BatchSize,
    Count,
    Dimensions,
    Fraction,
    LearningRate,
    LoopConfig,
    MinCount,
    Threads,
)
from trainers.data.tokens import (
    IdeographsOption,
    Lowercase,
    PunctuationOption,
    TagsOption,
    TextColumn,
    Tokens,
)

Algorithm = Literal["skip-gram", "cbow"]
Engine = Literal["fast", "torch"]


@dataclass(frozen=True, kw_only=True)
class Word2VecConfig(TextOptions, LoopConfig):
    """Learn word embeddings from the words around them: skip-gram or CBOW, negative sampling."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Text with one sentence per line: a file, a zip or a folder; or a table with a column of "
        "text. Default: the documentation of the installed Python packages")] = None
    dim: Annotated[Dimensions, Doc("Dimensions of the vectors")] = 100
    epochs: Annotated[Count, TRAINING, Doc("Number of epochs")] = 5
    batch_size: Annotated[BatchSize, Unit("words"), ADVANCED, Doc(
        "Words per step; default: for about 100 steps per epoch, with the torch engine at most "
        "4,096, or 8,192 for cbow")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Initial learning rate; decays linearly to 0")] = 0.05
    validation_fraction: Annotated[Fraction, ADVANCED, EVALUATION, Doc(
        "Fraction of the sentences held out for validation, which selects the best epoch; 0: train "
        "on all data for all epochs")] = 0.0
    threads: Annotated[Threads, Doc(
        "CPU threads; default: 1 with the fast engine, where more are faster but not "
        "reproducible")] = None
    algorithm: Annotated[Algorithm, MODEL, Doc(
        "skip-gram: each context word predicts the center word; cbow: the mean of the context "
        "predicts it")] = "skip-gram"
    engine: Annotated[Engine, COMPUTATION, Doc(
        "fast: compiled for the CPU; torch: for GPUs and several processes")] = "fast"
    window: Annotated[Count, Unit("words"), MODEL, Doc(
        "Maximum distance of context words, redrawn for each word")] = 5
    min_count: Annotated[MinCount, Doc("Minimum count of a word; rarer words are ignored")] = 5
    negatives: Annotated[Count, Label("Negative samples"), TRAINING, Doc(
        "Negative samples per center word")] = 5
    sample: Annotated[float, Ge(0), Label("Subsampling"), ADVANCED, TRAINING, Doc(
        "Subsampling threshold: words of a higher relative frequency are skipped at random; 0: "
        "none are")] = 1e-3
    phrases: Annotated[int, Ge(0), Label("Phrase passes"), ADVANCED, DATA, Doc(
        "Number of passes that join words into phrases such as new_york")] = 0
    lowercase: Lowercase = False
    punctuation: PunctuationOption = "keep"
    tags: TagsOption = "keep"
    ideographs: IdeographsOption = "keep"
    text: TextColumn = None
    evaluation: Annotated[Path | None, Label("Test set"), EVALUATION, Doc(
        "Test set of word similarities or analogies, a file or a folder of files, to evaluate the "
        "vectors on")] = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.engine == "fast":
            for name, only in (("device", ("auto", "cpu")), ("precision", ("fp32",)),
                               ("weight_decay", (0,))):  # fmt: skip
                if getattr(self, name) not in only:
                    allowed = " or ".join(map(str, only))
                    expected = f"{allowed} with --engine fast, or --engine torch"
                    raise SettingError(name, getattr(self, name), expected)

    @property
    def tokens(self) -> Tokens:
        """How lines are split into words."""
        return Tokens(self.lowercase, self.punctuation, self.tags, self.ideographs)
