"""The settings of word2vec."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong

Algorithm = Literal["skip-gram", "cbow"]
Engine = Literal["fast", "torch"]


@dataclass(frozen=True, kw_only=True)
class Word2VecConfig(LoopConfig):
    """Learn words from the words around them in text: skip-gram or CBOW, negative sampling."""

    # fmt: off

    data: Annotated[Path | None, Doc("Text, one sentence a line: a file, a .gz, or a folder. Left "
                                     "out: documentation of the Python packages installed")] = None
    dim: Annotated[int, Doc("Length of each vector")] = 100
    epochs: Annotated[int, Doc("Times that the text is read")] = 5
    batch_size: Annotated[int | None, Doc("Words a step. Left out: about 100 steps an epoch, with "
                                          "torch of 4096 at most, 8192 for cbow"), ADVANCED] = None
    learning_rate: Annotated[float, Doc("Step size at the start; it falls to 0 on a line")] = 0.05
    validation_fraction: Annotated[float, Doc("Share of the sentences withheld, by whose loss the "
                                              "best epoch is chosen; 0: train on all, to the end"),
                                   ADVANCED] = 0.0
    threads: Annotated[int | None, Doc("CPU threads. Left out: 1 with fast, where more are faster "
                                       "but no longer give the same bytes"), ADVANCED] = None
    algorithm: Annotated[Algorithm, Doc("skip-gram: each word around predicts the one in the "
                                        "middle; cbow: their mean does")] = "skip-gram"
    engine: Annotated[Engine, Doc("fast: compiled for the CPU; torch: for GPUs and several "
                                  "processes")] = "fast"
    window: Annotated[int, Doc("Words to either side, at most; drawn for each word")] = 5
    min_count: Annotated[int, Doc("Leave out words seen fewer times")] = 5
    negatives: Annotated[int, Doc("Random words against each word in the middle")] = 5
    sample: Annotated[float, Doc("Words of a larger share of the text are skipped at random; 0: "
                                 "none"), ADVANCED] = 1e-3
    phrases: Annotated[int, Doc("Passes that join words that go together, new_york"),
                       ADVANCED] = 0
    lowercase: Annotated[bool, Doc("Make all words lower-case first")] = False
    evaluation: Annotated[Path | None, Doc("A file of word similarities or analogies, or a folder "
                                           "of such, to judge the vectors by")] = None

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("window", "min_count", "negatives"):
            self.check_at_least(name, 1)
        for name in ("sample", "phrases"):
            self.check_at_least(name, 0)
        if self.engine == "fast":
            for name, only in (("device", ("auto", "cpu")), ("precision", ("fp32",)),
                               ("weight_decay", (0,))):  # fmt: skip
                if getattr(self, name) not in only:
                    expected = f"{' or '.join(map(str, only))} with --engine fast; or take torch"
                    raise wrong(name, getattr(self, name), expected)
