"""The settings of two_tower."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label, SettingError
from trainers.core.loop_config import (
    DATA,
    EVALUATION,
    MODEL,
    TRAINING,
    BatchSize,
    Count,
    LearningRate,
    LoopConfig,
)
from trainers.data.table_config import PairColumns, TableFormat, table_format


@dataclass(frozen=True, kw_only=True)
class TwoTowerConfig(TextOptions, LoopConfig):
    """Learn embeddings of two kinds of items from pairs: users and items, books and links."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Pairs: a CSV or TSV, JSON arrays of books and links, or a folder with train, "
        "valid and test or with a collection in Cranfield format; default: the installed "
        "Python modules")] = None
    dim: Annotated[int, Ge(2), Label("Dimensions"), MODEL, Doc(
        "Dimensions of the vectors; with dot, one of them is the bias of the right side")] = 50
    batch_size: Annotated[BatchSize, Unit("pairs"), Doc(
        "Pairs per step; default: 32 to 4,096, for about 100 steps per epoch")] = None
    preset: Annotated[Literal["none", "koehrsen", "graph", "search"], MODEL, Doc(
        "koehrsen: the settings of his book recommender; graph: for triples; search: queries find "
        "documents by their words. Other flags override the preset")] = "none"
    loss: Annotated[Literal["softmax", "bce", "mse", "bpr"], TRAINING, Doc(
        "softmax: over the items of the batch, with logQ correction. Against random pairs: bce, "
        "binary cross-entropy; mse, to cosines of 1 and -1; bpr, pairwise ranking")] = "softmax"
    similarity: Annotated[Literal["cosine", "dot"], MODEL, Doc(
        "Similarity of vectors, in training and in the file")] = "dot"
    scale: Annotated[float, Ge(1e-06), Label("Cosine scale"), ADVANCED, TRAINING, Doc(
        "Initial factor on cosines in the loss (inverse temperature)")] = 5.0
    learning_rate: Annotated[LearningRate, Doc("Initial learning rate of Adam")] = 0.01
    schedule: Annotated[
        Literal["linear", "constant"], Label("Learning rate schedule"), ADVANCED, TRAINING, Doc(
        "Learning rate over the epochs: linear decay to 0, or constant")] = "linear"
    weight_decay: Annotated[float, Ge(0), ADVANCED, TRAINING, Doc(
        "Weight decay (L2) of the vectors of each pair in a batch")] = 0.07
    negatives: Annotated[Count, Label("Negative samples"), TRAINING, Doc(
        "Negative pairs sampled per pair, known ones excluded; softmax uses its batch instead")] = 5
    split: Annotated[
        Literal["none", "random", "last", "link", "left"], Label("Test split"), EVALUATION, Doc(
        "none: validation selects the number of epochs, then all pairs are learned. To evaluate, "
        "hold out for the test: random, 8:1:1 of each left item; last, its last pair by time; "
        "link, one of its pairs; left, all pairs of a fifth of the left items")] = "none"
    names: Annotated[str | None, Label("Column names"), DATA, Doc(
        "Column names, separated by commas, for a table without a header; head,relation,tail: "
        "triples")] = None
    columns: PairColumns = None
    weight: Annotated[
        Literal["auto", "none", "raw", "log", "bm25"], Label("Weights of pairs"), DATA, Doc(
        "How the column weight counts: raw, as it is; log, log(1 + weight); bm25, saturated, rare "
        "right items more; none, not at all. auto: log if the tail is heavy (more than 1 in 100 "
        "weights above 10 times the median), else raw")] = "auto"
    undirected: Annotated[bool, Label("Undirected graph"), DATA, Doc(
        "The pairs are the edges of a graph without directions: one set of nodes, one vector for "
        "each")] = False
    min_count: Annotated[int | None, Ge(1), Label("Minimum count"), DATA, Doc(
        "Minimum count of a right item; rarer ones are dropped. Default: 1; for the built-in names "
        "4")] = None
    baselines: Annotated[bool, ADVANCED, EVALUATION, Doc(
        "Also evaluate popularity, ItemKNN, SVD and EASE")] = True
    left_metadata: Annotated[Path | None, DATA, Doc(
        "Metadata table of the left side; its key is the column named like the side, else "
        "the first")] = None
    left_metadata_format: TableFormat = None
    right_metadata: Annotated[Path | None, DATA, Doc("Metadata table of the right side")] = None
    right_metadata_format: TableFormat = None
    left_features: Annotated[str | None, ADVANCED, MODEL, Doc(
        "Columns of the left metadata that are part of the vectors, separated by commas")] = None
    right_features: Annotated[str | None, ADVANCED, MODEL, Doc(
        "Columns of the right metadata that are part of the vectors, separated by commas")] = None
    left_ids: Annotated[bool, Label("Left item vectors"), ADVANCED, MODEL, Doc(
        "Each left item has a vector of its own; otherwise vectors are made from features "
        "alone")] = True
    right_ids: Annotated[bool, Label("Right item vectors"), ADVANCED, MODEL, Doc(
        "Each right item has a vector of its own; otherwise vectors are made from "
        "features alone")] = True
    words: Annotated[Literal["own", "lsa"], Label("Feature vectors"), ADVANCED, MODEL, Doc(
        "own: each side's features have separate vectors; lsa: features are texts, whose words "
        "have one vector for both sides, weighted by tf-idf and initialized by LSA")] = "own"
    tower: Annotated[Literal["table", "network"], Label("Vectors by"), ADVANCED, MODEL, Doc(
        "table: a vector is the sum of the item's own and its features'; network: a small network "
        "on top of that sum")] = "table"

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.left_text_options, self.right_text_options
        if self.undirected:
            for name, only in (("split", ("none", "random", "last", "link")),
                               ("min_count", (None, 1)), ("right_metadata", (None,)),
                               ("right_features", (None,)), ("left_ids", (True,)),
                               ("right_ids", (True,)), ("words", ("own",))):  # fmt: skip
                if getattr(self, name) not in only:
                    expected = " or ".join(str(each) for each in only)
                    raise SettingError(name, getattr(self, name), f"{expected} with --undirected")

    @property
    def left_text_options(self) -> TextOptions:
        """How the left metadata are written, if they are text."""
        return table_format("left_metadata_format", self.left_metadata_format)

    @property
    def right_text_options(self) -> TextOptions:
        """How the right metadata are written, if they are text."""
        return table_format("right_metadata_format", self.right_metadata_format)

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
    """The flags of a preset; those given on the command line override them."""
