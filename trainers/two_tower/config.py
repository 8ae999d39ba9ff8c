"""The settings of two_tower."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig


@dataclass(frozen=True, kw_only=True)
class TwoTowerConfig(LoopConfig):
    """Learn items of two sides from the pairs they form: books and links, users and items."""

    # fmt: off

    data: Annotated[Path | None, Doc("Pairs: a CSV or TSV, JSON arrays of books and links, or a "
                                     "folder: train, valid and test, or a collection in "
                                     "Cranfield's form. Left out: the Python modules "
                                     "installed")] = None
    batch_size: Annotated[int | None, Doc("Pairs a step. Left out: about 100 steps an epoch, of 32 "
                                          "to 4096 pairs")] = None
    preset: Annotated[Literal["none", "koehrsen", "graph", "search"], Doc(
        "koehrsen: his settings for books; graph: for triples; search: queries find documents by "
        "their words; flags beside it go before")] = "none"
    loss: Annotated[Literal["softmax", "bce", "mse", "bpr"], Doc(
        "softmax: among the batch's items, with logQ correction; the others against random pairs: "
        "bce: binary cross-entropy, mse: to cosines of 1 and -1, bpr: order")] = "softmax"
    similarity: Annotated[Literal["cosine", "dot"], Doc(
        "How vectors are compared, in training and in the file")] = "dot"
    scale: Annotated[float, Doc("Of cosines, at first: what they are multiplied by in the loss"),
                     ADVANCED] = 5.0
    learning_rate: Annotated[float, Doc("Step size of Adam at first")] = 0.01
    schedule: Annotated[Literal["linear", "constant"], Doc(
        "linear: the step size falls to 0 over the epochs"), ADVANCED] = "linear"
    weight_decay: Annotated[float, Doc("Pull of the vectors of each pair in a batch towards 0"),
                            ADVANCED] = 0.07
    negatives: Annotated[int, Doc("Random pairs, known ones excluded, for each pair; softmax has "
                                  "its batch")] = 5
    split: Annotated[Literal["none", "random", "last", "link", "left"], Doc(
        "none: validation chooses the number of epochs, then all pairs are learned. To measure: "
        "random: 8:1:1 of each left item; last: its last pair by time; link: one of its pairs; "
        "left: all pairs of a fifth of the left items"
    )] = "none"
    names: Annotated[str | None, Doc("Names of the columns, with commas between, for a table "
                                     "without a header; head,relation,tail: triples")] = None
    min_count: Annotated[int | None, Doc("Drop right-side items seen fewer times. Left out: 1; of "
                                         "the built-in names 4")] = None
    baselines: Annotated[bool, Doc("Measure popularity, ItemKNN, SVD and EASE beside"),
                         ADVANCED] = True
    left_metadata: Annotated[Path | None, Doc("Table of the left side; its key is the column "
                                              "called like the side, or the first")] = None
    right_metadata: Annotated[Path | None, Doc("Table of the right side")] = None
    left_features: Annotated[str | None, Doc("Columns of the left metadata, with commas between, "
                                             "from which vectors are made too"), ADVANCED] = None
    right_features: Annotated[str | None, Doc("Columns of the right metadata"), ADVANCED] = None
    left_ids: Annotated[bool, Doc("Left items have vectors of their own; without, features alone "
                                  "make them"), ADVANCED] = True
    right_ids: Annotated[bool, Doc("Right items have vectors of their own"), ADVANCED] = True
    words: Annotated[Literal["own", "lsa"], Doc(
        "own: each side's features have vectors of their own; lsa: they are texts, whose words "
        "have one vector for both sides, weighted by tf-idf, at first that of LSA"), ADVANCED
    ] = "own"
    tower: Annotated[Literal["table", "network"], Doc(
        "table: a vector is the sum of an item's own and its features'; network: a small network "
        "on top"), ADVANCED] = "table"

    # fmt: on

    PRESETS: ClassVar[dict[str, tuple[str, ...]]] = {
        "koehrsen": (
            *("--loss", "mse", "--similarity", "cosine", "--dim", "50", "--min-count", "4"),
            *("--batch-size", "1024", "--negatives", "2", "--epochs", "15"),
            *("--learning-rate", "0.001", "--schedule", "constant", "--weight-decay", "0"),
            *("--validation-fraction", "0"),
        ),
        "graph": (
            *("--left-features", "head,relation", "--no-left-ids", "--tower", "network"),
            *("--dim", "128", "--weight-decay", "0.01", "--epochs", "30"),
        ),
        "search": (
            *("--left-features", "text", "--right-features", "title,text", "--words", "lsa"),
            *("--no-left-ids", "--no-right-ids", "--split", "left", "--similarity", "cosine"),
            *("--scale", "20", "--dim", "200", "--batch-size", "128", "--epochs", "12"),
            *("--learning-rate", "0.005", "--weight-decay", "0", "--validation-fraction", "0"),
        ),
    }
    """What a preset stands for: flags, before those that are given."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_at_least("negatives", 1)
        self.check_at_least("min_count", 1)
        self.check_at_least("scale", 1e-6)
        self.check_at_least("dim", 2)  # dot keeps one for the right items' bias
