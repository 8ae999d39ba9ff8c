"""The settings of bert."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong

WordVector = Literal["first", "mean"]
Punctuation = Literal["kept", "apart"]


@dataclass(frozen=True, kw_only=True)
class BertConfig(LoopConfig):
    """Read words in context: a transformer that learns to guess hidden words, or a ready one."""

    # fmt: off

    data: Annotated[Path | None, Doc("Text, one sentence a line: a file, a .gz, or a folder. Left "
                                     "out: sentences with planted homonyms")] = None
    pretrained: Annotated[str | None, Doc("A model of Hugging Face that reads the text; nothing "
                                          "is learned: its folder, or an installed package that "
                                          "has one")] = None
    dim: Annotated[int, Doc("Length of each vector")] = 128
    epochs: Annotated[int, Doc("Times that the text is read; small text takes 30 and more")] = 10
    batch_size: Annotated[int | None, Doc("Sequences a step. Left out: 32"), ADVANCED] = None
    learning_rate: Annotated[float, Doc("Step size of AdamW; it rises, then falls to 0")] = 0.003
    weight_decay: Annotated[float, Doc("Pull of all matrices towards 0"), ADVANCED] = 0.01
    patience: Annotated[int, Doc("Stop after so many epochs without a better validation; 0: never "
                                 "early"), ADVANCED] = 0
    layers: Annotated[int, Doc("Layers of attention")] = 2
    heads: Annotated[int, Doc("Heads of attention; they share --dim"), ADVANCED] = 4
    block: Annotated[int | None, Doc("Longest sequence in tokens; longer sentences are read in "
                                     "parts. Left out: 64, with --pretrained what the model "
                                     "takes")] = None
    dropout: Annotated[float, Doc("Share of the numbers hidden in training"), ADVANCED] = 0.1
    vocabulary: Annotated[int, Doc("Subwords that are learned from the text, at most")] = 4_000
    lowercase: Annotated[bool, Doc("Make all text lower-case, without accents, first")] = True
    words: Annotated[str | None, Doc("Words whose occurrences are written, set apart by commas. "
                                     "Left out: those whose sense is known, or the most frequent "
                                     "content words")] = None
    occurrences: Annotated[int, Doc("Occurrences that are written, at most")] = 2_000
    min_count: Annotated[int, Doc("Words seen fewer times get no mean vector")] = 2
    vector: Annotated[WordVector, Doc("A word's vector: that of its first token, or the mean of "
                                      "its tokens"), ADVANCED] = "first"
    punctuation: Annotated[Punctuation, Doc("With --pretrained. kept: a word is what blanks set "
                                            "apart, split into tokens as a whole; apart: as the "
                                            "model's tokenizer does"), ADVANCED] = "kept"

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("layers", "heads", "occurrences", "min_count"):
            self.check_at_least(name, 1)
        self.check_at_least("block", 3)
        self.check_at_least("vocabulary", 10)
        if self.pretrained is None and self.dim % self.heads:
            raise wrong("heads", self.heads, f"a divisor of --dim {self.dim}")
        if not 0 <= self.dropout < 1:
            raise wrong("dropout", self.dropout, "at least 0 and below 1")

    @property
    def chosen_words(self) -> tuple[str, ...]:
        """The words of `words`, apart."""
        return tuple(word.strip() for word in (self.words or "").split(",") if word.strip())
